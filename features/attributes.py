"""Attributes valid at as_of: numbers, booleans, dates relative to as_of, categories as own codes, and how they changed.

The value at creation is valid until a visible change replaces or clears it. That of a mutable attribute is today's
value of the CRM, so it counts as missing until a change gives it.
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
from features.rows import Rows
from history.arrays import Codes, Floats, Ints
from history.history import Changes, Factor, History, empty_factor

BLOCK = "attributes"
WELL_KNOWN = ("owner", "account_id", "source")
_NO_ROWS: Mapping[str, int] = {}

# The columns of an attribute, in the order of the constants of features.attribute_kernel.
PLACES = (
    "value", "days_ahead", "days_after_creation", "weekday", "week",
    "share", "past_leads", "win_rate", "changes", "days_since_change",
)  # fmt: skip


@dataclass(frozen=True)
class Attribute:
    """One attribute as learned: its kind, its columns, and its categories in training.

    levels: the categories with codes of their own (from 2, most frequent first), shares: their part of the leads; seen:
    every category met, up to a limit.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    mutable: bool = False
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    seen: tuple[str, ...] = ()


def features(attributes: Sequence[Attribute]) -> tuple[Feature, ...]:
    """The columns of the block, in the order written by `fill`."""
    columns: list[Feature] = []
    for name, attribute in zip(slugs([a.name for a in attributes]), attributes, strict=True):
        columns += _columns_of(attribute, name)
    if _has_changes(attributes):
        columns += [
            feature("attribute_changes_count", "changes", "{value} of its details so far", BLOCK),
            feature("attribute_changes_30d", "changes", "{value} of its details in the last 30 days", BLOCK),
        ]
    return tuple(columns)


