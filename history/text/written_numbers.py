"""Numbers as people write them: "$1,234.00", "1.234,50 EUR", "(500)", "1,2 Mio", "12 %", "2500 people"."""

import re
from collections.abc import Iterable
from functools import lru_cache
from math import nan
from typing import Final, NamedTuple

from history.text.currency_words import CODES, SIGNS, USUAL
from history.text.folding import fold

POINT: Final = "."
COMMA: Final = ","
PERCENT: Final = "%"
LONGEST: Final = 40  # characters of a number with its unit

# Codes in lower case, and words and signs beside those of history/text/currency_words.py.
_MORE_WORDS: Final = {
    "usd": "dollar dollars us", "eur": "euro euros", "cny": "rmb yuan", "inr": "rs", "try": "tl", "chf": "fr sfr",
    "pln": "zl", "ron": "lei", "kr": "kr", "idr": "rp", "myr": "rm", "uah": "₴", "ils": "₪", "ngn": "₦", "php": "₱",
    "thb": "฿", "vnd": "₫", "nzd": "nz$", "hkd": "hk$", "sgd": "s$", "twd": "nt$", "aud": "au$", "cad": "ca$",
}  # fmt: skip
CURRENCY_OF: Final = {
    **{code.lower(): code.lower() for code in USUAL},
    **{fold(sign): code.lower() for sign, code in SIGNS.items()},
    **{word: code for code, words in _MORE_WORDS.items() for word in words.split()},
}
# "mil" is a thousand in Spanish and a million in English, "Billion" 10^9 in English and 10^12 in German.
_FACTORS: Final = {
    1e3: ("k", "tsd", "thousand", "tausend", "тыс"),
    1e4: ("万", "萬"),
    1e5: ("lakh", "lakhs"),
    1e6: (
        "mio",
        "mln",
        "mn",
        "mm",
        "mill",
        "million",
        "millions",
        "millionen",
        "millón",
        "millones",
        "milhões",
    ),
    1e7: ("crore", "crores", "cr"),
    1e8: ("億", "亿"),
    1e9: ("bn", "mrd", "mia", "mld", "milliarde", "milliarden", "milliard", "milliards", "miliardi"),
}
FACTOR_OF: Final = {word: factor for factor, words in _FACTORS.items() for word in words}
_GLUED: Final = {"k": 1e3, "t": 1e3, "m": 1e6}  # before a currency: kEUR, T€, MUSD

_SIGNS: Final = "".join(sign for sign in CURRENCY_OF if len(sign) == 1 and not sign.isalpha())
_SHAPE: Final = re.compile(
    r"(?P<before>[^\d.,+\-−]*?)\s*(?P<sign>[+\-−]?)\s*(?P<after_sign>[^\d.,+\-−\s]*)\s*"
    r"(?P<core>[\d.,][\d.,'’\s]*?)(?:[.,][-–]{1,2})?\s*(?P<after>[^\d.,'’\s][^\d]*)?"
)
_TOKEN: Final = re.compile(rf"[A-Za-z]{{1,2}}\$|[{re.escape(_SIGNS)}]|[^\W\d_]+|\S")
_BLANKS: Final = re.compile(r"[\s'’]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:[\s'’]\d{3})+(?:[.,]\d*)?")
_WITH_POINT: Final = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+")
_WITH_COMMA: Final = re.compile(r"\d{1,3}(?:\.\d{2,3})*\.\d{3}(?:,\d+)?|\d+(?:,\d*)?|,\d+")
_PLAIN: Final = re.compile(
    r"\d+\.(?:\d{1,2}|\d{4,})"
)  # no separator of thousands: a point before other than three digits
_MINUS: Final = ("-", "−", "–")


class Written(NamedTuple):
    """A number taken apart: core of digits, points and commas; factor of magnitude and sign; unit, "" for none.

    unit: the code of a currency, "%", or a word in the form in which texts match.
    """

    core: str
    factor: float
    unit: str


