"""Locked temporary directories: removed after use, and by the next user if their process was killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked_tempdir(parent: Path, prefix: str) -> Iterator[Path]:
    """A new directory in `parent`, removed on exit; first removes unlocked ones of this user with the same prefix."""
    for leftover in parent.glob(f"{prefix}*"):
        with suppress(OSError), locked(leftover) as is_unused:
            if is_unused and leftover.stat().st_uid == os.geteuid():
                shutil.rmtree(leftover)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    with locked(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Locks a directory while the process lives; False if another process holds the lock."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
