"""Several picks in one cell, such as "ERP;BI", "A, B" or ["x","y"]: told from one text by evidence, and split."""

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from features.attributes.parsing import category_key
from history.base.arrays import Ints
from history.text.folding import trimmed

JSON: Final = "json"
COMMA: Final = ","
SEPARATORS: Final = (JSON, "\n", ";", "|", COMMA)  # tried in this order: a comma may stand inside of a pick

SAMPLED: Final = 10_000  # texts; a million notes with commas would take as long as the training
MIN_LEADS: Final = 20  # with a value, for a guess
# Bounds measured on simulated columns, multiple choice of 3 to 30 options against names, places, titles and notes.
SEVERAL: Final = 0.1  # share of leads with several picks
RECURRING: Final = 0.8  # share of picks that recur; "Acme, Inc." and notes stay below
FEWEST_TIMES: Final = 5  # leads of a pick that recurs
FEWEST_PICKS: Final = 3  # picks that recur
# Commas also order the parts of one text ("Smith, John", "Berlin, Germany"): there each part has its place and their
# number hardly varies. Picks are of any number, and all but the outermost of a fixed order also come first or later.
MIXED: Final = 0.05  # share of picks in the rarer of two places, first or later
VARYING: Final = 0.1  # share of leads with another number of picks than most


class _Cells(NamedTuple):
    """The picks of each of k texts, and the number of leads with each text (k,)."""

    picks: Sequence[Sequence[str]]
    leads: Sequence[int]


@lru_cache(maxsize=65_536)  # cells repeat, and splitting one takes as long as ten features
def split(text: str, separator: str) -> tuple[str, ...]:
    """The distinct picks of a cell as people write them, in order; spellings of one pick are one."""
    parts = _json_list(text) if separator == JSON else text.split(separator)
    if parts is None:
        parts = [text]
    picks: dict[str, str] = {}
    for part in parts:
        if part and not part.isspace():
            picks.setdefault(category_key(part), trimmed(part))
    return tuple(picks.values())


@lru_cache(maxsize=65_536)
def pick_keys(text: str, separator: str) -> tuple[str, ...]:
    """The picks of a cell in the form in which they match."""
    return tuple(map(category_key, split(text, separator)))


def separator_of(texts: Sequence[str], counts: Ints) -> str | None:
    """The separator of a column of several picks a cell, None for any other; counts (texts,): leads with each text."""
    step = max(1, len(texts) // SAMPLED)
    texts, counts = texts[::step], counts[::step]
    if int(counts.sum()) < MIN_LEADS:
        return None
    for separator in SEPARATORS:
        if not any((("[" if separator == JSON else separator) in text) for text in texts):
            continue
        cells = _Cells([pick_keys(text, separator) for text in texts], counts.tolist())
        if _are_picks(cells) and (separator != COMMA or _are_unordered(cells)):
            return separator
    return None


def likeliest_separator(texts: Sequence[str]) -> str:
    """The separator that splits the most texts, for a column that is declared a set."""
    numbers = {separator: sum(len(pick_keys(t, separator)) > 1 for t in texts) for separator in SEPARATORS}
    return max(SEPARATORS, key=numbers.__getitem__)


def _json_list(text: str) -> list[str] | None:
    """The scalars of a JSON list, or of a Python or PostgreSQL one, as texts; None for any other text."""
    stripped = text.strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        return None
    try:
        values = json.loads(stripped)
    except ValueError:
        values = [part.strip(" '\"") for part in stripped[1:-1].split(",")]
    return [str(value) for value in values if not isinstance(value, (list, dict))]


def _are_picks(cells: _Cells) -> bool:
    """True if many cells hold several picks, and nearly all picks recur."""
    total = sum(cells.leads)
    several = sum(n for picks, n in zip(cells.picks, cells.leads, strict=True) if len(picks) > 1)
    if several < SEVERAL * total:
        return False
    times: Counter[str] = Counter()
    for picks, n in zip(cells.picks, cells.leads, strict=True):
        for pick in picks:
            times[pick] += n
    recurring = {pick: n for pick, n in times.items() if n >= FEWEST_TIMES}
    has_words = sum(n for pick, n in recurring.items() if not pick.isdecimal()) > sum(recurring.values()) / 2
    return (
        len(recurring) >= FEWEST_PICKS
        and has_words
        and sum(recurring.values()) >= RECURRING * sum(times.values())
    )


def _are_unordered(cells: _Cells) -> bool:
    """True if picks have no places of their own and their number varies, unlike the parts of a name or an address."""
    first: Counter[str] = Counter()
    later: Counter[str] = Counter()
    for picks, n in zip(cells.picks, cells.leads, strict=True):
        if len(picks) > 1:
            first[picks[0]] += n
            for pick in picks[1:]:
                later[pick] += n
    mixed = sum(min(first[pick], later[pick]) for pick in first)
    lengths = np.array([len(picks) for picks in cells.picks], dtype=np.int64)
    usual = int(np.bincount(lengths, weights=cells.leads).max())
    is_varying = sum(cells.leads) - usual >= VARYING * sum(cells.leads)
    return is_varying and mixed >= MIXED * (sum(first.values()) + sum(later.values()))
