"""Columns of times that are all written alike: kept as instants, of which each gives back its text."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import types

from history.base.arrays import Bytes, Codes, Ints, Mask
from history.base.compiled import I32, compiled

BYTES: Final = types.Array(types.uint8, 1, "C", readonly=True)
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
        end = start + len(chunk)
        if len(chunk) and not _read(*_parts(chunk), _bytes(layout), us[start:end], given[start:end]):
            return None
        start = end
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
        days = (us // 86_400_000_000).astype(np.int32)
        return pa.array(days, mask=missing).view(pa.date32())
    zone = "UTC" if layout.endswith("Z") else None
    return pa.array(us, mask=missing).view(pa.timestamp("us", zone))


def _parts(chunk: pa.Array) -> tuple[Codes, Bytes, Mask]:
    """Offsets (n + 1,) of a chunk's texts, their bytes, and which are valid."""
    _, offsets, data = chunk.buffers()
    own = np.frombuffer(offsets, dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    valid = chunk.is_valid().to_numpy(zero_copy_only=False)
    return own, np.frombuffer(data or b"", dtype=np.uint8), valid


def _bytes(layout: str) -> Bytes:
    return np.frombuffer(layout.encode(), dtype=np.uint8)


@compiled()
def _number(data: Bytes, begin: Any, end: Any) -> Any:
    value = 0
    for i in range(begin, end):
        value = value * 10 + (data[i] - 48)
    return value


@compiled()
def _days(year: Any, month: Any, day: Any) -> Any:
    """Days since 1970 of a date of the Gregorian calendar, after Howard Hinnant's days_from_civil."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    year_of_era = y - era * 400
    shifted = month - 3 if month > 2 else month + 9
    day_of_year = (153 * shifted + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


@compiled()
def _days_of_month(year: Any, month: Any) -> Any:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@compiled(
    types.boolean(
        I32,
        BYTES,
        types.Array(types.boolean, 1, "C", readonly=True),
        BYTES,
        types.int64[::1],
        types.boolean[::1],
    )
)
def _read(offsets: Codes, data: Bytes, valid: Mask, layout: Bytes, us: Ints, given: Mask) -> bool:
    """Fills the instants (n,) of texts of one layout and marks those given; False at the first text of another form."""
    length = len(layout)
    for row in range(len(us)):
        begin = np.int64(offsets[row])
        size = offsets[row + 1] - begin
        if not valid[row] or size == 0:
            continue
        if size != length:
            return False
        for i in range(length):
            byte = data[begin + i]
            if (byte < 48 or byte > 57) if layout[i] == 48 else byte != layout[i]:
                return False
        year, month = _number(data, begin, begin + 4), _number(data, begin + 5, begin + 7)
        day = _number(data, begin + 8, begin + 10)
        if year < 1 or month < 1 or month > 12 or day < 1 or day > _days_of_month(year, month):
            return False
        value = _days(year, month, day) * 86_400
        fraction = 0
        if length > 10:
            hour, minute = _number(data, begin + 11, begin + 13), _number(data, begin + 14, begin + 16)
            second = _number(data, begin + 17, begin + 19)
            if hour > 23 or minute > 59 or second > 59:
                return False
            value += hour * 3600 + minute * 60 + second
            if length >= 26:
                fraction = _number(data, begin + 20, begin + 26)
            elif length >= 23:
                fraction = _number(data, begin + 20, begin + 23) * 1000
        us[row] = value * 1_000_000 + fraction
        given[row] = True
    return True
