"""Times as people write them: local dates in the order of their column, offsets after a blank, own formats."""

import re
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask
from history.base.whole import ALONE, ColumnOfWhole, Question
from history.folder.values import columns
from history.folder.values.columns import Times
from history.text.date_order import DateOrder
from history.text.time_formats import DAY_FIRST, format_pattern, order_of_format
from history.text.times import HOUR_US, SECOND_US, day_starts, from_local
from history.text.written_dates import written_date

FIRST_SHORT_YEAR: Final = 1970  # 70 is 1970, 69 is 2069
MINUTE_US: Final = 60 * SECOND_US
# 3/31/2026, 31.03.2026 14:05, 3/31/26, 2:05 PM, 31-3-2026 14:05:00
LOCAL: Final = (
    r"^(?P<a>[0-9]{1,2})(?P<mark>[./-])(?P<b>[0-9]{1,2})[./-](?P<year>[0-9]{4}|[0-9]{2})\.?"
    r"(?:,?\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?\s*(?P<half>[AaPp])?\.?[\s\x{a0}\x{202f}]*[Mm]?\.?)?$"
)
UNPADDED: Final = r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T]([0-9]{1,2}):(.*))?$"
BARE_DATE: Final = (
    r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$|^[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})\.?$"
)
NAMED_ZERO: Final = r"\s*\(?(?:UTC|GMT)\)?$"
SPACED_OFFSET: Final = r"\s+([+-][0-9]{2}:?[0-9]{2})$"

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


# ---- the order of day and month


def count_dates(evidence: DateOrder, array: pa.Array, where: str) -> None:
    """Counts the local dates of a column; where: its name in messages."""
    parts = _matches(array, LOCAL)
    if parts is None:
        return
    a, b = _number(parts, "a"), _number(parts, "b")
    rows = np.flatnonzero((a >= 0) & (_text(parts, "mark") != "."))
    is_open = evidence.count(a[rows], b[rows])
    if is_open.any() and not evidence.example:
        evidence.example, evidence.where = str(array[int(rows[np.argmax(is_open)])].as_py()), where


def order_of(array: pa.Array, column: ColumnOfWhole) -> str | None:
    """The order of day and month by the evidence of one column."""
    evidence = DateOrder()
    count_dates(evidence, array, "")
    question = Question(f"order of dates in {column.name}", DateOrder.and_then, DateOrder.decided)
    return column.whole.decide(question, evidence)


# ---- columns


def read_times(array: pa.Array, zone: ZoneInfo, order: str | None) -> Times:
    """A column of texts as instants; those without an offset are in `zone`, local dates in the given order."""
    read = columns.times(array, zone)
    given = read.given & pc.is_valid(array).to_numpy(zero_copy_only=False)
    us, good, is_date = read.us.copy(), read.good & given, read.is_date.copy()
    rest = np.flatnonzero(given & ~good)
    if not len(rest):
        return replace(read, given=given, good=good)
    values = _with_iso_offsets(array.take(pa.array(rest)))
    is_local = _matching(values, LOCAL)
    us[rest], good[rest] = _local_times(values, zone, order)
    is_date[rest] = good[rest] & _matching(values, BARE_DATE)
    others = rest[~is_local]
    if len(others):
        texts = values.filter(pa.array(~is_local)).to_pylist()
        iso = pa.array([_iso(text, order) for text in texts], pa.string())
        again = columns.times(iso, zone)
        us[others], good[others], is_date[others] = (
            again.us,
            again.good,
            again.good & _matching(iso, BARE_DATE),
        )
    return Times(us, given, good, is_date)


def read_column(
    array: pa.Array, zone: ZoneInfo, time_format: str | None, column: ColumnOfWhole = ALONE
) -> Times:
    """A column of a data folder as instants: ISO 8601, then the format of funnel.toml, then local dates.

    The order of day and month is that of the format, else by the evidence of the column, of which `column` names
    the folder; left open, dates that depend on it are not good.
    """
    read = columns.times(array, zone)
    rest = np.flatnonzero(read.given & ~read.good)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if not len(rest) or not pa.types.is_string(kind):
        return read
    values = pc.utf8_trim_whitespace(array.take(pa.array(rest)).cast(pa.string()))
    order = order_of(values, column) if time_format is None else order_of_format(time_format)
    again = read_times(values, zone, order)
    us, good, is_date = read.us.copy(), read.good.copy(), read.is_date.copy()
    us[rest], good[rest], is_date[rest] = again.us, again.good, again.is_date & again.good
    if time_format is not None:
        formatted = _formatted_times(values, zone, time_format)
        rows = rest[formatted.good]
        us[rows], good[rows], is_date[rows] = (
            formatted.us[formatted.good],
            True,
            formatted.is_date[formatted.good],
        )
    is_local = np.zeros(len(array), dtype=np.bool_)
    is_local[rest] = _matching(values, LOCAL)
    return replace(read, us=us, good=good, is_date=is_date, is_local=is_local, order=order)


def _with_iso_offsets(array: pa.Array) -> pa.Array:
    """The column with Z in place of UTC and GMT, and without a blank before an offset."""
    if pc.any(pc.match_substring_regex(array, NAMED_ZERO)).as_py():
        array = pc.replace_substring_regex(array, NAMED_ZERO, "Z")
    if pc.any(pc.match_substring_regex(array, SPACED_OFFSET)).as_py():
        array = pc.replace_substring_regex(array, SPACED_OFFSET, r"\1")
    return array


