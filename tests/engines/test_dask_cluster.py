"""A real scheduler and workers as processes: equal results, also if a worker is killed, and one sentence on failure."""

import operator
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines import dask_cluster
from engines.dask_cluster import DaskCluster
from engines.work import versions
from features.by_parts import matrix_on
from features.matrix import build_matrix
from features.vocabulary import learn
from history.base.errors import EngineFailed, InvalidInput
from history.snapshot import all_leads
from tests.builders.command import answer
from tests.builders.engines.dask_processes import RunningCluster, end, guide_commands
from tests.builders.engines.dask_processes import dask_cluster as started
from tests.builders.engines.part_engine import COUNTS
from tests.builders.engines.part_work import always_killed, killed_once
from tests.builders.leads.lead_histories import history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with started(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[RunningCluster]:
    """A cluster whose processes a test may kill."""
    with started(tmp_path) as running:
        yield running


def work(shared: int, part: int) -> tuple[int, int]:
    """The process that did the part, and its result."""
    return os.getpid(), shared * sum(range(100_000 + part))


def refusing(_shared: None, _part: int) -> None:
    raise InvalidInput("no good")


def test_results_come_in_order_from_both_workers(cluster: RunningCluster) -> None:
    with DaskCluster(cluster.address) as engine:
        assert engine.workers == 2
        done = [*engine.map(work, 3, range(30))]
    assert [result for _, result in done] == [work(3, part)[1] for part in range(30)]
    assert len({worker for worker, _ in done}) == 2


def test_error_of_a_part_reaches_the_caller(cluster: RunningCluster) -> None:
    with DaskCluster(cluster.address) as engine, pytest.raises(InvalidInput, match="no good"):
        [*engine.map(refusing, None, range(4))]


@pytest.mark.parametrize("parts", COUNTS)
def test_features_are_those_of_one_process(cluster: RunningCluster, parts: int) -> None:
    everyone = all_leads(history_of(made_leads(300, seed=8), LAST_US), LAST_US)
    vocabulary, tables = learn(everyone)
    whole = build_matrix(everyone, vocabulary, tables)
    with DaskCluster(cluster.address, parts) as engine:
        assert matrix_on(engine, everyone, vocabulary, tables).values.tobytes() == whole.values.tobytes()


def test_command_of_the_guide_writes_the_file_of_one_process(
    cluster: RunningCluster, champion_home: Path, crm: Path, tmp_path: Path
) -> None:
    (words,) = [line.split() for line in guide_commands("leadcast score crm --engine dask")]
    address = f"dask://{cluster.address}"
    assert words[1:5] == ["score", "crm", "--engine", "dask://127.0.0.1:8786"]
    alone = answer("score", crm, "--output", tmp_path / "scores.csv")
    file = (tmp_path / "scores.csv").read_bytes()
    assert answer("score", crm, "--engine", address, "--output", tmp_path / "scores.csv") == alone
    assert (tmp_path / "scores.csv").read_bytes() == file


def test_worker_killed_in_mid_run_changes_nothing(own_cluster: RunningCluster) -> None:
    everyone = all_leads(history_of(made_leads(400, seed=9), LAST_US), LAST_US)
    vocabulary, _ = learn(everyone)
    whole = build_matrix(everyone, vocabulary).values
    with DaskCluster(own_cluster.address, parts=64) as engine:
        killed = 0
        for part, (worker, result) in enumerate(engine.map(work, 5, range(40))):
            assert result == work(5, part)[1]
            if part in (3, 20):
                os.kill(worker, signal.SIGKILL)
                killed += 1
        assert killed == 2
        assert np.array_equal(matrix_on(engine, everyone, vocabulary).values, whole, equal_nan=True)


def test_part_of_a_killed_worker_is_done_again(own_cluster: RunningCluster, tmp_path: Path) -> None:
    with DaskCluster(own_cluster.address) as engine:
        assert [*engine.map(killed_once, tmp_path / "killed", range(9))] == [*range(9)]
    assert (tmp_path / "killed").exists()


def test_part_that_kills_every_worker_ends_the_work(own_cluster: RunningCluster) -> None:
    with DaskCluster(own_cluster.address) as engine, pytest.raises(EngineFailed, match="memory"):
        [*engine.map(always_killed, None, [1])]


def test_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 1)
    with pytest.raises(EngineFailed, match=r"dask://127\.0\.0\.1:9 does not answer: check that"):
        DaskCluster("127.0.0.1:9")


def test_worker_of_another_version_is_refused(
    cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {**versions(), "leadcast": "99"}
    monkeypatch.setattr(dask_cluster, "versions", lambda: newer)
    with pytest.raises(EngineFailed, match=r"worker tcp://.* has leadcast .* instead of 99: .*same versions"):
        DaskCluster(cluster.address)


def test_lost_workers_end_the_work(own_cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "LOOK_S", 0.2)
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 5)
    with DaskCluster(own_cluster.address) as engine:
        results = engine.map(operator.add, 1, range(40))
        assert next(results) == 1
        end(own_cluster.workers)
        with pytest.raises(EngineFailed, match="lost its last worker"):
            list(results)
    with pytest.raises(EngineFailed, match="has no worker: start some"):
        DaskCluster(own_cluster.address)


def test_lost_scheduler_ends_the_work(own_cluster: RunningCluster) -> None:
    with DaskCluster(own_cluster.address) as engine:
        results = engine.map(work, 1, range(400))
        assert next(results)[1] == work(1, 0)[1]
        end(own_cluster.scheduler)
        with pytest.raises(EngineFailed, match="went away in mid-run"):
            list(results)