def _columns_of(attribute: Attribute, name: str) -> list[Feature]:
    shown = quoted(attribute.name.replace("_", " "))
    prefix = name if attribute.name in WELL_KNOWN else f"attr_{name}"
    none = f"no {shown}"
    unit = {NUMBER: "number", BOOLEAN: "boolean", CATEGORY: "category", DATE: "number"}[attribute.kind]
    kind = "category" if attribute.kind == CATEGORY else "number"
    value = f"{shown} of {{value}}" if attribute.kind == NUMBER else f"{shown} {{value}}"
    known: dict[str, Feature] = {
        "value": _feature(f"attr_{name}", unit, value, none, kind=kind),
        "days_ahead": _feature(f"attr_{name}_days_ahead", "relative_days", f"{shown} {{value}}", none),
        "days_after_creation": _feature(
            f"attr_{name}_days_after_creation", "signed_days", f"{shown} {{value}} creation", none
        ),
        "weekday": _feature(f"attr_{name}_weekday", "weekday", f"{shown} on a {{value}}", none),
        "week": _feature(f"attr_{name}_week", "week", f"{shown} in {{value}}", none),
        "share": _feature(f"attr_{name}_share", "share", f"{shown} shared by {{value}} of leads", none),
        "past_leads": _feature(f"{prefix}_past_leads", "leads", f"{shown} known from {{value}}", none),
        "win_rate": _feature(
            f"{prefix}_win_rate", "share", f"a win rate of {{value}} among past leads of its {shown}", none, direction=1
        ),
        "changes": _feature(f"attr_{name}_changes", "changes", f"{{value}} of {shown} so far", none),
        "days_since_change": _feature(
            f"days_since_attr_{name}_changed",
            "days",
            f"the last change of {shown} {{value}} ago",
            f"no change of {shown}",
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
class AttributeLayout:
    """The attributes to read, and where their columns go from the block's first, -1 if left out."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    mutable: tuple[bool, ...]
    codes: tuple[dict[str, int], ...]
    shares: tuple[tuple[float, ...], ...]
    kind_codes: Ints  # (m,)
    columns: Ints  # (m, places)
    totals: int  # column of the number of changes, -1 if left out
    zone: ZoneInfo


def layout(attributes: Sequence[Attribute], zone: ZoneInfo) -> AttributeLayout:
    """The layout of the block's columns, as `features` lists them."""
    columns = np.full((len(attributes), len(PLACES)), -1, dtype=np.int64)
    at = 0
    for j, attribute in enumerate(attributes):
        for p, place in enumerate(PLACES):
            if place in attribute.columns:
                columns[j, p] = at
                at += 1
    return AttributeLayout(
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
    """The texts of m attributes in one history; each text of an attribute is an entry.

    The entries of attribute j begin at starts[j]. base (m, leads): codes within the attribute at creation, -1 for
    missing. change_attribute, change_entry: attribute of each change row (-1 for others), entry (-1 if cleared).
    """

    texts: list[Sequence[str]]
    starts: Ints
    base: Codes
    change_attribute: Codes
    change_entry: Codes


def entries_of(history: History, names: Sequence[str], mutable: Sequence[bool]) -> Entries:
    """Collects the texts of the named attributes; an attribute that the history lacks is missing on every lead."""
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
    """The attribute and local entry of each change row; new texts are appended to those of `texts`."""
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
    """The text of one attribute valid for each row at its instant, as in the data; of a mutable one by changes."""
    at_creation = history.attributes.get(name)
    is_mutable = name in history.config.mutable
    if at_creation is not None and not len(history.changes.time_us) and not is_mutable:
        return at_creation.take(lead)
    entries = entries_of(history, [name], [is_mutable])
    texts = entries.texts[0]  # a change may repeat a text that a creation has already
    place = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    code_of = np.array([*(place[text] for text in texts), -1], dtype=np.int32)
    return Factor(code_of[entries_at(history, entries, lead, as_of_us)[:, 0]], list(place))


@dataclass(frozen=True)
class PreparedAttributes:
    """The layout, the category tables, and the entries of one history parsed by kind: (E,) each.

    first: number, 0 or 1, instant in microseconds, or category code; second: weekday of a date or share of a category;
    third: week of a date; table: row of the category tables, -1 for a value they do not have.
    """

    layout: AttributeLayout
    tables: CategoryTables
    entries: Entries
    first: Floats
    second: Floats
    third: Floats
    table: Ints


def prepare(history: History, layout: AttributeLayout, tables: CategoryTables) -> PreparedAttributes:
    """Parses every text of the history's attributes once."""
    entries = entries_of(history, layout.names, layout.mutable)
    first: list[float] = []
    shares_of: list[float] = []
    table: list[int] = []
    dates: list[int] = []
    for kind, name, codes, shares, texts in zip(
        layout.kinds, layout.names, layout.codes, layout.shares, entries.texts, strict=True
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
            first += [nan if t is None else float(t) for t in instants(texts, layout.zone)]
        else:
            first += map(number if kind == NUMBER else boolean, texts)
        shares_of += [nan] * len(texts)
        table += [-1] * len(texts)
    read = np.array(first, dtype=np.float64)
    second = np.array(shares_of, dtype=np.float64)
    third = read  # only dates have one
    if dates:
        third = np.full(len(read), nan)
        second[dates], third[dates] = weekday_and_week(read[dates], layout.zone)
    return PreparedAttributes(layout, tables, entries, read, second, third, np.array(table, dtype=np.int64))


def fill(rows: Rows, at: int, history: History, prepared: PreparedAttributes) -> None:
    """Writes the block from column `at`."""
    layout, tables = prepared.layout, prepared.tables
    log, entries = history.changes, prepared.entries
    attribute_rows(
        rows.out, at, layout.totals, rows.lead, rows.as_of_us, history.created_us,
        entries.base, entries.starts, log.offsets, log.time_us, log.known_us,
        entries.change_attribute, entries.change_entry,
        prepared.first, prepared.second, prepared.third, prepared.table, layout.kind_codes, layout.columns,
        tables.offsets, tables.time_us, tables.leads, tables.wins,
        tables.base_time_us, tables.base_leads, tables.base_wins, SHRINKAGE,
    )  # fmt: skip
