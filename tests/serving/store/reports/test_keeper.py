"""The keeper: the leader's child prepares what is due, and ends with it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.home.pointer import champion
from serving.store.reports import prepare
from serving.store.reports.keeper import PreparationFailed, ReportKeeper
from serving.store.reports.kept import Schedule, due, kept_report
from serving.store.reports.queries import FIRST_SHOWN
from serving.store.reports.version import store_state
from serving.store.store import Store


@pytest.fixture
def home(loaded_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(loaded_home, tmp_path / "kept"))


def keeper_of(store: Store, least_rows: int = 0) -> ReportKeeper:
    bundle = champion(store.engine.home)
    return ReportKeeper(store, None, lambda: bundle, Schedule(10**12, least_rows))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    store = Store(home)
    yield store
    store.close()


def test_child_prepares_what_is_due(store: Store) -> None:
    keeper = keeper_of(store)
    keeper.linger_s = 0.0
    assert keeper.step()
    with store.engine.reading() as connection:
        for query in FIRST_SHOWN:
            kept = kept_report(connection, query)
            assert kept is not None
            assert kept.made_us is not None
            assert not kept.is_outdated(store_state(connection), "1")
        assert due(connection, Schedule(10**12, 0), store_state(connection), "1", store.now_us()) == []
    assert not keeper.step()
    keeper.close()


def test_small_store_starts_no_child(store: Store) -> None:
    keeper = keeper_of(store, least_rows=10**9)
    assert not keeper.step()
    keeper.close()


def test_only_one_process_of_a_home_is_the_leader(store: Store) -> None:
    first, second = keeper_of(store), keeper_of(store, least_rows=10**9)
    assert not second.step()
    assert not first.step(), "the second one leads"
    second.close()
    first.close()


def test_failed_child_is_reported_in_its_words(store: Store, home: Path) -> None:
    keeper = keeper_of(store)
    (home / "champion.json").write_text("{}")
    with pytest.raises(PreparationFailed, match="champion"):
        keeper.step()
    keeper.close()


def test_idle_child_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 31.0, 31.0, 32.0])
    monkeypatch.setattr("serving.store.reports.prepare.time.sleep", lambda _seconds: None)
    monkeypatch.setattr("serving.store.reports.prepare.time.monotonic", lambda: next(times))
    linger = prepare.Linger(30.0)
    assert linger(0), "one second after the last report"
    assert not linger(0)
    assert linger(1), "a report was made since"
