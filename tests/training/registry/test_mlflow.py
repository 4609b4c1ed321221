"""MLflow's side of the registry: errors are explained, and a kill leaves nothing half done."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from tests.builders.registry_runs import Killed, add, champion, make_run
from training.registry.registry import Registry


def test_a_kill_during_database_creation_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "new"

    def killed(_from: object, _to: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.registry.mlflow.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            Registry(home).log(make_run(tmp_path / "run-0"))
    assert not (home / "mlflow.db").exists()
    assert Registry(home).register(make_run(tmp_path / "run-1")).model_version == "1"


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_database_is_reported(registry: Registry, content: bytes) -> None:
    (registry.home / "mlflow.db").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"MLflow at .*mlflow\.db: "):
        registry.versions()


def test_a_database_error_is_reported_without_a_traceback(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk and a locked file are OperationalErrors too: MLflow logs each with its traceback, and raises it."""
    add(registry, tmp_path)
    with closing(sqlite3.connect(registry.home / "mlflow.db")) as connection, connection:
        connection.execute("DROP TABLE registered_model_aliases")
    with pytest.raises(InvalidInput, match=r"MLflow at .*mlflow\.db: .*no such table"):
        Registry(registry.home).versions()
    assert not caplog.records


@pytest.mark.parametrize("step", ["create_run", "log_batch", "log_artifacts", "create_model_version"])
def test_leftovers_of_a_kill_are_removed(
    step: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home as SIGKILL leaves it: set_terminated never came, temporary folders stay."""
    client = registry.mlflow._client
    real = getattr(client, step)

    def kill(*args: object, **kwargs: object) -> None:
        real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(client, step, kill)
        patch.setattr(client, "set_terminated", lambda *_: None)
        with pytest.raises(Killed):
            add(registry, tmp_path)
    leftovers = [".train-abc", ".backtest-abc", ".mlflow-abc", "bundles/.export-abc"]
    for name in leftovers:
        (registry.home / name / "plots").mkdir(parents=True)
    again = Registry(registry.home)
    version = again.promote(*add(again, tmp_path))
    assert champion(again) == version == again.versions()[0].model_version
    assert not any((registry.home / name).exists() for name in leftovers)
    states = [r.info.status for r in again.mlflow._client.search_runs([again.mlflow._experiment()])]
    assert sorted(states) == ["FINISHED", "KILLED"]


def test_a_run_of_another_home_keeps_running(registry: Registry, tmp_path: Path) -> None:
    client, experiment = registry.mlflow._client, registry.mlflow._experiment()
    client.create_run(experiment, tags={"leadcast.home": "another"})
    add(registry, tmp_path)
    assert sorted(r.info.status for r in client.search_runs([experiment])) == ["FINISHED", "RUNNING"]


def test_a_database_is_created_under_any_name(tmp_path: Path) -> None:
    odd = Registry(tmp_path / "50%20?" / "home")
    assert odd.promote(*add(odd, tmp_path)) == "1"
    assert {path.name for path in tmp_path.iterdir()} == {"50%20?", "run-0"}


def test_an_interrupted_run_fails_and_is_not_registered(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry.mlflow._client, "log_artifacts", full)
    with pytest.raises(OSError, match="No space left"):
        add(registry, tmp_path)
    assert registry.versions() == []
    (run,) = registry.mlflow._client.search_runs([registry.mlflow._experiment()])
    assert run.info.status == "FAILED"


def test_the_system_error_behind_mlflow_is_reported(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    def full(*_: object) -> None:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise MlflowException("Failed to download\n[SQL: SELECT]") from error

    (version,) = add(registry, tmp_path)
    monkeypatch.setattr(registry.mlflow._client, "download_artifacts", full)
    with pytest.raises(InvalidInput, match=r"Failed to download \(No space left on device\)$"):
        registry.promote(version)


def test_the_alias_follows_the_pointer_after_a_kill(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(registry, tmp_path, 2)

    def kill(*_: object) -> None:
        raise Killed

    def cut_short(version: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("training.registry.registry.write_pointer", kill)
            with pytest.raises(Killed):
                registry.promote(version)

    cut_short(first)
    assert [v.aliases for v in registry.versions()] == [("challenger",), ()]
    registry.promote(first)
    cut_short(second)
    assert champion(registry) == first
    assert [v.aliases for v in registry.versions()] == [(), ("champion",)]
    assert registry.promote(second) == second
    assert registry.rollback() == first
