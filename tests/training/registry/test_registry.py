"""Versions and the champion: a service always reads a complete, verified bundle, and every promotion can be undone."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from history.base.errors import DamagedArtifact, InvalidInput
from models.home.pointer import Pointer, manifest_sha256, read_pointer, write_pointer
from models.home.saved import read_verified
from tests.builders.registry_runs import add, champion, make_run
from training.registry.registry import KEPT_EXPORTS, MIN_FREE_BYTES, Registry


def test_a_version_is_challenger_until_promoted(registry: Registry, tmp_path: Path) -> None:
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


def test_reading_a_new_home_creates_nothing(tmp_path: Path) -> None:
    new = Registry(tmp_path / "new")
    with pytest.raises(InvalidInput, match=r"versions: none in .*new; run `leadcast train` first"):
        new.resolve("champion")
    assert new.versions() == []
    assert not new.home.exists()


@pytest.fixture
def restored(home: Path, tmp_path: Path) -> Registry:
    """A home to which a backup brought versions 1 and 2 as bundles, 2 in use; MLflow there does not have them."""
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
def test_version_numbers_of_a_backup_are_not_reused(restored: Registry, tmp_path: Path) -> None:
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
def test_a_restored_home_works_without_mlflow(restored: Registry) -> None:
    (restored.home / "mlflow.db").unlink()
    assert restored.rollback() == "1"
    assert restored.promote("2") == "2"
    assert not (restored.home / "mlflow.db").exists()


def test_a_promotion_mends_a_damaged_champion_file(registry: Registry, tmp_path: Path) -> None:
    first, second = add(registry, tmp_path, 2)
    registry.promote(first)
    (registry.home / "champion.json").write_text("{")
    assert [v.model_version for v in registry.versions()] == [second, first]
    with pytest.raises(DamagedArtifact, match="promote a version again"):
        registry.rollback()
    assert registry.promote(second) == second
    assert champion(registry) == second


def test_the_pointer_names_a_verified_export(registry: Registry, tmp_path: Path) -> None:
    (version,) = add(registry, tmp_path)
    registry.promote(version)
    pointer = read_pointer(registry.home)
    assert pointer is not None
    assert pointer.folder == registry.home / "bundles" / version
    assert manifest_sha256(pointer.folder) == pointer.manifest_sha256
    assert "home" not in (registry.home / "champion.json").read_text(), "paths are relative to the home"


def test_rollback_walks_back_through_the_promotions(registry: Registry, tmp_path: Path) -> None:
    versions = add(registry, tmp_path, 3)
    for version in (*versions, versions[2]):
        registry.promote(version)
    assert [registry.rollback(), registry.rollback()] == ["2", "1"]
    assert champion(registry) == "1"
    with pytest.raises(InvalidInput, match="nothing to go back to"):
        registry.rollback()
    registry.promote("3")
    assert registry.rollback() == "1"


def test_a_damaged_export_is_downloaded_again(registry: Registry, tmp_path: Path) -> None:
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


def test_five_exports_and_the_champion_stay(registry: Registry, tmp_path: Path) -> None:
    versions = add(registry, tmp_path, KEPT_EXPORTS + 2)
    registry.promote(versions[0])
    for version in versions:
        registry.export(version)
    exports = {f.name for f in (registry.home / "bundles").iterdir()}
    assert exports == {versions[0], *versions[-KEPT_EXPORTS + 1 :]}
    assert registry.export(versions[1]).is_dir(), "what was removed is fetched again"


def test_an_unknown_version_lists_the_existing_ones(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none in .*; run `leadcast train` first"):
        registry.promote("1")
    add(registry, tmp_path, 2)
    for wanted in ("7", "champion", "../1"):
        with pytest.raises(InvalidInput, match="versions: 2, 1"):
            registry.promote(wanted)
    with pytest.raises(InvalidInput, match="`leadcast models promote VERSION` makes one the champion"):
        registry.resolve("champion")


def test_an_unwritable_home_is_refused_before_training(
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
