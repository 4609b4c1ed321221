"""One column of a table as numpy: texts as codes, times as microseconds, numbers as floats, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Codes, Floats, Ints, Mask
from history.folder.tables.raw_table import python_value
from history.history import Factor
from history.text.times import DAY_US, LATEST_US, LONGEST_TEXT, from_local, parse_matrix
from history.text.values import value_text

ROWS_AT_ONCE: Final = 1 << 18
LENGTH_OF_DATE: Final = len("2026-01-31")  # every longer time has a time of day
NUMBER_PATTERN: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True)
class Times:
    """Parsed times (n,): microseconds UTC, presence mask, validity mask, mask of dates without a time of day.

    is_local (n,): local dates such as 3/4/2026, None if no value is one; order: of their day and month, None if open.
    is_placeholder (n,): dates that stand for a missing one and are not given, None without any.
    """

    us: Ints
    given: Mask
    good: Mask
    is_date: Mask
    is_local: Mask | None = None
    order: str | None = None
    is_placeholder: Mask | None = None

    @property
    def known(self) -> Mask:
        return self.given & self.good


@dataclass(frozen=True)
class Numbers:
    """Parsed numbers (n,): NaN if missing, presence mask, validity mask (a finite number).

    is_local (n,): numbers read by their decimal mark, which is the column's or that of funnel.toml; None without any.
    """

    value: Floats
    given: Mask
    good: Mask
    is_local: Mask | None = None
    mark: str | None = None


def texts(array: pa.Array) -> Factor:
    """The column as codes of its texts; typed values by their canonical text, empty ones missing."""
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes: Codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    codes = codes.astype(np.int32, copy=False)
    if pa.types.is_string(encoded.dictionary.type):
        raw = encoded.dictionary.to_pylist()
        if "" in raw:
            codes = np.where(codes == raw.index(""), np.int32(-1), codes)
        return Factor(codes, raw)
    return merged(codes, [value_text(python_value(cell)) for cell in encoded.dictionary])


def without_nul(factor: Factor) -> Factor:
    """The texts with U+FFFD for each NUL, which no database accepts."""
    if not any("\0" in text for text in factor.values):
        return factor
    return merged(factor.codes, [text.replace("\0", "\ufffd") for text in factor.values])


def without_blanks(factor: Factor) -> Factor:
    """The texts with those of blanks alone missing."""
    blank = [code for code, text in enumerate(factor.values) if text.isspace()]
    if not blank:
        return factor
    return Factor(np.where(np.isin(factor.codes, blank), np.int32(-1), factor.codes), factor.values)


def times(array: pa.Array, zone: ZoneInfo) -> Times:
    """The column as instants; dates and times without an offset are in `zone`. Numbers are never times."""
    kind = array.type
    given = pc.is_valid(array).to_numpy(zero_copy_only=False)
    if pa.types.is_date(kind):
        local = pc.fill_null(array.cast(pa.date32()).cast(pa.int32()), 0).to_numpy(zero_copy_only=False)
        us = from_local(local.astype(np.int64) * DAY_US, zone)
        return Times(us, given, us <= LATEST_US, given)
    if pa.types.is_timestamp(kind):
        cast = array.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
        us = pc.fill_null(cast, 0).to_numpy(zero_copy_only=False)
        us = us if kind.tz else from_local(us, zone)
        return Times(us, given, us <= LATEST_US, np.zeros(len(array), dtype=np.bool_))
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
    if not pa.types.is_string(array.type):
        nothing = np.zeros(len(array), dtype=np.bool_)
        return Times(np.zeros(len(array), dtype=np.int64), given, nothing, nothing)
    pieces = [
        _text_times(array.slice(start, ROWS_AT_ONCE), zone) for start in range(0, len(array), ROWS_AT_ONCE)
    ]
    if not pieces:
        return no_times(0)
    us, given, good, is_date = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return Times(us, given, good & (us <= LATEST_US), is_date)


def numbers(array: pa.Array) -> Numbers:
    """The column as floats; a text is a number when it is one in decimal digits."""
    pieces = [_numbers(array.slice(start, ROWS_AT_ONCE)) for start in range(0, len(array), ROWS_AT_ONCE)]
    if len(pieces) <= 1:
        return pieces[0] if pieces else no_numbers(0)
    return Numbers(
        np.concatenate([piece.value for piece in pieces]),
        np.concatenate([piece.given for piece in pieces]),
        np.concatenate([piece.good for piece in pieces]),
    )


def _numbers(array: pa.Array) -> Numbers:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    given = pc.is_valid(array).to_numpy(zero_copy_only=False)
    if pa.types.is_string(array.type):
        array = pc.ascii_trim_whitespace(pc.fill_null(array, ""))
        given = pc.not_equal(array, "").to_numpy(zero_copy_only=False)
        plain = pc.match_substring_regex(array, NUMBER_PATTERN)
        array = pc.ascii_ltrim(pc.if_else(plain, array, None), "+")
    elif not (
        pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_decimal(array.type)
    ):
        array = pa.nulls(len(array), pa.float64())
    floats = pc.cast(array, pa.float64(), safe=False)
    value = pc.fill_null(floats, float("nan")).to_numpy(zero_copy_only=False)
    return Numbers(value, given, np.isfinite(value))


def no_times(n: int) -> Times:
    nothing = np.zeros(n, dtype=np.bool_)
    return Times(np.zeros(n, dtype=np.int64), nothing, nothing, nothing)


def no_numbers(n: int) -> Numbers:
    nothing = np.zeros(n, dtype=np.bool_)
    return Numbers(np.full(n, np.nan), nothing, nothing)


def merged(codes: Codes, values: Sequence[str | None]) -> Factor:
    """Codes over distinct texts; several typed values may have the same text, or none."""
    distinct: dict[str, int] = {}
    recode = np.array(
        [-1 if text is None else distinct.setdefault(text, len(distinct)) for text in values] + [-1],
        dtype=np.int32,
    )
    return Factor(recode[codes], list(distinct))


def _text_times(array: pa.StringArray, zone: ZoneInfo) -> tuple[Ints, Mask, Mask, Mask]:
    array = pc.ascii_trim_whitespace(pc.fill_null(array, ""))
    given = pc.not_equal(array, "").to_numpy(zero_copy_only=False)
    readable = pc.and_(pc.string_is_ascii(array), pc.less_equal(pc.binary_length(array), LONGEST_TEXT))
    array = pc.if_else(readable, array, "?")
    is_date = pc.equal(pc.binary_length(array), LENGTH_OF_DATE).to_numpy(zero_copy_only=False)
    width = max(int(pc.max(pc.binary_length(array)).as_py() or 0), 1)
    padded = pc.ascii_rpad(array, width)
    matrix = np.frombuffer(padded.buffers()[2], dtype=np.uint8)[: len(array) * width].reshape(
        len(array), width
    )
    us, good = parse_matrix(matrix, zone)
    return us, given, good, good & is_date