def _iso(text: str, order: str | None) -> str:
    """2026-3-2 6:49, 2026/3/2 and 2 Mar 2026 as ISO 8601; any other text as it is."""
    match = re.match(UNPADDED, text)
    if match is None:
        return written_date(text, order) or text
    year, month, day, hour, rest = match.groups()
    moment = f" {int(hour):02d}:{rest}" if hour else ""
    return f"{year}-{int(month):02d}-{int(day):02d}{moment}"


# ---- local dates and formats


def _local_times(values: pa.Array, zone: ZoneInfo, order: str | None) -> tuple[Ints, Mask]:
    parts = _matches(values, LOCAL)
    if parts is None:
        return np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.bool_)
    a, b = _number(parts, "a"), _number(parts, "b")
    is_dotted = _text(parts, "mark") == "."
    is_decided = (a >= 0) & ((order is not None) | is_dotted | (a == b))
    is_day_first = is_dotted | (order == DAY_FIRST)
    us, good = _wall_us(parts, month=np.where(is_day_first, b, a), day=np.where(is_day_first, a, b))
    good &= is_decided
    return from_local(np.where(good, us, 0), zone), good


def _formatted_times(values: pa.Array, zone: ZoneInfo, time_format: str) -> Times:
    pattern = format_pattern(time_format)
    given = np.ones(len(values), dtype=np.bool_)
    nothing = np.zeros(len(values), dtype=np.bool_)
    parts = _matches(values, pattern)
    if parts is None:
        return Times(np.zeros(len(values), dtype=np.int64), given, nothing, nothing)
    has_name = "?P<name>" in pattern
    month = _month_numbers(parts) if has_name else _number(parts, "month")
    us, good = _wall_us(parts, month, _number(parts, "day"))
    offset = _text(parts, "offset")
    us = np.where(offset == "", from_local(np.where(good, us, 0), zone), us - _offset_us(offset))
    is_date = np.full(len(values), "?P<hour>" not in pattern)
    return Times(np.where(good, us, 0), given, good, is_date & good)


def _month_numbers(parts: Any) -> Ints:
    names = _text(parts, "name").tolist()
    return np.array([MONTHS.index(key) + 1 if (key := name[:3].lower()) in MONTHS else -1 for name in names])


def _offset_us(offsets: "np.ndarray[Any, np.dtype[np.str_]]") -> Ints:
    distinct, inverse = np.unique(offsets, return_inverse=True)
    return np.array([_one_offset_us(text) for text in distinct.tolist()], dtype=np.int64)[inverse]


def _one_offset_us(text: str) -> int:
    if text in ("", "Z"):
        return 0
    size = int(text[1:3]) * HOUR_US + int(text[-2:]) * MINUTE_US
    return -size if text[0] == "-" else size


def _wall_us(parts: Any, month: Ints, day: Ints) -> tuple[Ints, Mask]:
    """Wall-clock microseconds of matched parts, and which of them exist in the calendar."""
    year = _number(parts, "year")
    short = (year >= 0) & (year < 100)
    year = np.where(short, FIRST_SHORT_YEAR + (year - FIRST_SHORT_YEAR) % 100, year)
    us, good = day_starts(year, month, day)
    hour, half = _number(parts, "hour"), np.char.lower(_text(parts, "half"))
    good &= (half == "") | (hour <= 12)
    hour = np.where((half == "p") & (hour < 12), hour + 12, np.where((half == "a") & (hour == 12), 0, hour))
    minute, second = _number(parts, "minute"), _number(parts, "second")
    good &= (hour < 24) & (minute < 60) & (second < 60)
    us += (
        np.maximum(hour, 0) * HOUR_US + np.maximum(minute, 0) * MINUTE_US + np.maximum(second, 0) * SECOND_US
    )
    fraction = _text(parts, "fraction")
    if fraction.any():
        us += np.array([int(text.ljust(6, "0") or 0) for text in fraction.tolist()], dtype=np.int64)
    return us, good


def _matches(array: pa.Array, pattern: str) -> Any:
    """The parts of the texts that match, as a struct array; None if no text does."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not len(array) or not pc.any(pc.match_substring_regex(array, pattern)).as_py():
        return None
    return pc.extract_regex(array, pattern)


def _matching(array: pa.Array, pattern: str) -> Mask:
    matches = pc.fill_null(pc.match_substring_regex(array, pattern), False)
    return np.asarray(matches.to_numpy(zero_copy_only=False))


def _number(parts: Any, name: str) -> Ints:
    """The number of each row's part, -1 if it has none."""
    texts = _column(parts, name)
    numbers = pc.if_else(pc.equal(texts, ""), "-1", texts).cast(pa.int64())
    return np.asarray(pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False))


def _text(parts: Any, name: str) -> "np.ndarray[Any, np.dtype[np.str_]]":
    texts = _column(parts, name).to_pylist()
    return np.array(texts or [""], dtype=np.str_)[: len(texts)]


def _column(parts: Any, name: str) -> Any:
    """The texts of a part, "" for none."""
    if parts.type.get_field_index(name) < 0:
        return pa.array([""] * len(parts), pa.string())
    return pc.fill_null(pc.struct_field(parts, name), "")
