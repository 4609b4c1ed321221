"""Locked directories: removed after use, left alone while in use, and removed by the next user after a kill."""

from pathlib import Path

import pytest

from history.base.locked_tempdir import locked, locked_tempdir


def test_directory_is_removed_after_use_and_after_a_failure(tmp_path: Path) -> None:
    with locked_tempdir(tmp_path, "run-") as folder:
        (folder / "file").write_text("x")
        assert folder.parent == tmp_path
    with pytest.raises(ZeroDivisionError), locked_tempdir(tmp_path, "run-"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_leftover_is_removed_but_nothing_in_use(tmp_path: Path) -> None:
    leftover, foreign = tmp_path / "run-left", tmp_path / "other"
    leftover.mkdir()
    foreign.mkdir()
    with locked_tempdir(tmp_path, "run-") as first, locked_tempdir(tmp_path, "run-") as second:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["other", first.name, second.name])
    assert list(tmp_path.iterdir()) == [foreign]


def test_lock_has_one_holder(tmp_path: Path) -> None:
    with locked(tmp_path) as is_first, locked(tmp_path) as is_second:
        assert (is_first, is_second) == (True, False)
    with locked(tmp_path) as is_free:
        assert is_free


def test_link_to_a_directory_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "run-link").symlink_to(target)
    with locked_tempdir(tmp_path, "run-"):
        pass
    assert target.exists()
