"""Learns the attributes: kind, categories with own codes, ranges, the columns worth having, and the category tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.attributes import WELL_KNOWN, Attribute, Entries, entries_at, entries_of
from features.category_rates import CategoryTables, build, matured_leads
from features.parsing import (
    BOOLEAN,
    CATEGORY,
    DATE,
    NUMBER,
    boolean,
    canonical,
    infer_kind,
    instants,
    number,
)
from features.stages import NEVER
from history.arrays import Codes, Floats, Ints
from history.history import DAY_US, History

LEAST_LEADS = 10  # of a category with its own code
MOST_LEVELS = 200
MOST_SEEN = 50_000
SHARED, SHARED_WELL_KNOWN = (
    0.2,
    0.05,
)  # share of leads whose value another has too, for a table to say anything
MANY_LEVELS = 8  # from here on a category gets a table and its share
LEAST_CHANGED = 20
YEAR_DAYS = 365.0
UNTOLD = "mutable, and no attribute change tells its value"


@dataclass(frozen=True)
class _Column:
    """One attribute over the training leads: its texts, how many leads have each, and how many leads there are."""

    name: str
    texts: Sequence[str]
    counts: Ints
    n: int
    as_of_days: Floats  # of the leads that have a value, in the order of `entry`
    entry: Codes
    changed: int


def learn_attributes(
    history: History, latest: Ints
) -> tuple[tuple[Attribute, ...], CategoryTables, dict[str, str]]:
    """The attributes kept, their tables, and what was dropped and why; latest (leads,) is NEVER for others' leads."""
    config = history.config
    hidden = {*config.sensitive, *config.ignore}
    names = sorted({*history.attributes, *history.changes.attribute.values} - hidden)
    mutable = [name in config.mutable for name in names]
    entries = entries_of(history, names, mutable)
    lead = np.flatnonzero(latest != NEVER).astype(np.int64)
    valid = entries_at(history, entries, lead, latest[lead])
    changed = _leads_changed(history, entries, latest)
    kept: list[Attribute] = []
    dropped: dict[str, str] = {}
    for j, name in enumerate(names):
        entry = np.where(valid[:, j] < 0, -1, valid[:, j] - entries.starts[j]).astype(np.int32)
        has = entry >= 0
        counts = np.bincount(entry[has], minlength=len(entries.texts[j]))
        days = latest[lead][has] / DAY_US
        column = _Column(name, entries.texts[j], counts, len(lead), days, entry[has], int(changed[j]))
        attribute, why = _learn_one(column, history)
        if attribute.columns:
            kept.append(attribute)
        else:
            dropped[name] = UNTOLD if mutable[j] and why == "empty" else why
    return tuple(kept), _tables(history, kept), dropped


def _leads_changed(history: History, entries: Entries, latest: Ints) -> Ints:
    """How many training leads saw each attribute change."""
    log = history.changes
    owner = np.repeat(np.arange(len(history)), np.diff(log.offsets))
    rows = (entries.change_attribute >= 0) & (log.known_us <= latest[owner]) if len(owner) else owner
    m = len(entries.texts)
    pairs = np.unique(owner[rows] * m + entries.change_attribute[rows]) if len(owner) else owner
    return np.bincount(pairs % m, minlength=m) if m else pairs


def _learn_one(column: _Column, history: History) -> tuple[Attribute, str]:
    config = history.config
    zone = config.zone
    kind = config.attribute_types.get(column.name) or infer_kind(column.texts, column.counts, zone)
    mutable = column.name in config.mutable
    if kind == CATEGORY:
        return _learn_category(column, mutable)
    values = _values(column, kind, history)
    known = values[~np.isnan(values)]
    changes = ("changes", "days_since_change") if column.changed >= LEAST_CHANGED else ()
    varies = len(np.unique(known)) + (len(known) < column.n) > 1
    if kind == DATE:
        spans_years = (
            len(known) > 0 and float(np.ptp(known + column.as_of_days[~np.isnan(values)])) >= YEAR_DAYS
        )
        columns = ("days_ahead", "days_after_creation", "weekday", *(("week",) if spans_years else ()))
    else:
        columns = ("value",)
    kept = (*(columns if varies else ()), *changes)
    return Attribute(column.name, kind, kept, mutable), "empty" if not len(known) else "constant"


def _values(column: _Column, kind: str, history: History) -> Floats:
    """Each lead's number, truth, or days from its instant to the date."""
    if kind == DATE:
        moments = instants(column.texts, history.config.zone)
        read = np.array([np.nan if t is None else t / DAY_US for t in moments], dtype=np.float64)
        return read[column.entry] - column.as_of_days
    reader = {NUMBER: number, BOOLEAN: boolean}[kind]
    return np.array([reader(text) for text in column.texts], dtype=np.float64)[column.entry]


def _learn_category(column: _Column, mutable: bool) -> tuple[Attribute, str]:
    counts: dict[str, int] = {}
    for text, n in zip(column.texts, column.counts.tolist(), strict=True):
        if n:
            name = canonical(text)
            counts[name] = counts.get(name, 0) + n
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    known = [(name, n) for name, n in ranked if n >= LEAST_LEADS][:MOST_LEVELS]
    total = sum(counts.values())
    groups = len(known) + (len(known) < len(ranked)) + (total < column.n)
    columns: list[str] = ["value"] if groups > 1 else []
    if groups > 1 and len(known) >= MANY_LEVELS:
        columns.append("share")
    shared = sum(n for _, n in ranked if n > 1)
    least, share = (2, SHARED_WELL_KNOWN) if column.name in WELL_KNOWN else (MANY_LEVELS, SHARED)
    if len(ranked) >= least and shared >= share * column.n:
        columns += ["past_leads", "win_rate"]
    if column.changed >= LEAST_CHANGED:
        columns += ["changes", "days_since_change"]
    attribute = Attribute(
        column.name,
        CATEGORY,
        tuple(columns),
        mutable,
        tuple(name for name, _ in known),
        tuple(n / max(column.n, 1) for _, n in known),
        tuple(name for name, _ in ranked[:MOST_SEEN]),
    )
    why = "empty" if not total else "constant" if len(ranked) == 1 else "no value is shared by enough leads"
    return attribute, why


def _tables(history: History, attributes: Sequence[Attribute]) -> CategoryTables:
    """Tables of the categories that have a win-rate column, each lead under the value it had when it was decided."""
    chosen = [a for a in attributes if "win_rate" in a.columns]
    entries = entries_of(history, [a.name for a in chosen], [a.mutable for a in chosen])
    matured = matured_leads(history)
    valid = entries_at(history, entries, matured.lead, matured.value_us)
    values = {}
    for j, attribute in enumerate(chosen):
        texts, codes = _by_canonical(entries.texts[j])
        local = np.where(valid[:, j] < 0, len(codes) - 1, valid[:, j] - entries.starts[j])
        values[attribute.name] = (codes[local], texts)
    return build(matured, values)


def _by_canonical(texts: Sequence[str]) -> tuple[list[str], Ints]:
    """The canonical texts, sorted, and the code of each given text among them, at the end that of a missing one."""
    names = [canonical(text) for text in texts]
    order = sorted(set(names))
    place = {name: i for i, name in enumerate(order)}
    return order, np.array([*(place[name] for name in names), -1], dtype=np.int64)
