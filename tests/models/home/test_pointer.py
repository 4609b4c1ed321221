"""The champion's pointer: what is written is what is read, a home can be moved, and nothing foreign is followed."""

import json
import shutil
from pathlib import Path

import pytest

from history.base.errors import DamagedArtifact
from models.home.pointer import POINTER, Pointer, read_pointer, write_pointer


def pointer_in(home: Path) -> Pointer:
    return Pointer("3", home / "bundles" / "3", "ab" * 32, ("2", "1"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_pointer(tmp_path) is None
    write_pointer(tmp_path, pointer_in(tmp_path))
    assert read_pointer(tmp_path) == pointer_in(tmp_path)
    assert (tmp_path / POINTER).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [POINTER]


def test_a_moved_home_points_into_itself(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    write_pointer(tmp_path / "old", pointer_in(tmp_path / "old"))
    shutil.move(tmp_path / "old", tmp_path / "new home")
    assert read_pointer(tmp_path / "new home") == pointer_in(tmp_path / "new home")


FOREIGN = ("", "{", "{}", "[]", "[1]", "null", '{"folder": 3}', "\x00\xff", '"champion"')


@pytest.mark.parametrize("content", [*FOREIGN, '{"model_version": 1, "folder": 3}'])
def test_what_is_not_a_pointer_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / POINTER).write_text(content, encoding="latin-1")
    with pytest.raises(DamagedArtifact, match=f"{POINTER}: not a champion file"):
        read_pointer(tmp_path)


def test_a_pointer_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Promoting again, the remedy of a damaged one, would not help against a missing right."""
    (tmp_path / POINTER).mkdir()
    with pytest.raises(DamagedArtifact, match="cannot be read: Is a directory"):
        read_pointer(tmp_path)


@pytest.mark.parametrize("folder", ["../elsewhere", "/etc", "bundles/../../x"])
def test_a_pointer_out_of_its_home_is_refused(tmp_path: Path, folder: str) -> None:
    write_pointer(tmp_path, pointer_in(tmp_path))
    content = json.loads((tmp_path / POINTER).read_text())
    (tmp_path / POINTER).write_text(json.dumps({**content, "folder": folder}))
    with pytest.raises(DamagedArtifact, match="outside"):
        read_pointer(tmp_path)
