"""A file that a command writes is whole or not there."""

import os
from pathlib import Path

import pyarrow as pa
import pytest

from history.base.atomic_file import write_table, write_text
from history.base.errors import InvalidInput


def test_a_failed_command_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    output = tmp_path / "scores.csv"
    write_text("old", output)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        write_text("new", output)
    with pytest.raises(OSError):
        write_table(pa.table({"a": [1]}), output)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    assert output.read_text() == "old"


def test_what_is_no_file_keeps_its_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to("pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "link.csv", "folder.csv"):
        with pytest.raises(InvalidInput, match="name a file"):
            write_text("new", tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "link.csv", "pipe.csv"]
    assert (tmp_path / "pipe.csv").is_fifo()


def test_others_may_read_what_the_umask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text("Zürich\n", tmp_path / "a.html")
    finally:
        os.umask(before)
    assert (tmp_path / "a.html").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "a.html").read_bytes() == "Zürich\n".encode()
