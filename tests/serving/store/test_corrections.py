"""Corrections: the store reads as if the events had been right, and keeps no content of the wrong ones."""

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from history.config.config import FunnelConfig
from serving.api.leads.corrections import read_correction
from serving.store import schema as db
from serving.store.corrections import REPLACE, RETRACT, correct_events, find_events
from serving.store.event_ids import event_names
from serving.store.events import IngestResult, store_events
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.leads.leads import PutLead, erase_leads, put_leads
from serving.store.leads.timeline import timeline
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from serving.store.store import Store
from tests.builders.service.store_fakes import (
    NOW_US,
    Clock,
    FakeModel,
    contents,
    event,
    fake_score,
    read_events,
    read_leads,
)
from tests.builders.service.store_folder import FAR_US, load

pytest_plugins = ["tests.builders.service.store_fixtures"]
LEADS = ("a", "b", "c")
CREATED_US = NOW_US - 86_400_000_000 * 60


def fill(store: Store, *events: dict[str, Any]) -> IngestResult:
    for lead_id in LEADS:
        store.writer.write(put_leads, PutLead(lead_id, CREATED_US, {}))
    result: IngestResult = store.writer.write(store_events, read_events({"events": list(events)}))
    return result


def correct(store: Store, *entries: dict[str, Any]) -> IngestResult:
    with store.engine.reading() as connection:
        stored = find_events(connection, [entry["event_id"] for entry in entries])
    corrections = [read_correction(entry, stored) for entry in entries]
    result: IngestResult = store.writer.write(correct_events, corrections)
    return result


def codes(result: IngestResult) -> list[tuple[int, str]]:
    return [(entry.index, entry.problems[0].code) for entry in result.rejected]


def random_data(draw: random.Random, kind: str) -> dict[str, Any]:
    if kind == "interaction":
        return {"kind": draw.choice(["call", "demo"]), "value": draw.choice([None, 2.5])}
    if kind == "stage":
        return {"stage": draw.choice(["new", "qualified", "proposal"])}
    if kind == "outcome":
        return {"outcome": draw.choice(["won", "lost", "open"]), "amount": draw.choice([None, 10.0])}
    return {name: draw.randrange(5) for name in draw.sample(["size", "plan", "seats"], draw.randrange(1, 4))}


