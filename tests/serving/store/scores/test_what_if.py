"""What-if of stored leads: the same to the bit as if the rows had been stored, in one history or in many."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.history import INBOUND, OUTBOUND, History
from history.snapshot import Snapshot
from history.text.times import DAY_US, format_time
from models.bundle import Bundle
from models.home.pointer import champion
from models.scorer import OpenLeads, open_leads, score
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import LeadRows, find_leads, rows_of
from serving.store.scores.what_if import (
    NOTHING,
    Change,
    changed,
    snapshot_of,
    with_changes,
)
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, post, put
from tests.builders.service.store_fakes import NOW_US, Clock, event

KINDS = ("call", "email_open", "demo", "web_visit")
STAGES = ("new", "qualified", "proposal")


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def filled(folder: Path, seed: int) -> Store:
    """A store with a lead of random rows among others."""
    draw, store = random.Random(seed), Store(folder, now_us=Clock(NOW_US - DAY_US))
    for lead_id in ("before", "a", "after"):
        put(store, lead_id, owner="Ann", industry="software", seats=draw.randrange(1, 90))
        for number in range(draw.randrange(3, 20)):
            at = format_time(CREATED_US + draw.randrange(50) * DAY_US)
            data: dict[str, Any] = {"kind": draw.choice(KINDS), "direction": "inbound", "channel": "email"}
            post(store, event(f"{lead_id}{number}", lead_id, data, occurred_at=at))
    return store


def rows_in(store: Store) -> Any:
    with store.engine.reading() as connection:
        return rows_of(connection, [find_leads(connection, ["a"])["a"]])


ADDED = {
    "interactions": (NOW_US, NOW_US, "call", "phone", OUTBOUND, 6.0, None),
    "stages": (NOW_US, NOW_US, "proposal"),
    "attribute_changes": (NOW_US, NOW_US, "owner", '"Bob"'),
}
EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "interactions": (
        "interaction",
        {"kind": "call", "channel": "phone", "direction": "outbound", "value": 6.0},
    ),
    "stages": ("stage", {"stage": "proposal"}),
    "attribute_changes": ("attributes", {"owner": "Bob"}),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("table", list(ADDED))
def test_added_rows_score_as_stored_ones(tmp_path: Path, bundle: Bundle, table: str, seed: int) -> None:
    thought, real = filled(tmp_path / "one", seed), filled(tmp_path / "two", seed)
    before = rows_in(thought)
    with_row = changed(before, Change({table: [ADDED[table]]}))
    if isinstance(real.now_us, Clock):
        real.now_us.now_us = NOW_US
    kind, data = EVENTS[table]
    post(real, event("new", "a", data, kind, occurred_at=format_time(NOW_US)))
    imagined = score(bundle, snapshot_of(with_row, bundle, NOW_US), None).records()
    stored = score(bundle, snapshot_of(rows_in(real), bundle, NOW_US), None).records()
    assert imagined == stored
    assert imagined != score(bundle, snapshot_of(before, bundle, NOW_US), None).records()
    assert rows_in(thought) == before
    for store in (thought, real):
        store.close()


TOUCHES = [
    (NOW_US, NOW_US, "CALL", "phone", OUTBOUND, 6.0, None),
    (NOW_US, NOW_US, "new kind", None, INBOUND, None, "i"),
]
CHANGES = [
    NOTHING,
    *(Change({"interactions": [touch]}) for touch in TOUCHES),
    Change({"interactions": TOUCHES, "stages": []}),
    Change({"attribute_changes": [ADDED["attribute_changes"], (NOW_US, NOW_US, "seats", None)]}),
]


def varied(bundle: Bundle, history: History, positions: list[int], changes: list[Change]) -> OpenLeads:
    leads, times = np.arange(len(changes)), np.full(len(changes), NOW_US)
    return open_leads(bundle, Snapshot(with_changes(history, positions, changes), leads, times))


def assert_as_one_by_one(
    made: OpenLeads, bundle: Bundle, rows: list[LeadRows], changes: list[Change]
) -> None:
    """Equal to the bit to histories of which each holds one lead with the rows of one change."""
    for i, (of_lead, change) in enumerate(zip(rows, changes, strict=True)):
        alone = open_leads(bundle, snapshot_of(changed(of_lead, change), bundle, NOW_US))
        assert made.matrix.values[i].tobytes() == alone.matrix.values[0].tobytes()
        assert made.probability[i] == alone.probability[0]
        assert made.stages[i] == alone.stages[0]


@pytest.mark.parametrize("seed", range(4))
def test_changes_of_arrays_equal_those_of_rows(tmp_path: Path, bundle: Bundle, seed: int) -> None:
    store = filled(tmp_path, seed)
    if seed % 2:
        post(store, event("s", "a", {"stage": "demo"}, "stage"), event("r", "a", {"n": 7}, "attributes"))
        post(store, event("c", "a", {"kind": "Web Visit", "channel": "SITE"}))
    if seed == 3:
        post(store, event("o", "a", {"outcome": "lost"}, "outcome", occurred_at="2026-05-02T10:00:00Z"))
        post(store, event("p", "a", {"outcome": "open"}, "outcome", occurred_at="2026-05-03T10:00:00Z"))
    rows = rows_in(store)
    made = varied(bundle, history_of(rows, bundle.config, NOW_US), [0] * len(CHANGES), CHANGES)
    assert_as_one_by_one(made, bundle, [rows] * len(CHANGES), CHANGES)
    store.close()


@pytest.mark.parametrize("seed", range(4))
def test_changes_of_several_leads_do_not_mix(tmp_path: Path, bundle: Bundle, seed: int) -> None:
    store, draw = filled(tmp_path, seed), random.Random(seed)
    put(store, "bare")
    post(store, event("s", "after", {"stage": "demo"}, "stage"))
    post(store, event("r", "before", {"owner": "Zoe"}, "attributes"))
    with store.engine.reading() as connection:
        leads = list(find_leads(connection, ["before", "a", "after", "bare"]).values())
        rows = rows_of(connection, leads)
    positions = [draw.randrange(len(leads)) for _ in range(12)]
    changes = [draw.choice(CHANGES) for _ in positions]
    made = varied(bundle, history_of(rows, bundle.config, NOW_US), positions, changes)
    assert_as_one_by_one(made, bundle, [rows.only(position) for position in positions], changes)
    store.close()
