"""Stored rows as a History: in the requested order, equal to the lead of a request."""

from pathlib import Path

from history.config.config import FunnelConfig
from history.read import read_records
from serving.store.store import Store
from tests.builders.service.store_fakes import contents, read_leads
from tests.builders.service.store_folder import FAR_US, LEADS, load

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_leads_are_in_the_requested_order(store: Store, folder: Path) -> None:
    load(store, folder)
    history = read_leads(store, ["=c", "nobody", "a"], FunnelConfig(), FAR_US)
    assert history.lead_ids == ["=c", "a"]
    assert history.interactions.offsets.tolist() == [0, 0, 3]


def test_one_lead_has_the_attributes_it_has_among_others(store: Store, folder: Path) -> None:
    load(store, folder)
    ids = ["b", "a", "=c"]
    together = read_leads(store, ids, FunnelConfig(ignore=("note",)), FAR_US)
    for place, lead_id in enumerate(ids):
        alone = read_leads(store, [lead_id], FunnelConfig(ignore=("note",)), FAR_US)
        assert "note" not in alone.attributes
        for name, texts in together.attributes.items():
            assert name not in alone.attributes or alone.attributes[name].text(0) == texts.text(place)
            assert name in alone.attributes or texts.text(place) is None


def test_stored_lead_equals_the_lead_of_a_request(store: Store, folder: Path) -> None:
    load(store, folder)
    config = FunnelConfig()
    record = {
        "lead_id": "b",
        "created_at": "2026-01-01T23:00:00Z",
        "owner": "Ann",
        "source": "web",
        "attributes": {"n": "3.0", "note": LEADS[0]["note"]},
        "interactions": [
            {
                "occurred_at": "2026-01-05T10:00:00Z",
                "recorded_at": "2026-03-01T00:00:00Z",
                "kind": "call",
                "channel": "phone",
                "direction": "inbound",
                "interaction_id": "i1",
            },
            {
                "occurred_at": "2025-12-23T23:00:00Z",
                "kind": "call",
                "channel": "phone",
                "direction": "inbound",
                "value": 2.5,
            },
        ],
        "outcome": {"outcome": "lost", "closed_at": "2026-03-02T23:00:00Z", "reason": "price"},
    }
    (expected, problems) = read_records([record], config, FAR_US)
    assert problems == [None]
    stored = contents(read_leads(store, ["b"], config, FAR_US))
    requested = contents(expected)
    for key in ("outcomes.implied", "interactions.ids"):
        stored.pop(key), requested.pop(key)
    assert stored == requested
