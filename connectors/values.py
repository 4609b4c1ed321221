"""Times and numbers as CRMs write them for people: local dates, currency signs, separators of thousands."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.arrays import Floats, Ints, Mask
from history.folder import columns as folder_columns
from history.folder.columns import Times

# 3/31/2026, 31.03.2026 14:05, 3/31/26, 2:05 PM, 31-3-2026 14:05:00
LOCAL: Final = (
    r"^(?P<a>[0-9]{1,2})(?P<mark>[./-])(?P<b>[0-9]{1,2})[./-](?P<year>[0-9]{4}|[0-9]{2})\.?"
    r"(?:,?\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?\s*(?P<half>[AaPp])?\.?[Mm]?\.?)?$"
)
MILLISECONDS: Final = r"^[0-9]{13}(?:\.0+)?$"  # since 1970, as web APIs write a time: 2001 to 2286
UNPADDED: Final = r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T]([0-9]{1,2}):(.*))?$"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_FIRST: Final = "day first"
MONTH_FIRST: Final = "month first"
LARGEST_DAY_OR_MONTH: Final = 12
LONGEST_DATE: Final = 23  # characters: 2026-01-31 00:00:00.000
DATE_ONLY: Final = (
    r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ T]00:00(?::00(?:\.0+)?)?)?$"
    r"|^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}\.?$"
)


@dataclass
class DateOrder:
    """Evidence for the order of day and month in local dates, gathered over the columns of an export."""

    day_first: int = 0
    month_first: int = 0
    undecided: int = 0
    example: str = ""
    where: str = ""

    def add(self, array: pa.Array, where: str) -> None:
        """Counts the evidence of one column."""
        parts = _local_parts(array)
        if parts is None:
            return
        a, b, dotted = _number(parts, "a"), _number(parts, "b"), _text(parts, "mark") == "."
        local = a >= 0
        day = local & ((a > LARGEST_DAY_OR_MONTH) | dotted)
        month = local & ~day & (b > LARGEST_DAY_OR_MONTH)
        self.day_first += int(day.sum())
        self.month_first += int(month.sum())
        unclear = np.flatnonzero(local & ~day & ~month & (a != b))
        self.undecided += len(unclear)
        if len(unclear) and not self.example:
            self.example, self.where = str(array[int(unclear[0])].as_py()), where

    def decided(self) -> str | None:
        """DAY_FIRST or MONTH_FIRST; None if the dates leave it open or contradict each other."""
        if self.day_first and self.month_first:
            return None
        if self.day_first:
            return DAY_FIRST
        return MONTH_FIRST if self.month_first else None


def read_times(array: pa.Array, zone: ZoneInfo, order: str | None) -> Times:
    """A column of texts as instants; those without an offset are in `zone`, local dates in the given order."""
    if pc.any(pc.or_(pc.ends_with(array, "UTC"), pc.ends_with(array, "GMT"))).as_py():
        array = pc.replace_substring_regex(array, r"\s*(UTC|GMT)$", "Z")
    if pc.any(pc.match_substring_regex(array, MILLISECONDS)).as_py():
        array = _from_milliseconds(array)
    read = folder_columns.times(array, zone)
    given, good, us = (
        read.given & pc.is_valid(array).to_numpy(zero_copy_only=False),
        read.good.copy(),
        read.us.copy(),
    )
    rest = np.flatnonzero(given & ~good)
    if len(rest):
        values = array.take(pa.array(rest))
        padded = pa.array([_padded(text) for text in values.to_pylist()], pa.string())
        again = folder_columns.times(padded, zone)
        us[rest], good[rest] = again.us, again.good
        local_us, local_good = _local_times(values, zone, order)
        us[rest[local_good]], good[rest[local_good]] = local_us[local_good], True
    return Times(us, given, good & given, _are_dates(array))


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


def _are_dates(array: pa.Array) -> Mask:
    """Which values are bare dates; a column of longer texts is not searched."""
    shortest = pc.min(pc.binary_length(array)).as_py()
    if shortest is None or shortest > LONGEST_DATE:
        return np.zeros(len(array), dtype=np.bool_)
    dates = pc.fill_null(pc.match_substring_regex(array, DATE_ONLY), False)
    return np.asarray(dates.to_numpy(zero_copy_only=False))


def _padded(text: str) -> str:
    match = re.match(UNPADDED, text)
    if match is None:
        return text
    year, month, day, hour, rest = match.groups()
    moment = f" {int(hour):02d}:{rest}" if hour else ""
    return f"{year}-{int(month):02d}-{int(day):02d}{moment}"


def _local_times(values: pa.Array, zone: ZoneInfo, order: str | None) -> tuple[Ints, Mask]:
    nothing = np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.bool_)
    parts = _local_parts(values)
    if parts is None:
        return nothing
    a, b, year = _number(parts, "a"), _number(parts, "b"), _number(parts, "year")
    dotted = _text(parts, "mark") == "."
    same = a == b
    decided = np.full(len(a), order is not None) | dotted | same
    day_first = dotted | (order == DAY_FIRST)
    day, month = np.where(day_first, a, b), np.where(day_first, b, a)
    year = np.where((year >= 0) & (year < 100), np.where(year < 70, 2000 + year, 1900 + year), year)
    hour, half = _number(parts, "hour"), np.char.lower(_text(parts, "half"))
    hour = np.where((half == "p") & (hour < 12), hour + 12, np.where((half == "a") & (hour == 12), 0, hour))
    texts = [
        f"{y:04d}-{m:02d}-{d:02d} {max(h, 0):02d}:{max(minute, 0):02d}:{max(s, 0):02d}" if ok and y > 0 else None
        for y, m, d, h, minute, s, ok in zip(
            year.tolist(), month.tolist(), day.tolist(), hour.tolist(),
            _number(parts, "minute").tolist(), _number(parts, "second").tolist(), decided.tolist(), strict=True,
        )
    ]  # fmt: skip
    read = folder_columns.times(pa.array(texts, pa.string()), zone)
    return read.us, read.good & read.given


def _local_parts(array: pa.Array) -> Any:
    """The parts of local dates as a struct array; None if the column holds none."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not len(array) or not pc.any(pc.match_substring_regex(array, LOCAL)).as_py():
        return None
    return pc.extract_regex(array, LOCAL)


