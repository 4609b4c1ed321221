"""Versions and the champion: what a service reads is always a whole, verified bundle, and every move can be undone."""

import hashlib
import json
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from history.errors import DamagedArtifact, InvalidInput
from models.bundle import FORMAT, read_verified
from models.pointer import Pointer, manifest_sha256, read_pointer, write_pointer
from training.registry.mlflow import Run
from training.registry.registry import KEPT_EXPORTS, MIN_FREE_BYTES, Registry


@pytest.fixture(autouse=True)
def verified_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles here are two small files under a true manifest: digests are checked, nothing is parsed as a model."""
    monkeypatch.setattr(
        "training.registry.registry.load_bundle", lambda folder, version="": read_verified(folder)
    )


def make_run(folder: Path, text: str = "{}") -> Run:
    bundle = folder / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "model.json").write_text(text)
    digests = {"model.json": hashlib.sha256(text.encode()).hexdigest()}
    manifest = {"format": FORMAT, "feature_set_id": "", "trees_sha256": "", "files": digests}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    (folder / "audit.json").write_text("[]")
    return Run({"trials": "3"}, {"auc": 0.75, "gini": float("nan")}, {"signal": "usable"}, folder)


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(home)


def add(registry: Registry, tmp_path: Path, count: int = 1) -> list[str]:
    start = len(list(tmp_path.glob("run-*")))
    runs = [make_run(tmp_path / f"run-{start + i}", json.dumps(start + i)) for i in range(count)]
    return [registry.register(run).model_version for run in runs]


def champion(registry: Registry) -> str | None:
    pointer = read_pointer(registry.home)
    return pointer.model_version if pointer else None


def test_a_version_keeps_its_numbers_and_is_challenger_until_promoted(
    registry: Registry, tmp_path: Path
) -> None:
    assert registry.versions() == []
    first, second = add(registry, tmp_path, 2)
    assert (first, second) == ("1", "2")
    assert registry.promote(first) == first
    newest, oldest = registry.versions()
    assert newest.aliases == ("challenger",)
    assert oldest.aliases == ("champion",)
    assert oldest.metrics == {"auc": 0.75}, "a metric that does not exist is not logged as one"
    assert oldest.params == {"trials": "3"}
    assert registry.promote("challenger") == second
    assert [v.aliases for v in registry.versions()] == [("champion",), ()]


def test_a_kill_while_the_database_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
def test_a_damaged_database_is_told(registry: Registry, content: bytes) -> None:
    (registry.home / "mlflow.db").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"MLflow at .*mlflow\.db: "):
        registry.versions()


def test_a_database_in_trouble_is_told_once_and_without_a_traceback(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk and a locked file are OperationalErrors too: MLflow logs each with its traceback, and raises it."""
    add(registry, tmp_path)
    with closing(sqlite3.connect(registry.home / "mlflow.db")) as connection, connection:
        connection.execute("DROP TABLE registered_model_aliases")
    with pytest.raises(InvalidInput, match=r"MLflow at .*mlflow\.db: .*no such table"):
        Registry(registry.home).versions()
    assert not caplog.records


def test_asking_a_new_home_creates_nothing(tmp_path: Path) -> None:
    new = Registry(tmp_path / "new")
    with pytest.raises(InvalidInput, match=r"versions: none in .*new; run `leadcast train` first"):
        new.resolve("champion")
    assert new.versions() == []
    assert not new.home.exists()


class Killed(BaseException):
    """Nothing after it runs: the process that raises it is as good as gone."""


