"""Zip archives: the wanted files in order of their names, none outside of the folder, damage named."""

import gc
import zipfile
from pathlib import Path

import pytest

from connectors.formats.archive import Unpacked, unpack
from history.base.errors import InvalidInput


def archive(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, name.encode())
    return path


def test_wanted_files_are_unpacked_under_their_names(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ["b.csv", "sub/A.CSV", "readme.md", "__MACOSX/b.csv", ".hidden.csv"])
    folder = Unpacked()
    members = unpack(path, "a.zip", (".csv",), folder)
    assert {member.path.parent for member in members} == {folder.path}
    assert [member.name for member in members] == ["a.zip/b.csv", "a.zip/sub/A.CSV"]
    assert [member.path.read_text() for member in members] == ["b.csv", "sub/A.CSV"]


def test_name_in_an_archive_never_leaves_the_folder(tmp_path: Path) -> None:
    folder = Unpacked()
    members = unpack(archive(tmp_path / "a.zip", ["../evil.csv", "/abs.csv"]), "a.zip", (".csv",), folder)
    assert len(members) == 2
    assert all(member.path.parent == folder.path for member in members)


def test_folder_is_removed_with_its_last_reference(tmp_path: Path) -> None:
    folder = Unpacked()
    path = folder.path
    assert path.is_dir()
    del folder
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_damaged_archive_is_named(tmp_path: Path, keep: int) -> None:
    path = archive(tmp_path / "a.zip", ["b.csv"])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InvalidInput, match=r"a\.zip cannot be unpacked"):
        unpack(path, "a.zip", (".csv",), Unpacked())
