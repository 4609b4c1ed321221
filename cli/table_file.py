"""One table to one CSV or Parquet file: whole or not at all."""

import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq


def write_table(table: pa.Table, output: Path) -> None:
    """Writes beside `output` and renames; .parquet by its ending, CSV otherwise, in UTF-8.

    Texts are written as they are: an id that starts with = or + stays that id (docs/data-format.md, spreadsheets).
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.absolute().parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if output.suffix.lower() == ".parquet":
                pq.write_table(table, file)
            else:
                pa_csv.write_csv(table, file, pa_csv.WriteOptions(quoting_style="needed"))
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, output)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