def _number(parts: Any, name: str) -> Ints:
    texts = pc.fill_null(pc.struct_field(parts, name), "")
    numbers = pc.if_else(pc.equal(texts, ""), "-1", texts).cast(pa.int64())
    return np.asarray(pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False))


def _text(parts: Any, name: str) -> "np.ndarray[Any, np.dtype[np.str_]]":
    return np.array(pc.fill_null(pc.struct_field(parts, name), "").to_pylist() or [""], dtype=np.str_)[
        : len(parts)
    ]


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


# ---- numbers

# Blanks, apostrophes, percent signs, currency signs and ISO codes; "Mio" and "k" change a number and stay.
NUMBER_NOISE: Final = r"[\s\u00a0\u202f'’%$€£¥₹₽₩₺元円]|[A-Z]{3}|US|R(?=\d)|z[łl]|Kč|kr\.?|Ft|lei"
POINT: Final = "."
COMMA: Final = ","


@dataclass(frozen=True)
class Numbers:
    """Numbers (n,) with NaN for none; which rows have a value, and which values were read."""

    value: Floats
    given: Mask
    good: Mask


def read_numbers(array: pa.Array, decimal: str | None = None) -> Numbers:
    """A column of texts as numbers: "$1,234.00", "1.234,50 EUR", "(500)".

    The decimal mark is found from the whole column; where the column leaves it open ("1.234" throughout), the values
    that depend on it are not good. decimal: "." or "," if it is known.
    """
    plain = folder_columns.numbers(array)
    given = plain.given
    if bool(np.all(plain.good | ~given)) and (decimal == POINT or _has_plain_points(array)):
        return Numbers(plain.value, given, plain.good)
    values = array.to_pylist()
    texts = [_bare(value) if value is not None else "" for value in values]
    mark = decimal or decimal_mark(texts)
    if mark == POINT and bool(np.all(plain.good | ~given)):
        return Numbers(plain.value, given, plain.good)
    read = [_number_of(text, mark) for text in texts]
    value = np.array([np.nan if number is None else number for number in read], dtype=np.float64)
    return Numbers(value, given, given & np.isfinite(value))


def _has_plain_points(array: pa.Array) -> bool:
    """Whether numbers that read as they stand have no point, or a point that cannot separate thousands."""
    pointed = pc.match_substring(array, POINT)
    if not pc.any(pointed).as_py():
        return True
    return bool(pc.any(pc.match_substring_regex(array, r"\.([0-9]{1,2}|[0-9]{4,})$")).as_py())


def _bare(text: str) -> str:
    stripped = text.strip()
    negative = stripped.startswith("(") and stripped.endswith(")")
    bare = re.sub(NUMBER_NOISE, "", stripped.strip("()"))
    return f"-{bare}" if negative else bare


def decimal_mark(texts: list[str]) -> str | None:
    """The decimal mark by evidence over all numbers, "." without any; None if it is open or contradicted."""
    marks: set[str] = set()
    unclear = False
    for text in texts:
        found = [c for c in text if c in ".,"]
        if not found:
            continue
        if len(set(found)) == 2:
            marks.add(found[-1])
        elif len(found) > 1:
            marks.add(POINT if found[0] == COMMA else COMMA)
        elif len(text) - text.index(found[0]) - 1 != 3 or text.lstrip("-").startswith("0"):
            marks.add(found[0])
        else:
            unclear = True
    if len(marks) == 1:
        return marks.pop()
    return POINT if not marks and not unclear else None


def _number_of(text: str, mark: str | None) -> float | None:
    if mark is None and ("." in text or "," in text):
        return None
    if mark == COMMA:
        text = text.replace(".", "").replace(",", ".")
    else:
        text = text.replace(",", "")
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return None
    return float(text)
