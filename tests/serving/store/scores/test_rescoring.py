"""Rescoring: changed leads at once, live changes first, one process of a home at a time."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from history.base.progress import no_progress
from history.config.config import FunnelConfig
from history.history import History
from history.text.times import DAY_US
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import LeadRows
from serving.store.leads.leads import LOAD, mark_dirty
from serving.store.scores import rescoring
from serving.store.scores.rescoring import Rescorer, rescore_all, rescore_dirty
from serving.store.store import Store
from tests.builders.engines.part_engine import PartEngine
from tests.builders.service.scored_store import listed, post, put, score_all, score_queued, view, waiting
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_event_queues_its_lead_for_a_new_score(store: Store) -> None:
    put(store)
    assert (waiting(store), score_queued(store, FakeModel()), waiting(store)) == (1, 1, 0)
    before = listed(store)["a"]["probability"]
    post(store, event("1", "a", {"kind": "call"}), event("2", "a", {"kind": "call"}))
    assert waiting(store) == 1
    score_queued(store, FakeModel())
    assert listed(store)["a"]["probability"] > before
    assert score_queued(store, FakeModel()) == 0


def test_rescoring_at_a_past_time_ignores_later_rows(store: Store, clock: Clock) -> None:
    put(store)
    put(store, "later", NOW_US - DAY_US)
    post(store, event("1", "a", {"outcome": "lost"}, "outcome"))
    assert score_all(store, FakeModel(), NOW_US - 2 * DAY_US) == 1
    assert set(listed(store)) == {"a"}
    assert score_all(store, FakeModel(), NOW_US) == 2
    assert set(listed(store)) == {"later"}
    assert score_all(store, FakeModel(), NOW_US) == 1


def test_live_changes_are_scored_before_a_load(store: Store) -> None:
    for i in range(5):
        put(store, f"l{i}")
    score_queued(store, FakeModel())
    with store.engine.writing() as connection:
        mark_dirty(connection, dict.fromkeys(range(1, 6), 1), LOAD)
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


def test_a_page_of_leads_is_read_into_one_history(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which leads are open and their scores come from the same arrays; another instant has its own."""
    for lead_id in ("a", "b"):
        put(store, lead_id)
    made: list[int] = []

    def counted(rows: LeadRows, config: FunnelConfig, as_of_us: int) -> History:
        made.append(as_of_us)
        return history_of(rows, config, as_of_us)

    monkeypatch.setattr(rescoring, "history_of", counted)
    assert score_all(store, FakeModel(), NOW_US) == 2
    assert made == [NOW_US]
    seen = view(store, "a")
    config = FakeModel().config
    assert seen.history(config, NOW_US) is seen.history(config, NOW_US)
    assert seen.history(config, NOW_US - DAY_US).as_of_us == NOW_US - DAY_US


@pytest.mark.parametrize(("parts", "spans"), [(1, 3), (3, 5)])
def test_processes_store_the_scores_of_one(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, parts: int, spans: int
) -> None:
    """Spans of leads, each written by a process of its own, hold every lead once."""
    monkeypatch.setattr(rescoring, "LEADS_PER_PAGE", 2)
    with (
        closing(Store(tmp_path / "one", now_us=clock)) as one,
        closing(Store(tmp_path / "many", now_us=clock)) as many,
    ):
        for store in (one, many):
            for number in range(9):
                put(store, str(number), seats=number)
                post(store, *(event(f"{number}-{i}", str(number), {"kind": "call"}) for i in range(number)))
            post(store, event("won", "4", {"outcome": "won"}, "outcome"))
        engine = PartEngine(parts)
        model: Any = FakeModel()
        assert rescore_all(many, model, NOW_US, no_progress, fake_score, engine) == score_all(
            one, model, NOW_US
        )
        assert engine.done == spans
        lists = [
            {lead_id: {**entry, "change_7d": None, "trend": None} for lead_id, entry in listed(store).items()}
            for store in (one, many)
        ]  # which depend on the clock of the process that wrote them
        assert lists[0] == lists[1]
        assert len(lists[0]) == 8
