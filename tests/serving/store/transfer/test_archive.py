"""The backup file: whole or not at all, and nothing that its manifest does not list is extracted."""

import io
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from history.base.errors import DamagedArtifact
from serving.store.transfer.archive import MANIFEST, STORE, pack, unpack

RECORD: dict[str, Any] = {"leads": 3, "model_version": None}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "bundles" / "7").mkdir(parents=True)
    (folder / STORE).write_bytes(b"rows")
    (folder / "bundles" / "7" / "model.json").write_text("{}")
    return folder


@pytest.fixture
def file(content: Path, tmp_path: Path) -> Path:
    pack(content, RECORD, tmp_path / "b.tar")
    return tmp_path / "b.tar"


def test_files_are_unpacked_as_they_were(content: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    manifest = unpack(file, tmp_path / "out")
    assert (manifest["leads"], set(manifest["files"])) == (3, {STORE, "bundles/7/model.json"})
    for name in manifest["files"]:
        assert (tmp_path / "out" / name).read_bytes() == (content / name).read_bytes()
        assert stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) == 0o600


def test_failure_leaves_neither_half_nor_old_file(
    content: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def fail(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        pack(content, RECORD, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_archive_names_no_user(file: Path) -> None:
    with tarfile.open(file) as tar:
        for member in tar.getmembers():
            assert (member.uid, member.uname, member.gname, member.mode) == (0, "", "", 0o600)


def rewritten(file: Path, name: str, text: bytes, kind: bytes = tarfile.REGTYPE) -> Path:
    """The backup with one more member, listed in its manifest."""
    with tarfile.open(file) as tar:
        members = {m.name: (tar.extractfile(m) or io.BytesIO()).read() for m in tar.getmembers()}
    manifest = json.loads(members.pop(MANIFEST))
    manifest["files"][name] = "0" * 64
    changed = file.with_name("changed.tar")
    with tarfile.open(changed, "w") as tar:
        for member, data in ((MANIFEST, json.dumps(manifest).encode()), *members.items()):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = len(text), kind, "/etc/passwd"
        tar.addfile(info, io.BytesIO(text) if kind == tarfile.REGTYPE else None)
    return changed


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../evil", tarfile.REGTYPE), ("/tmp/evil", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)],
)
def test_member_outside_of_the_folder_is_refused(file: Path, tmp_path: Path, name: str, kind: bytes) -> None:
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    with pytest.raises(DamagedArtifact, match="is not a backup"):
        unpack(rewritten(file, name, b"", kind), out)
    assert not (tmp_path / "deep" / "evil").exists()
    assert not (out / "link").exists()


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_cut_or_compressed_file_is_refused(file: Path, tmp_path: Path, at: float) -> None:
    content = file.read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: int(at * 3000)])
    (tmp_path / "out").mkdir()
    with pytest.raises(DamagedArtifact):
        unpack(tmp_path / "cut.tar", tmp_path / "out")
