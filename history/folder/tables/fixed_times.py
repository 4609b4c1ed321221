"""Columns of times that are all written alike: kept as instants, of which each gives back its text."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from history.base.arrays import Ints, Mask
from history.base.arrow_texts import text_bytes
from history.text.times import DAY_US, parse_alike

UTC: Final = ZoneInfo("UTC")
ROWS_AT_ONCE: Final = 1 << 16
LAYOUT: Final = re.compile(r"0000-00-00(?:[T ]00:00:00(?:\.0{3}(?:0{3})?)?Z?)?")
LENGTH_OF_DATE: Final = len("0000-00-00")
LENGTH_OF_SECONDS: Final = len("0000-00-00T00:00:00")
DIGIT: Final = re.compile("[0-9]")
FEWEST: Final = 4096  # rows, for the memory to matter
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001


@dataclass(frozen=True)
class FixedTimes:
    """Times as an array of timestamps or dates, and how each is written: 0000-00-00T00:00:00Z and the like."""

    array: pa.Array
    layout: str

    def text(self, row: int) -> str:
        """The text that the file has in this row, "" for none."""
        cell = self.array[row]
        if not cell.is_valid:
            return ""
        if len(self.layout) == LENGTH_OF_DATE:
            return str(cell.as_py().isoformat())
        moment = _EPOCH + timedelta(microseconds=cell.value)
        places = len(self.layout.rstrip("Z")) - LENGTH_OF_SECONDS - 1
        fraction = f".{moment.microsecond:06d}"[: places + 1] if places > 0 else ""
        zone = "Z" if self.layout.endswith("Z") else ""
        return moment.replace(microsecond=0).isoformat(sep=self.layout[LENGTH_OF_DATE]) + fraction + zone


def fixed_times(column: pa.ChunkedArray) -> FixedTimes | None:
    """The times of a column of texts if all of them are written alike and exist in the calendar, else None.

    Empty texts and nulls are missing. They hold the same instants as the texts, in a third of the memory.
    """
    if not pa.types.is_string(column.type) or len(column) < FEWEST:
        return None
    layout = _layout(column)
    if layout is None:
        return None
    us, given = np.zeros(len(column), dtype=np.int64), np.zeros(len(column), dtype=np.bool_)
    start = 0
    for chunk in column.chunks:
        for begin in range(0, len(chunk), ROWS_AT_ONCE):
            part = chunk.slice(begin, ROWS_AT_ONCE)
            rows = slice(start, start + len(part))
            if not _read(part, layout, us[rows], given[rows]):
                return None
            start += len(part)
    return FixedTimes(_array(us, given, layout), layout)


def _layout(column: pa.ChunkedArray) -> str | None:
    """How the first text is written, with 0 for each digit."""
    for chunk in column.chunks:
        for cell in chunk:
            if (text := cell.as_py()) is not None and text != "":
                layout = DIGIT.sub("0", text)
                return layout if LAYOUT.fullmatch(layout) else None
    return None


def _array(us: Ints, given: Mask, layout: str) -> pa.Array:
    missing = None if given.all() else ~given
    if len(layout) == LENGTH_OF_DATE:
        days = (us // DAY_US).astype(np.int32)
        return pa.array(days, mask=missing).view(pa.date32())
    zone = "UTC" if layout.endswith("Z") else None
    return pa.array(us, mask=missing).view(pa.timestamp("us", zone))


def _read(part: pa.Array, layout: str, us: Ints, given: Mask) -> bool:
    """Fills the instants (n,) of texts of this layout and marks those given; False if a text has another form."""
    offsets, data = text_bytes(part)
    lengths = np.diff(offsets)
    given[:] = part.is_valid().to_numpy(zero_copy_only=False) & (lengths > 0)
    if not np.array_equal(lengths, np.where(given, len(layout), 0)):
        return False
    texts = data[offsets[0] : offsets[-1]].reshape(-1, len(layout))
    form = np.frombuffer(layout.encode(), dtype=np.uint8)
    are_digits = form == ord("0")
    digits = texts[:, are_digits]
    if (texts[:, ~are_digits] != form[~are_digits]).any() or (
        (digits < ord("0")) | (digits > ord("9"))
    ).any():
        return False
    us[given], good = parse_alike(texts, layout, UTC)
    return bool(good.all())
