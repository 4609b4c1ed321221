"""Attributes valid at as_of: numbers, booleans, dates relative to as_of, categories as own codes, and how they changed.

The value at creation is a lead's own until a visible change replaces or clears it. That of a mutable attribute is what
the CRM shows today, so it counts as missing until a change tells it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import nan
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from numba import types

from features.category_tables import SHRINKAGE, CategoryTables
from features.event_log import DAY_US, Changes, Codes, Factor, Floats, History, Ints, empty_factor
from features.feature import Feature, feature, quoted, slugs
from features.readings import BOOLEAN, CATEGORY, DATE, NUMBER, boolean, canonical, instants, number
from features.season import weekday_and_week
from features.windows import F64, I32, I32_2D, I64, I64_2D, OUT, OUT_I32_2D, compiled

BLOCK = "attributes"
WELL_KNOWN = ("owner", "account_id", "source")
_KINDS = {NUMBER: 0, BOOLEAN: 1, DATE: 2, CATEGORY: 3}

# What a column of an attribute holds, in the order in which the columns stand.
PLACES = (
    "value", "days_ahead", "days_after_creation", "weekday", "week",
    "share", "past_leads", "win_rate", "changes", "days_since_change",
)  # fmt: skip


@dataclass(frozen=True)
class Attribute:
    """One attribute as learned: its kind, the columns it gives, and what training saw of it.

    levels are the categories with own codes (from 2, most frequent first), shares their part of leads; seen
    holds every category met, up to a limit. low, high, p01 and p99 are of the numbers, or of the days from as_of to
    the dates.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    missing_rate: float
    mutable: bool = False
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    seen: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    p01: float | None = None
    p99: float | None = None


def features(attributes: Sequence[Attribute]) -> tuple[Feature, ...]:
    """The columns of the block in the order in which `fill` writes them."""
    columns: list[Feature] = []
    for name, attribute in zip(slugs([a.name for a in attributes]), attributes, strict=True):
        columns += _columns_of(attribute, name)
    if _has_changes(attributes):
        columns += [
            feature("attribute_changes_count", "changes", "having {value} of its details so far", BLOCK),
            feature(
                "attribute_changes_30d", "changes", "having {value} of its details in the last 30 days", BLOCK
            ),
        ]
    return tuple(columns)


def _columns_of(attribute: Attribute, name: str) -> list[Feature]:
    shown = quoted(attribute.name.replace("_", " "))
    prefix = name if attribute.name in WELL_KNOWN else f"attr_{name}"
    none = f"having no {shown}"
    unit = {NUMBER: "number", BOOLEAN: "boolean", CATEGORY: "category", DATE: "number"}[attribute.kind]
    kind = "category" if attribute.kind == CATEGORY else "number"
    known: dict[str, Feature] = {
        "value": _feature(f"attr_{name}", unit, f"{shown} being {{value}}", none, kind=kind),
        "days_ahead": _feature(f"attr_{name}_days_ahead", "relative_days", f"{shown} being {{value}}", none),
        "days_after_creation": _feature(
            f"attr_{name}_days_after_creation", "signed_days", f"{shown} lying {{value}} creation", none
        ),
        "weekday": _feature(f"attr_{name}_weekday", "weekday", f"{shown} falling on a {{value}}", none),
        "week": _feature(f"attr_{name}_week", "week", f"{shown} falling in {{value}}", none),
        "share": _feature(f"attr_{name}_share", "share", f"{shown} being one that {{value}} of leads have", none),
        "past_leads": _feature(f"{prefix}_past_leads", "leads", f"{shown} being known from {{value}}", none),
        "win_rate": _feature(
            f"{prefix}_win_rate", "share", f"past leads of its {shown} winning in {{value}} of cases", none, direction=1
        ),
        "changes": _feature(f"attr_{name}_changes", "changes", f"having {{value}} of {shown} so far", none),
        "days_since_change": _feature(
            f"days_since_attr_{name}_changed",
            "days",
            f"the last change of {shown} being {{value}} ago",
            f"{shown} never changing",
        ),
    }  # fmt: skip
    subject = attribute.name
    return [_with_subject(known[place], subject) for place in PLACES if place in attribute.columns]


def _feature(
    name: str, unit: str, phrase: str, missing: str, *, kind: str = "number", direction: int = 0
) -> Feature:
    return feature(name, unit, phrase, BLOCK, missing=missing, kind=kind, direction=direction)


