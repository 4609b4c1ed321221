"""A file that takes its place once it is whole, and what killed writers of it had left."""

import fcntl
import glob
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from history.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

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


def write_table(table: "pa.Table", output: Path) -> None:
    """Parquet by the ending, CSV otherwise, in UTF-8.

    Texts are written as they are: an id that starts with = or + stays that id (see the docs page).
    """
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    with _renamed_to(output) as file:
        if output.suffix.lower() == ".parquet":
            pq.write_table(table, file)
        else:
            pa_csv.write_csv(table, file, pa_csv.WriteOptions(quoting_style="needed"))


def write_text(text: str, output: Path) -> None:
    """The text in UTF-8, its line ends as they are."""
    with _renamed_to(output) as file:
        file.write(text.encode())


def refuse_unless_file(path: Path) -> None:
    """Raises InvalidInput for a device, a pipe or a folder: taking /dev/null's place would harm the whole machine."""
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{path} is a folder, a device or a pipe: name a file")


def _renamed_to(output: Path) -> AbstractContextManager[BinaryIO]:
    """A file that takes the place of `output` once it is whole, readable by whom the umask lets."""
    refuse_unless_file(output)
    return replacing(output, 0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
