"""Heads of leads: the lead as it is stored, and a version that every row and correction changes."""

import pytest

from serving.base.event import event_key
from serving.store.corrections import RETRACT, Correction, correct_events
from serving.store.leads.lead_heads import LeadHead, lead_heads
from serving.store.leads.lead_rows import find_leads
from serving.store.leads.leads import erase_leads
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import event

pytest_plugins = ["tests.builders.service.store_fixtures"]


def heads(store: Store) -> dict[str, LeadHead]:
    with store.engine.reading() as connection:
        return lead_heads(connection, ["a", "b", "unknown"])


def test_a_head_is_the_stored_lead(store: Store) -> None:
    put(store, "a", owner="Ann", n=1.5)
    put(store, "b")
    with store.engine.reading() as connection:
        stored = find_leads(connection, ["a", "b"])
    assert {lead_id: head.row() for lead_id, head in heads(store).items()} == stored


@pytest.mark.parametrize(
    "sent",
    [
        event("x", "a", {"kind": "call"}),
        event("x", "a", {"stage": "new"}, "stage"),
        event("x", "a", {"outcome": "won"}, "outcome"),
        event("x", "a", {"owner": "Bob"}, "attributes"),
    ],
)
def test_every_row_and_correction_is_another_version(store: Store, sent: dict[str, object]) -> None:
    put(store, "a", owner="Ann")
    put(store, "b", owner="Ann")
    versions = [heads(store)]
    post(store, sent)
    versions.append(heads(store))
    store.writer.write(correct_events, [Correction("x", event_key("x"), RETRACT)])
    versions.append(heads(store))
    put(store, "a", owner="Zoe")
    versions.append(heads(store))
    store.writer.write(erase_leads, "a")
    put(store, "a", owner="Ann")
    versions.append(heads(store))
    assert len({of_all["a"].version for of_all in versions}) == len(versions)
    assert len({of_all["b"].version for of_all in versions}) == 1
