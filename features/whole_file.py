"""A file that takes its place once it is whole, and what killed writers of it had left."""

import fcntl
import glob
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PART = ".part"
RANDOM = "?" * 8  # of a temporary name, as tempfile makes it


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its place once it is written and on disk, and is gone when that fails.

    A writer holds a lock on its file: one that nobody holds was left by a kill, and goes first.
    """
    put_away(path.absolute().parent, glob.escape(path.name))
    with _held(path) as (file, name):
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def _held(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """A new file that this process holds; made again where another one put it away before it was held."""
    while True:
        descriptor, name = tempfile.mkstemp(PART, f".{path.name}-", path.absolute().parent)
        with os.fdopen(descriptor, "wb") as file:
            with suppress(OSError):  # a file system without locks: then nobody puts anything away
                fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                yield file, name
                return


def put_away(folder: Path, names: str = "*") -> None:
    """Removes what killed writers of files of these names (a pattern) left in a folder."""
    for left in folder.glob(f".{names}-{RANDOM}{PART}"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    left.unlink()
            finally:
                os.close(descriptor)
