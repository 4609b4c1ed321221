"""A file that is replaced is the old or the new one, and what kills left beside it does not gather."""

import fcntl
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from history.base.atomic_file import remove_leftovers, replacing

ROOT = Path(__file__).parents[3]
KILLED = """
import os, pathlib, signal, sys
from history.base.atomic_file import replacing
with replacing(pathlib.Path(sys.argv[1])) as file:
    file.write(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_leftovers_of_a_killed_writer_go_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "a [1].csv"
    path.write_text("old")
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
        assert done.returncode == -9
    assert path.read_text() == "old"
    (left,) = (name for name in names(tmp_path) if name != path.name)
    with replacing(tmp_path / "another.csv") as file:
        file.write(b"new")
    assert left in names(tmp_path), "it is not the other file's"
    with replacing(path) as file:
        file.write(b"new")
    assert names(tmp_path) == ["a [1].csv", "another.csv"]
    assert path.read_text() == "new"


def test_files_of_a_live_writer_and_similar_names_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    (tmp_path / "target").write_text("kept")
    (tmp_path / ".a.csv-linkaaaa.part").symlink_to("target")
    os.mkfifo(tmp_path / ".a.csv-pipeaaaa.part")
    for name in (".a.csv-20260101", ".a.csv-20260101.part.gz", ".a.csv.part"):
        (tmp_path / name).touch()
    before = names(tmp_path)
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert names(tmp_path) == sorted([*before, "a.csv"])


def test_what_fails_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path):
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a.csv"]
    assert path.read_text() == "old"


def test_a_file_remove_leftovers_before_it_was_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer may come between the making of the file and the lock on it."""
    real, times = fcntl.flock, []

    def late(file: object, how: int) -> None:
        times.append(how)
        if len(times) == 1:
            remove_leftovers(tmp_path)
        real(file, how)  # type: ignore[arg-type]

    monkeypatch.setattr("history.base.atomic_file.fcntl.flock", late)
    with replacing(tmp_path / "a.csv") as file:
        file.write(b"new")
    assert (tmp_path / "a.csv").read_text() == "new"
    assert names(tmp_path) == ["a.csv"]


def test_many_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def write(number: int) -> None:
        with replacing(path) as file:
            file.write(bytes([65 + number]) * 10_000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert names(tmp_path) == ["a.csv"]
    assert len(set(path.read_bytes())) == 1
