"""A process's folder for a while, gone with it: also after a kill, once the next one looks."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def scratch(beside: Path, prefix: str) -> Iterator[Path]:
    """A folder of its own in `beside`, removed afterwards; what killed ones of this user left there goes first."""
    for left in beside.glob(f"{prefix}*"):
        with suppress(OSError), held(left) as free:
            if free and left.stat().st_uid == os.geteuid():
                shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
    with held(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Holds a folder as this process's own for as long as it lives; False where another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
