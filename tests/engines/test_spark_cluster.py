"""A real Spark master and worker: equal results, also if a Python worker is killed, and one sentence on failure."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.work import versions
from features.by_parts import matrix_on
from features.matrix import build_matrix
from features.vocabulary import learn
from history.base.errors import EngineFailed, InvalidInput
from history.snapshot import all_leads
from tests.builders.engines.part_engine import COUNTS
from tests.builders.engines.part_work import killed_once
from tests.builders.engines.spark_processes import spark_cluster
from tests.builders.leads.lead_histories import history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with spark_cluster(tmp_path_factory.mktemp("spark")) as running:
        yield running


def refusing(_shared: None, _part: int) -> None:
    raise InvalidInput("no good")


def test_features_are_those_of_one_process_and_losses_change_nothing(address: str, tmp_path: Path) -> None:
    from engines.spark_cluster import SparkCluster

    everyone = all_leads(history_of(made_leads(300, seed=8), LAST_US), LAST_US)
    vocabulary, tables = learn(everyone)
    whole = build_matrix(everyone, vocabulary, tables)
    with SparkCluster(address) as engine:
        assert engine.workers == 2
        for parts in COUNTS:
            engine.n_parts = parts
            assert matrix_on(engine, everyone, vocabulary, tables).values.tobytes() == whole.values.tobytes()
        assert [*engine.map(killed_once, tmp_path / "killed", range(9))] == [*range(9)]
        assert (tmp_path / "killed").exists()
        with pytest.raises(InvalidInput, match="no good"):
            list(engine.map(refusing, None, range(2)))


def test_other_versions_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from engines.spark_cluster import SparkCluster

    newer = {**versions(), "leadcast": "99"}
    monkeypatch.setattr("engines.work.versions", lambda: newer)
    with (
        SparkCluster(address) as engine,
        pytest.raises(EngineFailed, match=r"instead of 99: .*same versions"),
    ):
        list(engine.map(refusing, None, [1]))


def test_master_that_is_not_there_is_named(address: str) -> None:
    from engines.spark_cluster import SparkCluster

    with pytest.raises(EngineFailed, match=r"spark://127\.0\.0\.1:9 does not answer"):
        SparkCluster("127.0.0.1:9")
