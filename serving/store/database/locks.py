"""Locks between the processes of a home: a fair file lock and a leader election."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A link put in the lock's place must not make the service open another file.
LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class FairFileLock:
    """Mutual exclusion between processes; the kernel releases it if the holder is killed.

    flock alone is unfair: a process that has just written takes the lock again before a waiting one wakes up. A
    waiter therefore holds a second file, the turn, until it has the lock. flock does not separate threads that
    share a descriptor; a thread lock does.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._lock = os.open(path, LOCK_FLAGS, 0o600)
        self._turn = os.open(path.with_suffix(".turn"), LOCK_FLAGS, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits for the lock, then holds it during the block."""
        with self._threads:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Closes the files; the lock must not be held."""
        os.close(self._lock)
        os.close(self._turn)


class LeaderElection:
    """At most one process of a home is the leader; the kernel ends its term when the process ends."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, LOCK_FLAGS, 0o600)
        self._is_leader = False

    def is_leader(self) -> bool:
        """True if this process is the leader; it becomes the leader if there is none."""
        if not self._is_leader:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._is_leader = True
            except BlockingIOError:
                return False
        return True

    def close(self) -> None:
        """Ends the term of this process."""
        os.close(self._file)
