"""Dates as people write them: 31.12.2026, 12/31/2026 2:05 PM, 7 Mar 2026, 2026/3/7."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from history.text.date_order import DateOrder
from history.text.folding import fold
from history.text.time_formats import DAY_FIRST

FIRST_OF_LAST_CENTURY: Final = 70  # two digits from here on are of the last century
LONGEST: Final = 48  # characters

# English, German, French, Spanish, Italian, Portuguese, Dutch.
_MONTHS: Final[Sequence[str]] = (
    "january januar jänner janvier enero gennaio janeiro januari",
    "february februar février febrero febbraio fevereiro februari",
    "march märz mars marzo março maart mrt maerz",
    "april avril abril aprile",
    "may mai mayo maggio maio mei",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august août agosto augustus",
    "september septembre septiembre settembre setembro sept",
    "october oktober octobre octubre ottobre outubro okt",
    "november novembre noviembre novembro",
    "december dezember décembre diciembre dicembre dezembro dez",
)
_TIME: Final = (
    r"(?:(?:,?\s+|T)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d(?:\.\d+)?))?"
    r"\s*(?P<half>[AaPp])?\.?(?(half)[Mm]\.?)\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?"
)
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR: Final = r"(?P<year>\d{4}|\d\d)"
_NAME: Final = r"(?P<month>[^\W\d_]{3,})\.?"
_SHAPES: Final = tuple(
    re.compile(shape + _TIME)
    for shape in (
        rf"(?P<a>\d{{1,2}})(?P<mark>[./-])(?P<b>\d{{1,2}})(?P=mark){_YEAR}\.?",
        r"(?P<year>\d{4})([./-])(?P<month>\d{1,2})\2(?P<day>\d{1,2})",
        r"(?P<year>\d{4})年\s?(?P<month>\d{1,2})月\s?(?P<day>\d{1,2})日",
        rf"(?:[^\W\d_]+\.?,?\s+)?{_DAY}[\s-]*(?:de\s+)?{_NAME},?[\s-]*(?:de\s+)?{_YEAR}",
        rf"(?:[^\W\d_]+,\s+)?{_NAME}\s+{_DAY},?\s+{_YEAR}",
    )
)


def _month_names() -> dict[str, int]:
    """Month by its name and by the name's first letters, where these tell two months apart in every language."""
    months: dict[str, int] = {}
    shared: set[str] = set()
    for month, names in enumerate(_MONTHS, start=1):
        for name in names.split():
            for key in {fold(name), fold(name[:3]), fold(name[:4])}:
                if months.setdefault(key, month) != month:
                    shared.add(key)
    return {key: month for key, month in months.items() if key not in shared}


_MONTH_OF: Final = _month_names()


def month_of_name(name: str) -> int | None:
    """The month of a name such as March, Mär or dec, None for any other word."""
    return _MONTH_OF.get(fold(name))


def date_order(texts: Iterable[str]) -> str | None:
    """DAY_FIRST or MONTH_FIRST, by evidence over all dates of a column; None if it is open or contradicted.

    With points the day comes first, and dates with another mark are no evidence of them.
    """
    matches = (_SHAPES[0].fullmatch(text.strip()) for text in texts)
    pairs = [(int(match["a"]), int(match["b"])) for match in matches if match and match["mark"] != "."]
    return _order_of(pairs)


@lru_cache(maxsize=65_536)  # dates repeat
def written_date(text: str, order: str | None = None) -> str | None:
    """The date or date-time in ISO 8601, with its offset if it has one; None for any other text.

    order: of day and month in dates such as 3/4/2026; None reads those that leave no choice.
    """
    stripped = text.strip()
    if len(stripped) > LONGEST:
        return None
    for shape in _SHAPES:
        match = shape.fullmatch(stripped)
        if match is not None:
            day = _day_of(match, order)
            return None if day is None else day + _time_of(match)
    return None


def _order_of(pairs: Sequence[tuple[int, int]]) -> str | None:
    numbers = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    evidence = DateOrder()
    evidence.count(numbers[:, 0], numbers[:, 1])
    return evidence.decided()


def _day_of(match: re.Match[str], order: str | None) -> str | None:
    parts = match.groupdict()
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= FIRST_OF_LAST_CENTURY else 2000
    if "a" not in parts:
        name = parts["month"]
        month = int(name) if name.isdecimal() else _MONTH_OF.get(fold(name))
        return None if month is None else f"{year:04d}-{month:02d}-{int(parts['day']):02d}"
    a, b = int(parts["a"]), int(parts["b"])
    if parts["mark"] == "." or a == b:
        order = DAY_FIRST
    elif order is None:
        order = _order_of([(a, b)])
        if order is None:
            return None
    day, month = (a, b) if order == DAY_FIRST else (b, a)
    return f"{year:04d}-{month:02d}-{day:02d}"


def _time_of(match: re.Match[str]) -> str:
    if match["hour"] is None:
        return ""
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    zone = match["zone"] or ""
    return f"T{hour:02d}:{match['minute']}:{match['second'] or '00'}{'Z' if zone in ('UTC', 'GMT') else zone}"