def _with_subject(column: Feature, subject: str) -> Feature:
    return Feature(**{**vars(column), "subject": subject})


def _has_changes(attributes: Sequence[Attribute]) -> bool:
    return any("changes" in a.columns for a in attributes)


@dataclass(frozen=True)
class Layout:
    """The attributes to read, and where their columns go from the block's first, -1 = left out."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    mutable: tuple[bool, ...]
    codes: tuple[dict[str, int], ...]
    shares: tuple[tuple[float, ...], ...]
    kind_codes: Ints  # (m,)
    columns: Ints  # (m, places)
    totals: int  # column of the number of changes, -1 = left out
    zone: ZoneInfo


def layout(attributes: Sequence[Attribute], zone: ZoneInfo) -> Layout:
    columns = np.full((len(attributes), len(PLACES)), -1, dtype=np.int64)
    at = 0
    for j, attribute in enumerate(attributes):
        for p, place in enumerate(PLACES):
            if place in attribute.columns:
                columns[j, p] = at
                at += 1
    return Layout(
        tuple(a.name for a in attributes),
        tuple(a.kind for a in attributes),
        tuple(a.mutable for a in attributes),
        tuple({level: i + 2 for i, level in enumerate(a.levels)} for a in attributes),
        tuple((0.0, 0.0, *a.shares) for a in attributes),
        np.array([_KINDS[a.kind] for a in attributes], dtype=np.int64),
        columns,
        at if _has_changes(attributes) else -1,
        zone,
    )


@dataclass(frozen=True)
class Entries:
    """The texts of m attributes in one history, each text of an attribute one entry.

    Entry ids of attribute j begin at starts[j]; base (m, leads) are codes within the attribute, -1 for missing;
    change_attribute and change_entry give each change row's attribute (-1: not one of these) and entry (-1: cleared).
    """

    texts: list[Sequence[str]]
    starts: Ints
    base: Codes
    change_attribute: Codes
    change_entry: Codes


def entries_of(history: History, names: Sequence[str], mutable: Sequence[bool]) -> Entries:
    """Collects the texts of the named attributes; one that the history lacks is missing on every lead."""
    nothing = empty_factor(len(history))
    factors = [
        nothing if cleared else history.attributes.get(name, nothing)
        for name, cleared in zip(names, mutable, strict=True)
    ]
    texts: list[Sequence[str]] = [factor.values for factor in factors]
    rows = history.changes.attribute.codes
    none: Codes = np.empty(0, dtype=np.int32)
    changed = (none, none) if not len(rows) else _change_entries(history.changes, names, texts)
    starts = np.array([0, *accumulate(map(len, texts))], dtype=np.int64)
    base = np.concatenate([f.codes for f in factors]) if factors else none
    if len(rows):
        attribute, entry = changed
        entry += np.where(entry < 0, 0, starts[attribute]).astype(np.int32)
    return Entries(texts, starts, base.reshape(len(names), len(history)), *changed)


def _change_entries(
    changes: Changes, names: Sequence[str], texts: list[Sequence[str]]
) -> tuple[Codes, Codes]:
    """The attribute and local entry of each change row; the texts it brings are added behind those of `texts`."""
    place = {name: j for j, name in enumerate(names)}
    of_code = np.array([*(place.get(name, -1) for name in changes.attribute.values), -1], dtype=np.int32)
    attribute = of_code[changes.attribute.codes]
    values = changes.value.values
    added: dict[int, list[str]] = {}
    known: dict[tuple[int, int], int] = {}
    entry = []
    for pair in zip(attribute.tolist(), changes.value.codes.tolist(), strict=True):
        j, code = pair
        if j < 0 or code < 0:
            entry.append(-1)
            continue
        if pair not in known:
            brought = added.setdefault(j, [])
            known[pair] = len(texts[j]) + len(brought)
            brought.append(values[code])
        entry.append(known[pair])
    for j, brought in added.items():
        texts[j] = [*texts[j], *brought]
    return attribute, np.array(entry, dtype=np.int32)


def entries_at(history: History, entries: Entries, lead: Ints, as_of_us: Ints) -> Codes:
    """The entry of each attribute valid for each row at its instant: (n, m), -1 where it has no value."""
    out = np.empty((len(lead), len(entries.texts)), dtype=np.int32)
    log = history.changes
    entry_rows(
        out, lead, as_of_us, entries.base, entries.starts,
        log.offsets, log.time_us, log.known_us, entries.change_attribute, entries.change_entry,
    )  # fmt: skip
    return out


def text_at(history: History, name: str, lead: Ints, as_of_us: Ints) -> Factor:
    """The text of one attribute valid for each row at its instant, as the data wrote it; mutable ones by changes."""
    entries = entries_of(history, [name], [name in history.config.mutable])
    return Factor(entries_at(history, entries, lead, as_of_us)[:, 0].copy(), entries.texts[0])


@dataclass(frozen=True)
class Prepared:
    """One history's entries read by kind: (E,) each.

    first: number, 0 or 1, instant in microseconds, or category code; second: weekday of a date or share of a category;
    third: week of a date; table: row of the category tables, -1 for a value they do not have.
    """

    entries: Entries
    first: Floats
    second: Floats
    third: Floats
    table: Ints


def prepare(history: History, plan: Layout, tables: CategoryTables) -> Prepared:
    """Reads every text of the history's attributes once."""
    entries = entries_of(history, plan.names, plan.mutable)
    n = int(entries.starts[-1])
    first: list[float] = []
    second = np.full(n, nan)
    third = np.full(n, nan)
    table = np.full(n, -1, dtype=np.int64)
    dates: list[int] = []
    for j, texts in enumerate(entries.texts):
        kind = plan.kinds[j]
        if kind == NUMBER:
            first += map(number, texts)
        elif kind == BOOLEAN:
            first += map(boolean, texts)
        elif kind == DATE:
            moments = instants(texts, plan.zone)
            dates += range(len(first), len(first) + len(texts))
            first += [nan if t is None else float(t) for t in moments]
        else:
            begin, codes, shares = len(first), plan.codes[j], plan.shares[j]
            names = [canonical(text) for text in texts]
            own = [codes.get(name, 1) for name in names]
            first += own
            second[begin : len(first)] = [shares[code] for code in own]
            rows = tables.index.get(plan.names[j])
            if rows is not None:
                table[begin : len(first)] = [rows.get(name, -1) for name in names]
    read = np.array(first, dtype=np.float64)
    if dates:
        second[dates], third[dates] = weekday_and_week(read[dates], plan.zone)
    return Prepared(entries, read, second, third, table)