@lru_cache(maxsize=65_536)  # values repeat
def taken_apart(text: str) -> Written | None:
    """The parts of a number with its unit; None for any other text."""
    stripped = text.strip()
    if len(stripped) > LONGEST:
        return None
    in_brackets = stripped.startswith("(") and stripped.endswith(")")
    match = _SHAPE.fullmatch(stripped[1:-1].strip() if in_brackets else stripped)
    if match is None:
        return None
    core = match["core"]
    if _BLANKS.search(core) and not _GROUPED.fullmatch(core):
        return None
    after = match["after"] or ""
    ends_with_minus = after in _MINUS
    unit = _unit_of(f"{match['before']} {match['after_sign']}", "" if ends_with_minus else after)
    if unit is None:
        return None
    is_negative = in_brackets or ends_with_minus or match["sign"] in _MINUS
    return Written(_BLANKS.sub("", core), -unit.factor if is_negative else unit.factor, unit.name)


def is_currency(unit: str) -> bool:
    """True for the code of a currency."""
    return unit.upper() in CODES or unit in _MORE_WORDS


def value_of(written: Written, mark: str) -> float:
    """The number, by its decimal mark; NaN if the core is not written that way, such as "1,5" with a point.

    With a decimal comma, "12.5" is a number too: its point cannot separate thousands.
    """
    core = written.core
    if mark == COMMA and not _PLAIN.fullmatch(core):
        if not _WITH_COMMA.fullmatch(core):
            return nan
        return written.factor * float(core.replace(".", "").replace(",", "."))
    return written.factor * float(core.replace(",", "")) if _WITH_POINT.fullmatch(core) else nan


class Marks(NamedTuple):
    """Evidence of the decimal mark: the marks that numbers show, and whether one leaves it open."""

    shown: frozenset[str]
    is_unclear: bool

    def and_then(self, other: "Marks") -> "Marks":
        """The evidence of both."""
        return Marks(self.shown | other.shown, self.is_unclear or other.is_unclear)

    def decided(self) -> str | None:
        """The decimal mark, "." without any evidence; None if it is open or contradicted."""
        if len(self.shown) == 1:
            return next(iter(self.shown))
        return POINT if not self.shown and not self.is_unclear else None


def decimal_mark(texts: Iterable[str]) -> str | None:
    """The decimal mark by evidence over all numbers, "." without any; None if it is open or contradicted."""
    return marks_of(texts).decided()


def marks_of(texts: Iterable[str]) -> Marks:
    """The evidence of numbers for their decimal mark."""
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
    return Marks(frozenset(marks), unclear)


class _Unit(NamedTuple):
    name: str
    factor: float


def _unit_of(before: str, after: str) -> _Unit | None:
    """The unit and magnitude around a number; None for words before it that are no currency ("Tier 1")."""
    currency, factor, words = "", 1.0, []
    for token, is_before in (
        *((token, True) for token in _TOKEN.findall(before)),
        *((token, False) for token in _TOKEN.findall(after)),
    ):
        key = fold(token)
        if key in CURRENCY_OF or token in CODES:
            currency = CURRENCY_OF.get(key, key)
        elif key[1:] in CURRENCY_OF and key[:1] in _GLUED:
            currency, factor = CURRENCY_OF[key[1:]], _GLUED[key[0]]
        elif is_before:
            return None
        elif key in FACTOR_OF:
            factor = FACTOR_OF[key]
        elif token == "M":
            factor = 1e6
        elif key != ".":
            words.append(key)
    if currency and words and words[0] in _GLUED:
        factor = _GLUED[words.pop(0)]
    name = " ".join(words)
    if words and name != PERCENT and not all(word.isalpha() for word in words):
        return None
    return _Unit(currency or _singular(name), factor)


def _singular(words: str) -> str:
    return words[:-1] if len(words) > 2 and words.endswith("s") else words
