"""One table or text to one file: whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from features.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa


def write_table(table: "pa.Table", output: Path) -> None:
    """Parquet by the ending, CSV otherwise, in UTF-8.

    Texts are written as they are: an id that starts with = or + stays that id (docs/data-format.md, spreadsheets).
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


@contextmanager
def _renamed_to(output: Path) -> Iterator[BinaryIO]:
    """A file beside `output` that takes its place once it is written and on disk, and is gone when that fails."""
    refuse_unless_file(output)
    descriptor, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.absolute().parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
