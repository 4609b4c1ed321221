"""One table or text to one file: whole or not at all."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from features.errors import InvalidInput
from features.whole_file import replacing

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


def _renamed_to(output: Path) -> AbstractContextManager[BinaryIO]:
    """A file that takes the place of `output` once it is whole, readable by whom the umask lets."""
    refuse_unless_file(output)
    return replacing(output, 0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