@pytest.mark.parametrize("step", ["create_run", "log_batch", "log_artifacts", "create_model_version"])
def test_what_a_kill_left_is_put_away_by_the_next_training(
    step: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home as SIGKILL leaves it: set_terminated never came, temporary folders stay."""
    client = registry.mlflow._client
    real = getattr(client, step)

    def kill(*given: object, **named: object) -> None:
        real(*given, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(client, step, kill)
        patch.setattr(client, "set_terminated", lambda *_: None)
        with pytest.raises(Killed):
            add(registry, tmp_path)
    left = [".train-abc", ".backtest-abc", ".mlflow-abc", "bundles/.export-abc"]
    for name in left:
        (registry.home / name / "plots").mkdir(parents=True)
    again = Registry(registry.home)
    version = again.promote(*add(again, tmp_path))
    assert champion(again) == version == again.versions()[0].model_version
    assert not any((registry.home / name).exists() for name in left)
    states = [r.info.status for r in again.mlflow._client.search_runs([again.mlflow._experiment()])]
    assert sorted(states) == ["FINISHED", "KILLED"]


def test_a_run_of_another_home_goes_on(registry: Registry, tmp_path: Path) -> None:
    client, experiment = registry.mlflow._client, registry.mlflow._experiment()
    client.create_run(experiment, tags={"leadcast.home": "another"})
    add(registry, tmp_path)
    assert sorted(r.info.status for r in client.search_runs([experiment])) == ["FINISHED", "RUNNING"]


def test_the_alias_follows_the_pointer_where_a_kill_came_between(
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


def test_an_export_is_removed_whole_or_not(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object, **__: object) -> None:
        raise Killed

    versions = add(registry, tmp_path, KEPT_EXPORTS + 1)
    for version in versions[:-1]:
        registry.export(version)
    with monkeypatch.context() as patch:
        patch.setattr("training.registry.home.shutil.rmtree", kill)
        with pytest.raises(Killed):
            registry.export(versions[-1])
    again = Registry(registry.home)
    assert all(read_verified(again.export(version)) for version in versions)
    assert not list((registry.home / "bundles").glob(".*"))


@pytest.fixture
def restored(home: Path, tmp_path: Path) -> Registry:
    """A home to which a backup brought versions 1 and 2 as bundles, 2 in use; MLflow there has never seen them."""
    for number in ("1", "2"):
        folder = make_run(tmp_path / f"backup-{number}", json.dumps(f"restored {number}")).folder
        shutil.copytree(folder / "bundle", home / "bundles" / number)
    bundle = home / "bundles" / "2"
    write_pointer(home, Pointer("2", bundle, manifest_sha256(bundle), ("1", "0")))
    return Registry(home)


@pytest.fixture
def metrics_of_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "training.registry.registry.load_bundle",
        lambda folder, _="": read_verified(folder) and SimpleNamespace(metrics={"auc": 0.5}),
    )


@pytest.mark.usefixtures("metrics_of_bundles")
def test_a_number_that_a_backup_brought_is_never_given_again(restored: Registry, tmp_path: Path) -> None:
    listed = restored.versions()
    assert [(v.model_version, v.aliases, v.run_id) for v in listed] == [
        ("2", ("champion",), ""),
        ("1", (), ""),
    ]
    (new,) = add(restored, tmp_path)
    assert new == "3"
    assert restored.promote(new) == "3"
    assert (restored.home / "bundles" / "3" / "model.json").read_text() == "0"
    assert restored.rollback() == "2"
    assert (restored.home / "bundles" / "2" / "model.json").read_text() == '"restored 2"'
    assert [v.model_version for v in restored.versions() if "champion" in v.aliases] == ["2"]
    assert restored.rollback() == "1"
    with pytest.raises(InvalidInput, match="no model version or alias '0'; versions: 3, 2, 1"):
        restored.rollback()


@pytest.mark.usefixtures("metrics_of_bundles")
def test_a_restored_home_moves_its_versions_without_mlflow(restored: Registry) -> None:
    (restored.home / "mlflow.db").unlink()
    assert restored.rollback() == "1"
    assert restored.promote("2") == "2"
    assert not (restored.home / "mlflow.db").exists()


def test_a_damaged_champion_file_is_written_anew_by_a_promotion(registry: Registry, tmp_path: Path) -> None:
    first, second = add(registry, tmp_path, 2)
    registry.promote(first)
    (registry.home / "champion.json").write_text("{")
    assert [v.model_version for v in registry.versions()] == [second, first]
    with pytest.raises(DamagedArtifact, match="promote a version again"):
        registry.rollback()
    assert registry.promote(second) == second
    assert champion(registry) == second


def test_the_pointer_names_a_verified_copy_inside_the_home(registry: Registry, tmp_path: Path) -> None:
    (version,) = add(registry, tmp_path)
    registry.promote(version)
    pointer = read_pointer(registry.home)
    assert pointer is not None
    assert pointer.folder == registry.home / "bundles" / version
    assert manifest_sha256(pointer.folder) == pointer.manifest_sha256
    assert "home" not in (registry.home / "champion.json").read_text(), "paths are relative to the home"


def test_state_is_the_owners_alone(registry: Registry, tmp_path: Path) -> None:
    registry.promote(*add(registry, tmp_path))
    made = [
        registry.home / "champion.json",
        registry.home / "bundles",
        *(registry.home / "bundles").rglob("*"),
    ]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in made)


def test_rollback_walks_back_through_what_was_promoted(registry: Registry, tmp_path: Path) -> None:
    versions = add(registry, tmp_path, 3)
    for version in (*versions, versions[2]):
        registry.promote(version)
    assert [registry.rollback(), registry.rollback()] == ["2", "1"]
    assert champion(registry) == "1"
    with pytest.raises(InvalidInput, match="nothing to go back to"):
        registry.rollback()
    registry.promote("3")
    assert registry.rollback() == "1"


def test_a_damaged_export_is_fetched_again(registry: Registry, tmp_path: Path) -> None:
    (version,) = add(registry, tmp_path)
    registry.promote(version)
    (registry.home / "bundles" / version / "model.json").write_text("[]")
    registry.promote(version)
    assert read_verified(registry.home / "bundles" / version)


def test_a_damaged_artifact_is_never_promoted(registry: Registry, tmp_path: Path) -> None:
    good, bad = add(registry, tmp_path, 2)
    registry.promote(good)
    for path in (registry.home / "artifacts").rglob("model.json"):
        if path.read_text() == "1":
            path.write_text("[]")
    with pytest.raises(DamagedArtifact, match="has changed"):
        registry.promote(bad)
    assert champion(registry) == good
    assert registry.versions()[1].aliases == ("champion",)


def test_five_exports_stay_and_the_champion_with_them(registry: Registry, tmp_path: Path) -> None:
    versions = add(registry, tmp_path, KEPT_EXPORTS + 2)
    registry.promote(versions[0])
    for version in versions:
        registry.export(version)
    kept = {f.name for f in (registry.home / "bundles").iterdir()}
    assert kept == {versions[0], *versions[-KEPT_EXPORTS + 1 :]}
    assert registry.export(versions[1]).is_dir(), "what was removed is fetched again"


def test_a_home_can_be_moved(registry: Registry, tmp_path: Path) -> None:
    first, second = add(registry, tmp_path, 2)
    registry.promote(first)
    moved = tmp_path / "moved to é #1"
    shutil.move(registry.home, moved)
    after = Registry(moved)
    assert champion(after) == first
    after.promote(second)
    shutil.rmtree(moved / "bundles" / first)
    assert after.rollback() == first
    (third,) = add(after, tmp_path)
    after.promote(third)
    assert not registry.home.exists(), "nothing is written to where the home was"


@pytest.mark.parametrize("name", ["what?", "50%", "a%20b", "a#b?c=d&e@f", "é ü:;"])
def test_a_home_may_have_any_name(name: str, registry: Registry, tmp_path: Path) -> None:
    odd = Registry(Path(shutil.copytree(registry.home, tmp_path / name / "home")))
    first, second = add(odd, tmp_path, 2)
    odd.promote(first)
    odd.promote(second)
    shutil.rmtree(odd.home / "bundles" / first)
    assert Registry(odd.home).rollback() == first
    assert {path.name for path in tmp_path.iterdir()} == {"home", name, "run-0", "run-1"}


def test_a_database_is_made_under_any_name(tmp_path: Path) -> None:
    odd = Registry(tmp_path / "50%20?" / "home")
    assert odd.promote(*add(odd, tmp_path)) == "1"
    assert {path.name for path in tmp_path.iterdir()} == {"50%20?", "run-0"}


def test_an_unknown_version_is_answered_with_those_there_are(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none in .*; run `leadcast train` first"):
        registry.promote("1")
    add(registry, tmp_path, 2)
    for wanted in ("7", "champion", "../1"):
        with pytest.raises(InvalidInput, match="versions: 2, 1"):
            registry.promote(wanted)
    with pytest.raises(InvalidInput, match="`leadcast models promote VERSION` makes one the champion"):
        registry.resolve("champion")


def test_an_interrupted_run_is_failed_and_not_registered(
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


def test_two_trainings_at_once_register_and_promote_without_harm(home: Path, tmp_path: Path) -> None:
    """The lock is a file's, so it holds between two registries as it does between two processes."""

    def train(name: str) -> None:
        registry = Registry(home)
        for i in range(3):
            with registry.exclusive():
                before = champion(registry)
                run = make_run(tmp_path / f"{name}{i}", f'"{name}"')
                version = registry.register(run).model_version
                registry.promote(version)
                pointer = read_pointer(home)
                assert pointer is not None
                assert pointer.before[:1] == ((before,) if before else ())

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(train, name) for name in "ab"]:
            done.result()
    versions = Registry(home).versions()
    assert [v.model_version for v in versions] == ["6", "5", "4", "3", "2", "1"]
    assert [v.model_version for v in versions if "champion" in v.aliases] == ["6"]
    assert champion(Registry(home)) == "6"


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"model_version": "1"', '{"model_version": 1, "folder": 3}']
)
def test_a_foreign_pointer_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "champion.json").write_text(text)
    with pytest.raises(DamagedArtifact, match="not a champion file"):
        read_pointer(tmp_path)


