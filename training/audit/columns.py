"""What the leakage audit looks at: leads, decided or not, and the value that each column claims for their creation."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from features.parsing import DATE, NUMBER, canonical, infer_kind, instants, number
from history.arrays import Codes, Flags, Floats, Ints, Mask
from history.history import LOST, OPEN, WON, Factor, History
from history.snapshot import state_rows

MOST_LEVELS = 60  # values of a column that are looked at one by one
LEAST_LEADS = 20  # with a value, for it to be looked at
BINS = 12  # of a number with many values
SAMPLED_TEXTS = 4000  # of a column, to tell its kind by
NO_MOMENT = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Leads:
    """n leads at T: state (n,), closed_us (n,) where decided, else T, and implied where no column gave that time."""

    created_us: Ints
    state: Flags
    closed_us: Ints
    implied: Mask
    as_of_us: int
    horizon_us: int

    @property
    def decided(self) -> Mask:
        return np.asarray(self.state != OPEN)

    @property
    def won(self) -> Mask:
        return np.asarray(self.state == WON)

    @property
    def lost(self) -> Mask:
        return np.asarray(self.state == LOST)

    @property
    def timed(self) -> bool:
        """Whether most closing times were given, so that what came after them can be told."""
        return bool(self.decided.any() and self.implied[self.decided].mean() < 0.5)


def leads_of(history: History) -> Leads:
    n, now = len(history), history.as_of_us
    log = history.outcomes
    row = state_rows(log, np.arange(n, dtype=np.int64), np.full(n, now, dtype=np.int64))
    if not len(log.state):
        state, closed, implied = np.full(n, OPEN, np.int8), np.full(n, now), np.zeros(n, dtype=bool)
    else:
        at = np.maximum(row, 0)
        state = np.where(row >= 0, log.state[at], OPEN).astype(np.int8)
        closed = np.where(state != OPEN, log.time_us[at], now)
        implied = (state != OPEN) & log.implied[at]
    return Leads(history.created_us, state, closed, implied, now, history.config.horizon_us)


@dataclass(frozen=True)
class Column:
    """One attribute: group (n,) numbers the values or ranges looked at, 0 for none, 1 for all others.

    names (groups,) are those values; moment_us (n,) is a date column's instant, NO_MOMENT where it has none, None for
    other kinds.
    """

    name: str
    kind: str
    group: Ints
    names: list[str]
    moment_us: Ints | None

    @property
    def filled(self) -> Mask:
        return np.asarray(self.group > 0)


def column_of(history: History, name: str) -> Column:
    """Reads one attribute as its column and the changes dated at or before creation claim it to have been then."""
    factor = claimed(history, name)
    texts = [canonical(text) for text in factor.values]
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(texts))
    kind = history.config.attribute_types.get(name) or _kind(texts, counts, history)
    if kind == DATE:
        read = instants(texts, history.config.zone)
        told = [*(NO_MOMENT if t is None else t for t in read), NO_MOMENT]
        moments = np.array(told, dtype=np.int64)[factor.codes]
        return Column(name, kind, (moments != NO_MOMENT).astype(np.int64), ["none", "any"], moments)
    if kind == NUMBER and np.count_nonzero(counts) > MOST_LEVELS:
        numbers = np.array([*map(number, texts), np.nan])[factor.codes]
        return Column(name, kind, *_ranges(numbers), None)
    return Column(name, kind, *_levels(factor.codes, texts, counts), None)


def claimed(history: History, name: str) -> Factor:
    """The text of an attribute on each lead as dated at its creation, whenever it was recorded; -1 for none."""
    n = len(history)
    base = history.attributes.get(name, Factor(np.full(n, -1, dtype=np.int32), ()))
    log = history.changes
    if name not in log.attribute.values:
        return base
    lead = np.repeat(np.arange(n), np.diff(log.offsets))
    rows = log.attribute.codes == list(log.attribute.values).index(name)
    rows &= log.time_us <= history.created_us[lead]
    if not rows.any():
        return base
    codes = base.codes.copy()
    changed = log.value.codes[rows]
    codes[lead[rows]] = np.where(changed >= 0, changed + len(base.values), -1)
    return Factor(codes, [*base.values, *log.value.values]).compact()


def _kind(texts: list[str], counts: Ints, history: History) -> str:
    order = np.argsort(-counts, kind="stable")[:SAMPLED_TEXTS]
    return infer_kind([texts[i] for i in order], counts[order], history.config.zone)


def _levels(codes: Codes, texts: list[str], counts: Ints) -> tuple[Ints, list[str]]:
    """Texts that are one value once canonical share a group; rare ones are the others."""
    names = sorted(set(texts))
    place = {name: i for i, name in enumerate(names)}
    of_text = np.array([*(place[text] for text in texts), len(names)], dtype=np.int64)
    total = np.bincount(of_text[:-1], weights=counts, minlength=len(names))
    kept = [int(i) for i in np.argsort(-total, kind="stable")[:MOST_LEVELS] if total[i] >= LEAST_LEADS]
    group = np.ones(len(names) + 1, dtype=np.int64)
    group[kept] = np.arange(2, len(kept) + 2)
    group[-1] = 0
    return group[of_text[codes]], ["none", "others", *(names[i] for i in kept)]


def _ranges(values: Floats) -> tuple[Ints, list[str]]:
    """Values that many leads share have a group of their own; the rest is cut at its quantiles."""
    known = values[~np.isnan(values)]
    unique, counts = np.unique(known, return_counts=True)
    least = max(LEAST_LEADS, len(known) // 50)
    heaps = unique[counts >= least][:MOST_LEVELS]
    rest = known[~np.isin(known, heaps)]
    cuts = np.unique(np.quantile(rest, np.linspace(0, 1, BINS + 1)[1:-1])) if len(rest) else np.zeros(0)
    group = 2 + np.searchsorted(cuts, values, side="right")
    names = ["none", "others", *_spans(cuts)]
    for heap in heaps:
        group[values == heap] = len(names)
        names.append(f"{heap:g}")
    group[np.isnan(values)] = 0
    return group.astype(np.int64), names


def _spans(cuts: Floats) -> list[str]:
    """The ranges between cuts (k,) ascending, the lower end within, as k + 1 texts."""
    if not len(cuts):
        return ["any"]
    ends = [f"{cut:.6g}" for cut in cuts]
    between = [f"{low} to below {high}" for low, high in pairwise(ends)]
    return [f"below {ends[0]}", *between, f"{ends[-1]} or more"]


_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

TELLING = {
    *("status", "stage", "lifecycle", "disposition", "outcome", "result", "resolution", "reason"),
    *("score", "scoring", "index", "grade", "grading", "rating", "quality", "probability", "likelihood"),
    *("close", "closed", "closing", "won", "win", "lost", "loss", "converted", "conversion"),
    *("tag", "tags", "signed", "invoice", "paid", "modified", "updated", "duration"),
}
ACTIVITY = {
    "activity",
    "contact",
    "contacted",
    "touch",
    "interaction",
    "engagement",
    "call",
    "email",
    "meeting",
    "reply",
    "seen",
}
PLANNED = {"planned", "plan", "expected", "estimated", "target", "forecast", "due"}
ABOUT_PEOPLE = {
    "marital",
    "employment",
    "credit",
    "civil",
    "residence",
    "education",
    "housing",
    "immigration",
    "family",
}
QUALIFIED = {"index", "rate", "price", "consumer", "euribor"}


def telling(name: str) -> str | None:
    """The words of a column's name that tell of something filled in later, None for a name that tells nothing."""
    words: list[str] = [w.lower() for w in _WORDS.findall(name)]
    known = set(words)
    if known & PLANNED or known & ABOUT_PEOPLE:
        return None
    if "last" in known and known & ACTIVITY:
        return f"last {next(w for w in words if w in ACTIVITY)}"
    if {"days", "to"} <= known and known & {"close", "convert", "win", "closing"}:
        return " ".join(words)
    found = [w for w in words if w in TELLING]
    if found == ["index"] and known & QUALIFIED - {"index"}:
        return None
    return found[0] if found else None
