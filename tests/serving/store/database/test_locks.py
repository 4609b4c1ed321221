"""Locks between processes: one holder, one leader, both released when it ends."""

import fcntl
from contextlib import closing
from pathlib import Path

import pytest

from serving.store.database.locks import FairFileLock, LeaderElection


def test_lock_has_one_holder_at_a_time(tmp_path: Path) -> None:
    """Two locks of one file exclude each other as two processes do: flock belongs to a descriptor."""
    path = tmp_path / "a.lock"
    with closing(FairFileLock(path)) as first, closing(FairFileLock(path)) as second:
        with first.held(), pytest.raises(BlockingIOError):
            fcntl.flock(second._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with second.held(), pytest.raises(BlockingIOError):
            fcntl.flock(first._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_leader_is_replaced_when_it_ends(tmp_path: Path) -> None:
    first, second = (LeaderElection(tmp_path / "leader.lock") for _ in range(2))
    assert first.is_leader()
    assert not second.is_leader()
    assert first.is_leader()
    first.close()
    assert second.is_leader()
    second.close()