def test_a_pointer_stays_inside_its_home(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (home / "champion.json").write_text(
        json.dumps({"model_version": "1", "folder": "../outside", "manifest_sha256": "0", "before": []})
    )
    with pytest.raises(DamagedArtifact, match="outside of its home"):
        read_pointer(home)


def test_a_pointer_reads_back_as_written(tmp_path: Path) -> None:
    pointer = Pointer("3", tmp_path / "bundles" / "3", "ab" * 32, ("2", "1"))
    write_pointer(tmp_path, pointer)
    assert read_pointer(tmp_path) == pointer
    assert [path.name for path in tmp_path.iterdir()] == ["champion.json"]


def test_what_could_not_be_kept_is_refused_before_the_work(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.check_writable()
    Registry(tmp_path / "new" / "home").check_writable()
    assert not (tmp_path / "new").exists(), "a training that is refused leaves no home"
    with monkeypatch.context() as patch:
        patch.setattr("training.registry.registry.os.access", lambda *_: False)
        with pytest.raises(InvalidInput, match="cannot be written: choose another"):
            registry.check_writable()
    with monkeypatch.context() as patch:
        patch.setattr(
            "training.registry.registry.shutil.disk_usage", lambda _: SimpleNamespace(free=MIN_FREE_BYTES - 1)
        )
        with pytest.raises(InvalidInput, match="less than 16 MB free"):
            registry.check_writable()
    (registry.home / "mlflow.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(InvalidInput, match="MLflow at "):
        Registry(registry.home).check_writable()


def test_what_the_system_said_beneath_mlflow_is_told(
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
