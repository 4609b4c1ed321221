"""Attributes valid at as_of: numbers, booleans, dates relative to as_of, categories as own codes, and how they changed.

The value at creation is a lead's own until a visible change replaces or clears it. That of a mutable attribute is what
the CRM shows today, so it counts as missing until a change tells it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import nan
from zoneinfo import ZoneInfo

import numpy as np

from features.attribute_kernel import KIND_CODES, attribute_rows, entry_rows
from features.calendar import weekday_and_week
from features.category_rates import SHRINKAGE, CategoryTables
from features.feature import Feature, feature, quoted, slugs
from features.parsing import BOOLEAN, CATEGORY, DATE, NUMBER, boolean, canonical, instants, number
from history.arrays import Codes, Floats, Ints
from history.history import Changes, Factor, History, empty_factor

BLOCK = "attributes"
WELL_KNOWN = ("owner", "account_id", "source")
_NO_ROWS: Mapping[str, int] = {}

# What a column of an attribute holds, in the order in which the columns stand.
PLACES = (
    "value", "days_ahead", "days_after_creation", "weekday", "week",
    "share", "past_leads", "win_rate", "changes", "days_since_change",
)  # fmt: skip


@dataclass(frozen=True)
class Attribute:
    """One attribute as learned: its kind, the columns it gives, and the categories that training saw of it.

    levels are those with own codes (from 2, most frequent first), shares their part of leads; seen holds every one met,
    up to a limit.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    mutable: bool = False
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    seen: tuple[str, ...] = ()


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
        np.array([KIND_CODES[a.kind] for a in attributes], dtype=np.int64),
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
    given = history.attributes.get(name)
    if given is not None and not len(history.changes.time_us) and name not in history.config.mutable:
        return given.take(lead)
    entries = entries_of(history, [name], [name in history.config.mutable])
    texts = entries.texts[0]  # a change may bring one that is there from a creation already
    place = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    code_of = np.array([*(place[text] for text in texts), -1], dtype=np.int32)
    return Factor(code_of[entries_at(history, entries, lead, as_of_us)[:, 0]], list(place))


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
    first: list[float] = []
    shares_of: list[float] = []
    table: list[int] = []
    dates: list[int] = []
    for kind, name, codes, shares, texts in zip(
        plan.kinds, plan.names, plan.codes, plan.shares, entries.texts, strict=True
    ):
        if kind == CATEGORY:
            row = tables.index.get(name, _NO_ROWS).get
            for category in map(canonical, texts):
                code = codes.get(category, 1)
                first.append(code)
                shares_of.append(shares[code])
                table.append(row(category, -1))
            continue
        if kind == DATE:
            dates += range(len(first), len(first) + len(texts))
            first += [nan if t is None else float(t) for t in instants(texts, plan.zone)]
        else:
            first += map(number if kind == NUMBER else boolean, texts)
        shares_of += [nan] * len(texts)
        table += [-1] * len(texts)
    read = np.array(first, dtype=np.float64)
    second = np.array(shares_of, dtype=np.float64)
    third = read  # read of dates only
    if dates:
        third = np.full(len(read), nan)
        second[dates], third[dates] = weekday_and_week(read[dates], plan.zone)
    return Prepared(entries, read, second, third, np.array(table, dtype=np.int64))


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
