"""Times and numbers of exports: as the folder door reads them, and milliseconds since 1970."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask
from history.folder.values import local_times
from history.folder.values.columns import Times
from history.folder.values.local_numbers import read_numbers
from history.folder.values.local_times import count_dates
from history.text.date_order import DateOrder
from history.text.time_formats import DAY_FIRST, MONTH_FIRST
from history.text.written_numbers import COMMA, POINT, decimal_mark

__all__ = [
    "COMMA",
    "DAY_FIRST",
    "MONTH_FIRST",
    "POINT",
    "DateOrder",
    "count_dates",
    "days_in",
    "decimal_mark",
    "end_of_day",
    "read_numbers",
    "read_times",
]

MILLISECONDS: Final = r"^[0-9]{13}(?:\.0+)?$"  # since 1970, as web APIs write a time: 2001 to 2286
# Days since 1899-12-30, as a spreadsheet writes a date whose cell has no format: 1954 to 2119.
SERIAL: Final = r"^[2-7][0-9]{4}(?:[.,][0-9]+)?$"
SPREADSHEET_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_SECONDS: Final = 86_400
LONGEST_DATE: Final = 23  # characters: 2026-01-31 00:00:00.000
# What a spreadsheet writes where a formula fails, in its usual languages: #N/A, #REF!, #DIV/0!, #WERT!, #¿NOMBRE?
ERROR_CELL: Final = r"^#(?:N/?A|NV|N/D|[¡¿]?(?:\p{Lu}+|DIV/0)[!?])$"
DATE_ONLY: Final = (
    r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ T]00:00(?::00(?:\.0+)?)?)?$"
    r"|^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}\.?$"
)


# What databases, data frames and reports write for nothing; as people may write "None" or "n/a", these stay.
NOTHING: Final = ("NULL", "\\N", "<NA>", "<null>", "(null)", "nan", "NaN", "NaT", "-", "--", "–", "—")


def without_nothing(texts: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """The texts with null for the usual words for nothing, and how many there were."""
    are_nothing = pc.is_in(texts, value_set=pa.array(NOTHING))
    count = pc.sum(are_nothing).as_py() or 0
    return (pc.if_else(are_nothing, pa.scalar(None, pa.string()), texts), count) if count else (texts, 0)


def without_errors(texts: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """The texts with null for the error words of spreadsheets, and how many there were."""
    if not pc.any(pc.starts_with(texts, "#")).as_py():
        return texts, 0
    are_errors = pc.fill_null(pc.match_substring_regex(texts, ERROR_CELL), False)
    return pc.if_else(are_errors, pa.scalar(None, pa.string()), texts), pc.sum(are_errors).as_py()


def read_times(array: pa.Array, zone: ZoneInfo, order: str | None) -> Times:
    """A column of texts as instants; those without an offset are in `zone`, local dates in the given order.

    Milliseconds since 1970 and the days of a spreadsheet are times too, and a date at 00:00 is a bare one, as some
    systems write it.
    """
    if pc.any(pc.match_substring_regex(array, SERIAL)).as_py():
        array = _from_serials(array)
    if pc.any(pc.match_substring_regex(array, MILLISECONDS)).as_py():
        array = _from_milliseconds(array)
    return replace(local_times.read_times(array, zone, order), is_date=_are_dates(array))


def _from_milliseconds(array: pa.Array) -> pa.Array:
    """The column with ISO 8601 in UTC in the place of milliseconds since 1970."""
    texts = array.to_pylist()
    return pa.array(
        [
            (EPOCH + timedelta(milliseconds=int(text[:13]))).isoformat()
            if text is not None and re.match(MILLISECONDS, text)
            else text
            for text in texts
        ],
        pa.string(),
    )


def _from_serials(array: pa.Array) -> pa.Array:
    """The column with local dates and times, to the second, in the place of a spreadsheet's days."""
    texts = []
    for text in array.to_pylist():
        if text is not None and re.match(SERIAL, text):
            seconds = round(float(text.replace(",", ".")) * DAY_SECONDS)
            text = (SPREADSHEET_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
        texts.append(text)
    return pa.array(texts, pa.string())


def _are_dates(array: pa.Array) -> Mask:
    """Which values are bare dates; a column of longer texts is not searched."""
    shortest = pc.min(pc.binary_length(array)).as_py()
    if shortest is None or shortest > LONGEST_DATE:
        return np.zeros(len(array), dtype=np.bool_)
    dates = pc.fill_null(pc.match_substring_regex(array, DATE_ONLY), False)
    return np.asarray(dates.to_numpy(zero_copy_only=False))


def end_of_day(us: Ints, zone: ZoneInfo) -> Ints:
    """The last microsecond of the day in `zone` in which each instant lies."""
    days, inverse = np.unique(us, return_inverse=True)
    ends = []
    for instant in days.tolist():
        wall = (EPOCH + timedelta(microseconds=instant)).astimezone(zone)
        following = datetime.combine(wall.date() + timedelta(days=1), time(0), zone)
        ends.append((following - EPOCH) // timedelta(microseconds=1) - 1)
    return np.array(ends, dtype=np.int64)[inverse] if ends else us.copy()


def days_in(read: Times, zone: ZoneInfo) -> list[str | None]:
    """The day of each instant in `zone` (n,), None for no time."""
    days = {
        us: (EPOCH + timedelta(microseconds=us)).astimezone(zone).date().isoformat()
        for us in np.unique(read.us[read.known]).tolist()
    }
    return [days[us] if ok else None for us, ok in zip(read.us.tolist(), read.known.tolist(), strict=True)]