def fill(
    out: Floats,
    at: int,
    history: History,
    rows: tuple[Ints, Ints],
    given: tuple[Layout, Prepared, CategoryTables],
) -> None:
    """Writes the block for rows (lead, as_of) at column `at`."""
    lead, as_of = rows
    plan, prepared, tables = given
    log, entries = history.changes, prepared.entries
    attribute_rows(
        out, at, plan.totals, lead, as_of, history.created_us,
        entries.base, entries.starts, log.offsets, log.time_us, log.known_us,
        entries.change_attribute, entries.change_entry,
        prepared.first, prepared.second, prepared.third, prepared.table, plan.kind_codes, plan.columns,
        tables.offsets, tables.time_us, tables.leads, tables.wins,
        tables.base_time_us, tables.base_leads, tables.base_wins, SHRINKAGE,
    )  # fmt: skip


@compiled()
def _valid_entries(
    lead: int, as_of: int, base: Codes, starts: Ints,
    offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
    valid: Ints, count: Ints, latest: Ints,
) -> int:  # fmt: skip
    """Fills valid, count and latest (m,) for one row; returns the number of changes in the last 30 days."""
    for j in range(len(valid)):
        code = base[j, lead]
        valid[j] = code + starts[j] if code >= 0 else -1
        count[j] = 0
    recent = 0
    for r in range(offsets[lead], offsets[lead + 1]):
        if time[r] > as_of:
            break
        if known[r] > as_of or attribute[r] < 0:
            continue
        j = attribute[r]
        valid[j] = entry[r]
        count[j] += 1
        latest[j] = time[r]
        recent += as_of - time[r] < 30 * DAY_US
    return recent


