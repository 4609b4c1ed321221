"""Files replaced atomically, and the removal of temporary files that killed writers left."""

import fcntl
import glob
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from history.base.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

PART = ".part"
RANDOM = "?" * 8  # of a temporary name, as tempfile makes it


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A temporary file beside `path` that replaces it once it is on disk, and is removed after a failure.

    Leftovers of killed writers are removed first. A writer locks its file, so an unlocked one is a leftover.
    """
    remove_leftovers(path.absolute().parent, glob.escape(path.name))
    with _locked_temporary(path) as (file, name):
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
def _locked_temporary(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """A new locked file and its name."""
    # Another process may remove the file before it is locked, then it has no link: try again.
    while True:
        descriptor, name = tempfile.mkstemp(PART, f".{path.name}-", path.absolute().parent)
        with os.fdopen(descriptor, "wb") as file:
            with suppress(OSError):  # a file system without locks: nothing is ever removed there
                fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                yield file, name
                return


def remove_leftovers(folder: Path, names: str = "*") -> None:
    """Removes temporary files that killed writers of files of these names (a pattern) left in a folder."""
    for leftover in folder.glob(f".{names}-{RANDOM}{PART}"):
        with suppress(OSError):
            descriptor = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    leftover.unlink()
            finally:
                os.close(descriptor)


def write_table(table: "pa.Table", output: Path) -> None:
    """Writes Parquet if the name ends in .parquet, else CSV in UTF-8.

    Texts are written as they are: an id that starts with = or + stays that id (see the docs page).
    """
    write_tables([table], table.schema, output)


def write_tables(tables: "Iterable[pa.Table]", schema: "pa.Schema", output: Path) -> None:
    """`write_table` of tables of one schema, one after the other."""
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    with _replacing_output(output) as file:
        is_parquet = output.suffix.lower() == ".parquet"
        options = pa_csv.WriteOptions(quoting_style="needed")
        with (
            pq.ParquetWriter(file, schema)
            if is_parquet
            else pa_csv.CSVWriter(file, schema, write_options=options)
        ) as writer:
            for table in tables:
                writer.write_table(table)


def write_text(text: str, output: Path) -> None:
    """Writes the text in UTF-8 with its own line ends."""
    with _replacing_output(output) as file:
        file.write(text.encode())


def refuse_unless_file(path: Path) -> None:
    """Raises InvalidInput for a device, a pipe or a folder: replacing /dev/null would harm the whole machine."""
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{path} is a folder, a device or a pipe: name a file")


def _replacing_output(output: Path) -> AbstractContextManager[BinaryIO]:
    """A temporary file that replaces `output` once it is on disk, with the rights that the umask leaves."""
    refuse_unless_file(output)
    return replacing(output, 0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