@pytest.mark.parametrize("seed", range(6))
def test_corrected_store_equals_one_with_right_events(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    kinds = ("interaction", "stage", "outcome", "attributes")
    wrong, right = [], []
    entries: list[dict[str, Any]] = []
    for number in range(40):
        kind = draw.choice(kinds)
        # Times differ, so that the order of arrival decides nothing.
        time = f"2026-05-{1 + number % 27:02d}T{number % 24:02d}:{number:02d}:00Z"
        first = event(str(number), draw.choice(LEADS), random_data(draw, kind), kind, occurred_at=time)
        wrong.append(first)
        fate = draw.choice(["right", RETRACT, REPLACE])
        if fate == RETRACT:
            entries.append({"event_id": str(number), "action": RETRACT})
            continue
        data = random_data(draw, kind) if fate == REPLACE else first["data"]
        right.append({**first, "data": data})
        if fate == REPLACE:
            entries.append({"event_id": str(number), "action": REPLACE, "data": data})

    corrected, truth = Store(tmp_path / "one", now_us=Clock()), Store(tmp_path / "two", now_us=Clock())
    fill(corrected, *wrong)
    fill(truth, *right)
    draw.shuffle(entries)
    result = correct(corrected, *entries)

    assert result.accepted + result.duplicates == len(entries)
    assert not result.rejected
    stores = (corrected, truth)
    one, other = (contents(read_leads(store, LEADS, FunnelConfig(), FAR_US)) for store in stores)
    assert one == other
    for store in stores:
        store.close()


def test_each_correction_that_cannot_be_made_is_named(store: Store) -> None:
    touch = {"kind": "call", "interaction_id": "i"}
    fill(
        store,
        event("1", "a", touch),
        event("2", "a", {"kind": "call", "interaction_id": "j"}),
        event("3", "a", {"outcome": "won"}, "outcome"),
        event("4", "a", {"stage": "new"}, "stage"),
    )
    result = correct(
        store,
        {"event_id": "9", "action": RETRACT},
        {"event_id": "2", "action": REPLACE, "data": touch},
        {"event_id": "3", "action": REPLACE, "occurred_at": "2020-01-01T00:00:00Z"},
        {"event_id": "3", "action": REPLACE, "occurred_at": "2026-06-30T00:00:00Z"},
        {"event_id": "4", "action": REPLACE, "data": {"kind": "call"}},
        {"event_id": "4", "action": REPLACE},
        {"event_id": "4", "action": RETRACT, "data": {"stage": "x"}},
        {"event_id": "4", "action": "remove"},
        {"event_id": "4", "action": RETRACT},
        {"event_id": "4", "action": RETRACT},
        {"event_id": "4", "action": REPLACE, "data": {"stage": "x"}},
    )
    assert codes(result) == [
        (0, "unknown_event"),
        (1, "known_interaction_id"),
        (2, "closed_before_created"),
        (3, "time_ahead"),
        (4, "invalid"),
        (5, "invalid"),
        (6, "invalid"),
        (7, "invalid"),
        (10, "retracted"),
    ]
    assert (result.accepted, result.duplicates) == (1, 1)


def test_a_retracted_event_sent_again_is_a_duplicate(store: Store) -> None:
    wrong = event("1", "a", {"kind": "call"})
    fill(store, wrong)
    assert correct(store, {"event_id": "1", "action": RETRACT}).accepted == 1
    assert fill(store, wrong).duplicates == 1
    assert contents(read_leads(store, ["a"], FunnelConfig(), FAR_US))["interactions.kind"] == []


def test_a_replaced_event_keeps_its_arrival(store: Store, clock: Clock) -> None:
    fill(store, event("1", "a", {"stage": "Propsal"}, "stage"))
    arrival_us = clock.now_us
    clock.now_us += 5 * 86_400_000_000
    correct(store, {"event_id": "1", "action": REPLACE, "data": {"stage": "Proposal"}})
    history = contents(read_leads(store, ["a"], FunnelConfig(), FAR_US))
    assert (history["stages.stage"], history["stages.known_us"]) == (["Proposal"], [arrival_us])


def test_a_correction_that_changes_nothing_is_a_duplicate(store: Store) -> None:
    fill(store, event("1", "a", {"kind": "call", "value": 2.0}))
    same = {"event_id": "1", "action": REPLACE, "data": {"kind": "call", "value": 2}}
    assert correct(store, same).duplicates == 1


def test_log_keeps_id_action_and_digest_but_no_content(store: Store) -> None:
    fill(store, event("1", "a", {"kind": "call about secret"}))
    correct(store, {"event_id": "1", "action": REPLACE, "data": {"kind": "call"}})
    with store.engine.reading() as connection:
        rows = [row._mapping for row in connection.execute(select(db.corrections))]
    assert [(row["event_id"], row["action"], len(row["digest"])) for row in rows] == [("1", REPLACE, 64)]
    assert "secret" not in str(rows)


def test_erasing_a_lead_erases_its_corrections(store: Store) -> None:
    wrong = event("1", "a", {"kind": "call"})
    fill(store, wrong)
    correct(store, {"event_id": "1", "action": RETRACT})
    assert store.writer.write(erase_leads, "a")
    with store.engine.reading() as connection:
        assert connection.execute(select(db.corrections)).all() == []
    assert fill(store, wrong).accepted == 1


def test_score_history_names_the_correction(store: Store, clock: Clock) -> None:
    model: Any = FakeModel()
    calls = [event(str(number), "a", {"kind": "call"}) for number in range(3)]
    fill(store, *calls)
    while rescore_dirty(store, model, score=fake_score):
        pass
    clock.now_us += 60_000_000
    correct(store, {"event_id": "1", "action": RETRACT})
    assert rescore_dirty(store, model, score=fake_score) == 1
    with store.engine.reading() as connection:
        table = db.score_history
        query = select(table.c.delta, table.c.causes).order_by(table.c.entry_no.desc()).limit(1)
        ((delta, causes),) = connection.execute(query).all()
    assert delta < 0
    assert "earlier event corrected" in causes


def loaded_names(store: Store, lead_id: str) -> dict[str, str]:
    """event_id -> type, of a lead's timeline."""
    with store.engine.reading() as connection:
        rows = rows_of(connection, [find_leads(connection, [lead_id])[lead_id]])
        names = event_names(connection, rows.leads[0].lead_no)
        entries = timeline(rows, names).entries
    return {entry.event_id: entry.type for entry in entries}


@pytest.mark.parametrize("action", [RETRACT, REPLACE])
def test_loaded_rows_are_corrected_and_stay_so(store: Store, folder: Path, action: str) -> None:
    """Loading the same folder again would bring the wrong rows back."""
    load(store, folder)
    right = {
        "interaction": {"kind": "corrected"},
        "stage": {"stage": "corrected"},
        "outcome": {"outcome": "lost", "reason": "corrected"},
        "attributes": {"owner": "corrected"},
    }
    for lead_id in ("a", "b", "=c"):
        for name, kind in loaded_names(store, lead_id).items():
            entry: dict[str, Any] = {"event_id": name, "action": action}
            if action == REPLACE:
                entry["data"] = right[kind]
            result = correct(store, entry)
            assert (result.accepted, result.rejected) == (1, []), kind
            assert correct(store, entry).duplicates == 1
    corrected = contents(store.read_all(FAR_US))
    again = load(store, folder)
    assert set(again.rows.values()) == {0}
    assert contents(store.read_all(FAR_US)) == corrected
    if action == RETRACT:
        assert corrected["interactions.kind"] == corrected["stages.stage"] == corrected["changes.value"] == []
    else:
        assert set(corrected["interactions.kind"]) == {"corrected"}
        # A corrected row keeps its name.
        assert all(correct(store, {"event_id": name, "action": RETRACT}).accepted
                   for name in loaded_names(store, "b"))  # fmt: skip


def test_ids_of_ours_that_name_no_row_are_unknown(store: Store) -> None:
    fill(store, event("1", "a", {"kind": "call"}))
    for name in ("leadcast:1-99", "leadcast:99-1", "leadcast:1-1-1"):
        assert codes(correct(store, {"event_id": name, "action": RETRACT})) == [(0, "unknown_event")]


def test_an_event_is_found_by_its_row_too(store: Store) -> None:
    """Events that an older version stored have no text of their id."""
    fill(store, event("1", "a", {"x": 1, "y": 2}, "attributes"))
    with store.engine.writing() as connection:
        connection.execute(update(db.event_ids).values(event_id=None))
    (name,) = loaded_names(store, "a")
    assert name.startswith("leadcast:")
    assert correct(store, {"event_id": name, "action": RETRACT}).accepted == 1
    assert fill(store, event("1", "a", {"x": 1}, "attributes")).duplicates == 1
    assert correct(store, {"event_id": "1", "action": RETRACT}).duplicates == 1