@compiled(types.void(OUT_I32_2D, I64, I64, I32_2D, I64, I64, I64, I64, I32, I32))
def entry_rows(
    out: Codes, lead: Ints, as_of: Ints, base: Codes, starts: Ints,
    offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
) -> None:  # fmt: skip
    """Writes the entry of each attribute that is valid for each row, -1 for none."""
    m = out.shape[1]
    valid = np.empty(m, dtype=np.int64)
    count = np.empty(m, dtype=np.int64)
    latest = np.empty(m, dtype=np.int64)
    for i in range(len(lead)):
        _valid_entries(
            lead[i], as_of[i], base, starts, offsets, time, known, attribute, entry, valid, count, latest
        )
        for j in range(m):
            out[i, j] = valid[j]


@compiled()
def _last_at(time: Ints, begin: int, end: int, as_of: int) -> int:
    """The last position in begin:end whose time is not after as_of, -1 for none."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if time[middle] <= as_of:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > begin else -1


@compiled()
def _put(out: Floats, row: int, at: int, column: int, value: float) -> None:
    if column >= 0:
        out[row, at + column] = value


@compiled()
def _read_entry(
    out: Floats, i: int, at: int, columns: Ints, kind: int, instants: tuple[int, int], read: tuple[float, float, float]
) -> None:  # fmt: skip
    as_of, created = instants
    first, second, third = read
    if kind != 2:
        _put(out, i, at, columns[0], first)
        _put(out, i, at, columns[5], second)
        return
    if np.isnan(first):
        second = third = np.nan
    _put(out, i, at, columns[1], (first - as_of) / DAY_US)
    _put(out, i, at, columns[2], (first - created) / DAY_US)
    _put(out, i, at, columns[3], second)
    _put(out, i, at, columns[4], third)


@compiled(
    types.void(
        *(OUT, types.int64, types.int64, I64, I64, I64),
        *(I32_2D, I64, I64, I64, I64, I32, I32),
        *(F64, F64, F64, I64, I64, I64_2D),
        *(I64, I64, I64, I64, I64, I64, I64, types.float64),
    )
)
def attribute_rows(
    out: Floats, at: int, totals: int, lead: Ints, as_of: Ints, created: Ints,
    base: Codes, starts: Ints, offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
    first: Floats, second: Floats, third: Floats, table: Ints, kinds: Ints, columns: npt.NDArray[np.int64],
    table_offsets: Ints, table_time: Ints, table_leads: Ints, table_wins: Ints,
    base_time: Ints, base_leads: Ints, base_wins: Ints, shrinkage: float,
) -> None:  # fmt: skip
    """Writes the columns of every attribute for each row into out (n, k) from column `at`.

    Win rates are those of leads matured by as_of, shrunk to all leads' rate as (wins + k * base) / (leads + k); NaN
    where the attribute has no value or no lead has matured yet.
    """
    m = len(kinds)
    valid = np.empty(m, dtype=np.int64)
    count = np.empty(m, dtype=np.int64)
    latest = np.empty(m, dtype=np.int64)
    for i in range(len(lead)):
        recent = _valid_entries(
            lead[i], as_of[i], base, starts, offsets, time, known, attribute, entry, valid, count, latest
        )
        now = _last_at(base_time, 0, len(base_time), as_of[i])
        changes = 0
        for j in range(m):
            for p in range(columns.shape[1]):
                _put(out, i, at, columns[j, p], np.nan)
            changes += count[j]
            _put(out, i, at, columns[j, 8], count[j])
            if count[j] > 0:
                _put(out, i, at, columns[j, 9], (as_of[i] - latest[j]) / DAY_US)
            e = valid[j]
            if e < 0:
                if kinds[j] == 3:
                    _put(out, i, at, columns[j, 0], 0.0)
                continue
            _read_entry(
                out,
                i,
                at,
                columns[j],
                kinds[j],
                (as_of[i], created[lead[i]]),
                (first[e], second[e], third[e]),
            )
            if columns[j, 6] < 0 and columns[j, 7] < 0:
                continue
            leads = wins = 0
            if table[e] >= 0:
                last = _last_at(table_time, table_offsets[table[e]], table_offsets[table[e] + 1], as_of[i])
                if last >= 0:
                    leads, wins = table_leads[last], table_wins[last]
            _put(out, i, at, columns[j, 6], leads)
            if now >= 0 and base_leads[now] > 0:
                rate = base_wins[now] / base_leads[now]
                _put(out, i, at, columns[j, 7], (wins + shrinkage * rate) / (leads + shrinkage))
        if totals >= 0:
            out[i, at + totals] = changes
            out[i, at + totals + 1] = recent
