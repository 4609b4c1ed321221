"""Numbers as people write them: currency signs, separators of thousands, the decimal mark of their column."""

import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.whole import ALONE, ColumnOfWhole, Question
from history.folder.values import columns
from history.folder.values.columns import Numbers
from history.text.currency_words import currency_in
from history.text.written_numbers import COMMA, FACTOR_OF, POINT, Marks, decimal_mark, marks_of

# Blanks, apostrophes, percent signs, currency signs and ISO codes.
NUMBER_NOISE: Final = r"[\s\u00a0\u202f'’%$€£¥₹₽₩₺元円]|[A-Z]{3}|US|R(?=\d)|z[łl]|Kč|kr\.?|Ft|lei"

# "Mio", "k" and the like behind the digits; "cr" is a credit in books as often as a crore, "mm" has two meanings.
_MAGNITUDES: Final = {word: factor for word, factor in FACTOR_OF.items() if word not in ("cr", "mm")}
_MAGNITUDE: Final = re.compile(
    rf"(?<=\d)({'|'.join(sorted(_MAGNITUDES, key=len, reverse=True))})\.?$", re.IGNORECASE
)


def read_numbers(array: pa.Array, decimal: str | None = None) -> Numbers:
    """A column of texts as numbers: "$1,234.00", "1.234,50 EUR", "(500)", "1,2 Mio".

    The decimal mark is found from the whole column; where the column leaves it open ("1.234" throughout), the values
    that depend on it are not good. decimal: "." or "," if it is known.
    """
    plain = columns.numbers(array)
    given = plain.given
    if bool(np.all(plain.good | ~given)) and (decimal == POINT or _has_plain_points(array)):
        return Numbers(plain.value, given, plain.good)
    bare = [_bare(value) for value in array.to_pylist()]
    texts = [text for text, _ in bare]
    mark = decimal or decimal_mark(texts)
    if mark == POINT and bool(np.all(plain.good | ~given)):
        return Numbers(plain.value, given, plain.good)
    read = [_number_of(text, mark) for text in texts]
    value = np.array([np.nan if number is None else number for number in read], dtype=np.float64)
    value *= [factor for _, factor in bare]
    return Numbers(value, given, given & np.isfinite(value))


def _has_plain_points(array: pa.Array) -> bool:
    """Whether numbers that read as they stand have no point, or a point that cannot separate thousands."""
    pointed = pc.match_substring(array, POINT)
    if not pc.any(pointed).as_py():
        return True
    return bool(pc.any(pc.match_substring_regex(array, r"\.([0-9]{1,2}|[0-9]{4,})$")).as_py())


class _Bare(NamedTuple):
    """Digits, sign and marks of a number, and what its magnitude multiplies it by."""

    text: str
    factor: float


def _bare(text: str | None) -> _Bare:
    stripped = (text or "").strip()
    negative = stripped.startswith("(") and stripped.endswith(")")
    bare = re.sub(NUMBER_NOISE, "", stripped.strip("()"))
    magnitude = _MAGNITUDE.search(bare)
    if magnitude is not None:
        bare = bare[: magnitude.start()]
    factor = 1.0 if magnitude is None else _MAGNITUDES[magnitude[1].casefold()]
    return _Bare(f"-{bare}" if negative else bare, factor)


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


# ---- columns of a data folder


@dataclass(frozen=True)
class _Evidence:
    """What the texts of a column show: currencies, and marks of decimals."""

    currencies: frozenset[str]
    marks: Marks

    def and_then(self, other: "_Evidence") -> "_Evidence":
        return _Evidence(self.currencies | other.currencies, self.marks.and_then(other.marks))

    def reading(self) -> "_Reading":
        return _Reading(len(self.currencies) > 1, self.marks.decided())


class _Reading(NamedTuple):
    """How the texts of a column are read: as they stand if it has several currencies, else with this mark."""

    has_several_currencies: bool
    mark: str | None


def read_column(array: pa.Array, decimal: str | None, column: ColumnOfWhole = ALONE) -> Numbers:
    """A column of a data folder as numbers: as they stand, else with the decimal mark of funnel.toml or of the column.

    Texts that are plain numbers change by evidence only: "1.234" is 1,234 beside "1.234,50", not alone. A column of
    several currencies is read as it stands, since its numbers do not add up. column: gives the evidence of the folder.
    """
    plain = columns.numbers(array)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if not pa.types.is_string(kind):
        return plain
    is_plain = bool(np.all(plain.good | ~plain.given)) and decimal != COMMA
    if not column.whole.has_any(f"other than plain numbers in {column.name}", not is_plain):
        return plain
    array = array.cast(pa.string())
    texts = array.to_pylist()
    found = {currency_in(text) for text in texts if text and not text.isdecimal()}
    evidence = _Evidence(
        frozenset(currency for currency in found if currency is not None),
        marks_of([_bare(text).text for text in texts if text]),
    )
    question = Question(f"decimal mark of {column.name}", _Evidence.and_then, _Evidence.reading)
    reading = column.whole.decide(question, evidence)
    if reading.has_several_currencies:
        return plain
    mark = decimal or reading.mark
    written = read_numbers(array, mark)
    as_it_stands = plain.good & (mark != COMMA)
    value = np.where(as_it_stands, plain.value, written.value)
    good = as_it_stands | (written.good & plain.given)
    return replace(plain, value=value, good=good, is_local=good & (value != plain.value), mark=mark)
