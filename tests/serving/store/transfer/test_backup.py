"""A backup holds the store and the champion; a damaged one changes nothing."""

import hashlib
import io
import json
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import models.home.pointer
from history.base.errors import DamagedArtifact
from history.base.locked_tempdir import locked
from models.home.pointer import Pointer, manifest_sha256, read_pointer, write_pointer
from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from serving.store.transfer.backup import SCRATCH, backup, restore
from tests.builders.service.store_fakes import NOW_US, Clock, contents

pytest_plugins = ["tests.builders.service.store_fixtures"]
FAR_US = 7_258_118_400_000_000


def fill(store: Store, names: str) -> None:
    for name in names:
        store.writer.write(put_leads, PutLead(name, NOW_US - 10**12, {"owner": name}))
        store.writer.write(put_leads, PutLead(name, NOW_US - 10**12, {"owner": name * 2}))


def promote(home: Path, version: str) -> None:
    folder = home / "bundles" / version
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"version": version}))
    (folder / "model.json").write_text("{}")
    write_pointer(home, Pointer(version, folder, manifest_sha256(folder), ("0",)))


@pytest.fixture(autouse=True)
def _any_bundle_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.home.pointer, "load_bundle", lambda folder, version: None)


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    fill(store, "abc")
    promote(store.engine.home, "7")
    backup(store.engine, tmp_path / "safe" / "b.tar", NOW_US)
    return tmp_path / "safe" / "b.tar"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "other", now_us=Clock())
    yield store
    store.close()


def test_restored_backup_is_the_same_store_and_model(store: Store, file: Path, other: Store) -> None:
    fill(other, "xyz")
    restored = restore(other.engine, file)
    assert (restored.leads, restored.model_version) == (3, "7")
    assert contents(other.read_all(FAR_US)) == contents(store.read_all(FAR_US))
    pointer = read_pointer(other.engine.home)
    assert pointer is not None
    assert (pointer.model_version, pointer.before) == ("7", ("0",))
    assert manifest_sha256(pointer.folder) == pointer.manifest_sha256
    fill(other, "d")
    assert other.count_leads() == 4


def test_restore_replaces_a_bundle_only_if_damaged(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(folder: Path, _version: str) -> None:
        if (folder / "model.json").read_text() != "{}":
            raise DamagedArtifact("model.json has changed")

    monkeypatch.setattr(models.home.pointer, "load_bundle", verify)
    folder = store.engine.home / "bundles" / "7"
    before = folder.stat().st_ino
    restore(store.engine, file)
    assert folder.stat().st_ino == before, "the champion exists at every moment"
    (folder / "model.json").write_text("[]")
    restore(store.engine, file)
    assert (folder / "model.json").read_text() == "{}"
    assert not list(store.engine.home.glob(f"{SCRATCH}*"))


def test_restore_removes_later_rows(store: Store, file: Path) -> None:
    before = contents(store.read_all(FAR_US))
    fill(store, "de")
    with store.engine.reading() as reader:
        reader.exec_driver_sql("SELECT 1").all()
    restore(store.engine, file)
    assert contents(store.read_all(FAR_US)) == before
    fill(store, "f")
    assert store.count_leads() == 4


def test_backup_is_one_file_for_its_owner_alone(store: Store, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["b.tar"]
    assert not list(store.engine.home.glob(f"{SCRATCH}*"))


def test_backup_deletes_leftovers_of_killed_ones(store: Store, file: Path) -> None:
    left, at_work, link = (file.parent / f"{SCRATCH}{name}" for name in ("left", "at-work", "link"))
    foreign = file.parent / ".backup-of-somebody"
    for folder in (left, at_work, foreign):
        folder.mkdir()
        (folder / "store.db").write_text("leads")
    link.symlink_to(foreign)
    with locked(at_work) as ours:
        assert ours
        backup(store.engine, file, NOW_US)
    assert {path.name for path in file.parent.iterdir()} == {file.name, at_work.name, link.name, foreign.name}
    assert (foreign / "store.db").exists()


def rewritten(file: Path, **changed: Any) -> None:
    """Rewrites the tar with members changed, added or (None) removed."""
    with tarfile.open(file) as tar:
        content = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}  # type: ignore[union-attr]
    content.update(changed)
    with tarfile.open(file, "w") as tar:
        for name, data in content.items():
            if data is not None:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))


def manifest_of(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as tar:
        content: dict[str, Any] = json.load(tar.extractfile("backup.json"))  # type: ignore[arg-type]
    return content


def resigned(file: Path, name: str, data: bytes) -> None:
    """Rewrites the tar with another content of a member, and its digest in the manifest."""
    manifest = manifest_of(file)
    manifest["files"][name] = hashlib.sha256(data).hexdigest()
    rewritten(file, **{"backup.json": json.dumps(manifest).encode(), name: data})


@pytest.mark.parametrize(
    "damage",
    [
        "empty",
        "text",
        "truncated",
        "flipped",
        "no manifest",
        "member missing",
        "member added",
        "path outside",
        "no store",
        "no leads",
        "no model",
        "another manifest",
    ],
)
def test_damaged_backup_changes_nothing(file: Path, other: Store, damage: str) -> None:
    fill(other, "xyz")
    promote(other.engine.home, "1")
    before = contents(other.read_all(FAR_US))
    raw = bytearray(file.read_bytes())
    if damage == "empty":
        file.write_bytes(b"")
    elif damage == "text":
        file.write_text("this is no backup\n" * 1000)
    elif damage == "truncated":
        file.write_bytes(raw[: len(raw) // 2])
    elif damage == "flipped":
        raw[len(raw) // 2] ^= 1
        file.write_bytes(raw)
    elif damage == "no manifest":
        rewritten(file, **{"backup.json": None})
    elif damage == "member missing":
        rewritten(file, **{"bundles/7/model.json": None})
    elif damage == "member added":
        rewritten(file, more=b"x")
    elif damage == "path outside":
        rewritten(file, **{"../outside": b"x"})
    elif damage == "no store":
        rewritten(file, **{"store.db": b"not a database" * 100})
    elif damage == "another manifest":
        resigned(file, "bundles/7/manifest.json", b"{}")
    else:
        manifest = manifest_of(file)
        del manifest["leads" if damage == "no leads" else "model_version"]
        rewritten(file, **{"backup.json": json.dumps(manifest).encode()})
    with pytest.raises(DamagedArtifact):
        restore(other.engine, file)
    assert contents(other.read_all(FAR_US)) == before
    pointer = read_pointer(other.engine.home)
    assert pointer is not None
    assert pointer.model_version == "1"
    assert not (other.engine.home.parent / "outside").exists()


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_champion_is_not_backed_up(store: Store, file: Path, damage: str) -> None:
    """Such a backup was written silently and refused when it was needed, with all its leads."""
    before = file.read_bytes()
    folder = store.engine.home / "bundles" / "7"
    if damage == "changed":
        (folder / "manifest.json").write_text("{}")
    else:
        shutil.rmtree(folder)
    with pytest.raises(DamagedArtifact, match="promote a version again"):
        backup(store.engine, file, NOW_US)
    assert file.read_bytes() == before
