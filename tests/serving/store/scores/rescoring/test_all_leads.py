"""All leads are scored again, by one process or several."""

from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from history.base.progress import no_progress
from history.text.times import DAY_US
from serving.store.scores.rescoring import all_leads
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.store import Store
from tests.builders.engines.part_engine import PartEngine
from tests.builders.service.scored_store import listed, post, put, score_all
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_rescoring_at_a_past_time_ignores_later_rows(store: Store, clock: Clock) -> None:
    put(store)
    put(store, "later", NOW_US - DAY_US)
    post(store, event("1", "a", {"outcome": "lost"}, "outcome"))
    assert score_all(store, FakeModel(), NOW_US - 2 * DAY_US) == 1
    assert set(listed(store)) == {"a"}
    assert score_all(store, FakeModel(), NOW_US) == 2
    assert set(listed(store)) == {"later"}
    assert score_all(store, FakeModel(), NOW_US) == 1


@pytest.mark.parametrize(("parts", "spans"), [(1, 3), (3, 5)])
def test_processes_store_the_scores_of_one(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, parts: int, spans: int
) -> None:
    """Spans of leads, each written by a process of its own, hold every lead once."""
    monkeypatch.setattr(all_leads, "LEADS_PER_PAGE", 2)
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


def test_failed_write_of_a_page_ends_the_rescoring(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page after it was scored meanwhile; neither waits for a write that will not come."""

    def failing(*_given: Any) -> list[int]:
        raise ZeroDivisionError

    monkeypatch.setattr(all_leads, "LEADS_PER_PAGE", 2)
    for number in range(5):
        put(store, str(number))
    monkeypatch.setattr(all_leads, "save_scores", failing)
    with pytest.raises(ZeroDivisionError):
        score_all(store, FakeModel(), NOW_US)
    monkeypatch.undo()
    assert score_all(store, FakeModel(), NOW_US) == 5


def test_no_page_is_read_during_a_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader would keep the checkpoint from emptying the write-ahead log, which then grows."""
    writes: list[Future[Any]] = []
    submit, reading = store.writer.submit, store.engine.reading

    def submit_watched(*given: Any, **options: Any) -> Future[Any]:
        writes.append(submit(*given, **options))
        return writes[-1]

    def read_between_writes() -> Any:
        assert all(write.done() for write in writes)
        return reading()

    for number in range(7):
        put(store, str(number))
    monkeypatch.setattr(all_leads, "LEADS_PER_PAGE", 2)
    monkeypatch.setattr(store.writer, "submit", submit_watched)
    monkeypatch.setattr(store.engine, "reading", read_between_writes)
    assert score_all(store, FakeModel(), NOW_US) == 7
    assert len(writes) >= 4
