"""The rescoring thread: one process of a home at a time, and rests for requests."""

from contextlib import closing
from pathlib import Path

import pytest

from serving.store.scores.rescoring import rescorer as rescorer_module
from serving.store.scores.rescoring.rescorer import Rescorer
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import Clock, FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


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
    waiting_rows = iter([rescorer_module.BUSY_ROWS, rescorer_module.BUSY_ROWS + 1, 0])
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
        assert sum(rests[4:]) == pytest.approx(rescorer_module.LONGEST_REST_S)
        rescorer.close()
