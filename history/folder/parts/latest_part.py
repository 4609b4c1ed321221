"""The part of a folder with its latest row, by the times as they are written."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints
from history.folder.tables.raw_table import times_of

# Such texts are in the order of their times, but for different offsets and what later rules set aside.
BEGINS_WITH_YEAR: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class LatestPart:
    """Looks at the rows of a folder while it is split; number is None before any time that begins with its year.

    Nothing is decided by it but the part that is read first.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._text = ""

    def add(self, table: str, rows: pa.RecordBatch, parts: Ints) -> None:
        """Rows (n,) of a table, at least one, and the part (n,) of each."""
        for name in times_of(table, rows.schema.names):
            column = _in_utc(rows.column(name))
            if column is None:
                continue
            latest = pc.max(column)
            text = (latest.cast(pa.string()).as_py() or "").replace(" ", "T")
            if text > self._text and BEGINS_WITH_YEAR.match(text):
                self.number, self._text = int(parts[pc.index(column, latest).as_py()]), text


def _in_utc(column: pa.Array) -> pa.Array | None:
    """The column if it is one of texts, dates or times, which lose their zone; else None."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp(column.type.unit))
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_date)
    return column if any(test(column.type) for test in tests) else None
