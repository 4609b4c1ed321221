"""Stored scores: fresh after events, with causes that add up, never replaced by an older score."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from history.history import DAY_US
from serving.store import schema as db
from serving.store.events import store_events
from serving.store.lead_rows import find_leads
from serving.store.leads import PutLead, erase_leads, mark_dirty, put_leads
from serving.store.scores import rescoring
from serving.store.scores.history import score_history
from serving.store.scores.rescoring import (
    Rescorer,
    count_waiting,
    rescore_all,
    rescore_dirty,
    score_view,
    view_leads,
)
from serving.store.scores.saved import save_scores
from serving.store.scores.worklist import WorklistQuery, worklist
from serving.store.store import Store
from tests.builders.store_fakes import NOW_US, Clock, FakeModel, event, fake_score, read_events, silent

pytest_plugins = ["tests.builders.store_fixtures"]
CREATED_US = NOW_US - 60 * DAY_US


def put(store: Store, lead_id: str = "a", created_us: int = CREATED_US, **values: Any) -> None:
    store.writer.write(put_leads, PutLead(lead_id, created_us, values))


def post(store: Store, *events: dict[str, Any]) -> None:
    done = store.writer.write(store_events, read_events({"events": list(events)}))
    assert (done.accepted, done.rejected) == (len(events), [])


def refresh(store: Store, model: FakeModel) -> int:
    return rescore_dirty(store, model, score=fake_score)  # type: ignore[arg-type]


def everyone(store: Store, model: FakeModel, as_of_us: int) -> int:
    return rescore_all(store, model, as_of_us, silent, fake_score)  # type: ignore[arg-type]


def history(store: Store, lead_id: str = "a") -> list[dict[str, Any]]:
    """Oldest first."""
    with store.engine.reading() as connection:
        lead = find_leads(connection, [lead_id])[lead_id]
        entries, _ = score_history(connection, lead.lead_no, 100, None)
    return entries[::-1]


def listed(store: Store) -> dict[str, dict[str, Any]]:
    with store.engine.reading() as connection:
        return {entry["lead_id"]: entry for entry in worklist(connection, WorklistQuery()).entries}


def waiting(store: Store) -> int:
    with store.engine.reading() as connection:
        return count_waiting(connection)


def check_sums(entries: list[dict[str, Any]]) -> None:
    last = None
    for entry in entries:
        points = sum(cause["points"] for cause in entry["causes"])
        assert points == pytest.approx(100 * entry["delta"], abs=1e-9)
        assert entry["delta"] == (0 if last is None else pytest.approx(entry["probability"] - last))
        last = entry["probability"]


def test_event_queues_its_lead_for_a_new_score(store: Store) -> None:
    put(store)
    assert (waiting(store), refresh(store, FakeModel()), waiting(store)) == (1, 1, 0)
    before = listed(store)["a"]["probability"]
    post(store, event("1", "a", {"kind": "call"}), event("2", "a", {"kind": "call"}))
    assert waiting(store) == 1
    refresh(store, FakeModel())
    assert listed(store)["a"]["probability"] > before
    assert refresh(store, FakeModel()) == 0


def test_causes_are_time_and_events_and_add_up(store: Store, clock: Clock) -> None:
    put(store)
    refresh(store, FakeModel("1"))
    clock.now_us += 30 * DAY_US
    post(
        store,
        event("1", "a", {"kind": "call", "channel": "phone"}),
        event("2", "a", {"stage": "offer"}, "stage"),
    )
    refresh(store, FakeModel("2", weight=0.9))
    first, second = history(store)
    assert (first["causes"], first["delta"]) == ([], 0)
    causes = [(cause["kind"], cause["label"], cause["points"] > 0) for cause in second["causes"]]
    assert causes == [
        ("time", "30 days passed", False),
        ("event", "call by phone", True),
        ("event", "entered stage offer", True),
    ]
    check_sums([first, second])


def test_new_model_is_a_cause(store: Store) -> None:
    put(store)
    post(store, event("1", "a", {"kind": "call"}))
    refresh(store, FakeModel("1"))
    everyone(store, FakeModel("2", weight=2.0), NOW_US)
    entries = history(store)
    assert [cause["kind"] for cause in entries[-1]["causes"]] == ["model"]
    assert entries[-1]["model_version"] == "2"
    check_sums(entries)


def test_many_events_are_joined_into_one_cause(store: Store) -> None:
    put(store)
    refresh(store, FakeModel())
    post(store, *(event(str(i), "a", {"kind": f"k{i}"}) for i in range(9)))
    refresh(store, FakeModel())
    entries = history(store)
    assert [cause["label"] for cause in entries[-1]["causes"]] == ["k0", "k1", "k2", "6 more events"]
    check_sums(entries)


def test_small_moves_add_up_to_one_history_entry(store: Store, clock: Clock) -> None:
    put(store)
    refresh(store, FakeModel())
    for _ in range(10):
        clock.now_us += DAY_US
        everyone(store, FakeModel(), clock.now_us)
    entries = history(store)
    assert 1 < len(entries) < 10
    assert all(abs(entry["delta"]) >= 0.005 for entry in entries[1:])
    assert listed(store)["a"]["as_of"].startswith("2026-06-07")
    check_sums(entries)


def test_closed_lead_leaves_the_worklist_until_reopened(store: Store, clock: Clock) -> None:
    put(store)
    refresh(store, FakeModel())
    before = listed(store)["a"]["probability"]
    post(
        store, event("1", "a", {"outcome": "won", "amount": 5}, "outcome", occurred_at="2026-05-02T00:00:00Z")
    )
    refresh(store, FakeModel())
    assert listed(store) == {}
    post(store, event("2", "a", {"outcome": "open"}, "outcome", occurred_at="2026-05-03T00:00:00Z"))
    refresh(store, FakeModel())
    entries = history(store)
    assert [entry["status"] for entry in entries] == ["scored", "won", "scored"]
    assert [entry["probability"] for entry in entries] == [before, 1.0, before]
    assert [entry["causes"][-1]["label"] for entry in entries[1:]] == ["won", "reopened"]
    check_sums(entries)
    assert listed(store)["a"]["probability"] == before


def test_rescoring_at_a_past_time_ignores_later_rows(store: Store, clock: Clock) -> None:
    put(store)
    put(store, "later", NOW_US - DAY_US)
    post(store, event("1", "a", {"outcome": "lost"}, "outcome"))
    assert everyone(store, FakeModel(), NOW_US - 2 * DAY_US) == 1
    assert set(listed(store)) == {"a"}
    assert everyone(store, FakeModel(), NOW_US) == 2
    assert set(listed(store)) == {"later"}
    assert everyone(store, FakeModel(), NOW_US) == 1


def test_older_score_does_not_replace_a_newer_one(store: Store) -> None:
    """A slow scorer that read the lead before an event must not overwrite the score with it."""
    put(store)
    refresh(store, FakeModel())
    with store.engine.reading() as connection:
        view = view_leads(connection, list(find_leads(connection, ["a"]).values()))
    slow = score_view(FakeModel(), view, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    post(store, event("1", "a", {"kind": "call"}))
    refresh(store, FakeModel())
    new = listed(store)["a"]
    assert store.writer.write(save_scores, slow) == 0
    assert listed(store)["a"] == new


def test_event_during_scoring_keeps_its_lead_queued(store: Store) -> None:
    put(store)
    with store.engine.reading() as connection:
        view = view_leads(connection, list(find_leads(connection, ["a"]).values()))
    scored = score_view(FakeModel(), view, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    post(store, event("1", "a", {"kind": "call"}))
    assert store.writer.write(save_scores, scored) == 1
    assert waiting(store) == 1


def test_lead_erased_during_scoring_stays_erased(store: Store) -> None:
    put(store)
    with store.engine.reading() as connection:
        view = view_leads(connection, list(find_leads(connection, ["a"]).values()))
    scored = score_view(FakeModel(), view, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    store.writer.write(erase_leads, "a")
    put(store)
    assert store.writer.write(save_scores, scored) == 0
    with store.engine.reading() as connection:
        assert connection.execute(select(db.scores)).all() == []


def test_live_changes_are_scored_before_a_load(store: Store) -> None:
    for i in range(5):
        put(store, f"l{i}")
    refresh(store, FakeModel())
    with store.engine.writing() as connection:
        mark_dirty(connection, dict.fromkeys(range(1, 6), 1), is_bulk=True)
    post(store, event("1", "l3", {"kind": "call"}))
    before = listed(store)["l3"]["probability"]
    rescore_dirty(store, FakeModel(), limit=1, score=fake_score)  # type: ignore[arg-type]
    assert listed(store)["l3"]["probability"] > before
    assert waiting(store) == 4


def test_only_the_leader_of_a_home_scores(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    put(store)
    first, second = (Rescorer(store, lambda: FakeModel(), fake_score) for _ in range(2))  # type: ignore[arg-type, return-value]
    assert first._election.is_leader()
    assert not second._election.is_leader()
    assert first._step() == 1
    post(store, event("1", "a", {"kind": "call"}))
    assert second._step() == 0
    first.close()
    assert second._step() == 1
    second.close()
    store.close()


def test_rescorer_rests_longer_while_many_rows_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    waiting_rows = iter([rescoring.BUSY_ROWS, rescoring.BUSY_ROWS + 1, 0])
    with closing(Store(tmp_path, now_us=Clock())) as store:
        rescorer = Rescorer(store, lambda: None, fake_score)
        monkeypatch.setattr(rescorer.ending, "wait", rests.append)
        rescorer._rest()
        assert len(rests) == 1
        monkeypatch.setattr(Store, "waiting", property(lambda _store: next(waiting_rows)))
        rescorer._rest()
        assert len(rests) == 4
        monkeypatch.setattr(Store, "waiting", property(lambda _store: 10**6))
        rescorer._rest()
        assert sum(rests[4:]) == pytest.approx(rescoring.LONGEST_REST_S)
        rescorer.close()
