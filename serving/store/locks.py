"""One writer at a time over all processes of a home: two file locks that pass the turn on fairly."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class TurnLock:
    """Mutual exclusion between processes that survives kill -9 of any of them: the kernel frees the locks.

    A waiter holds `turn` while it waits for `lock`, so a process that has just written cannot overtake it.
    Python's own lock keeps the threads of this process apart.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._lock = os.open(path, flags, 0o600)
        self._turn = os.open(path.with_suffix(".turn"), flags, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits for the turn, holds the lock for the block."""
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
        os.close(self._lock)
        os.close(self._turn)


class Election:
    """At most one process of a home holds the office; it falls free when the holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._elected = False

    def won(self) -> bool:
        """True when this process holds the office, now or already before."""
        if not self._elected:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._elected = True
            except BlockingIOError:
                return False
        return True

    def close(self) -> None:
        os.close(self._file)
