"""Attribute features: values by kind, dates relative to as_of, category codes and rates, and changes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from zoneinfo import ZoneInfo

import numpy as np

from features.attributes.category_rates import SHRINKAGE, CategoryTables
from features.attributes.entries import Entries, entries_of
from features.attributes.kernel import KIND_CODES, PLACES, attribute_rows
from features.attributes.parsing import BOOLEAN, CATEGORY, DATE, NUMBER, SET, canonical, category_key
from features.attributes.readings import FIRST_LEVEL, TextReader
from features.feature import Block, Feature, quoted, slugs, spoken
from history.base.arrays import Floats, Ints
from history.config.schema import ACCOUNT
from history.history import History
from history.snapshot import Snapshot

BLOCK = Block("attributes")
WELL_KNOWN = ("owner", ACCOUNT, "source")
_UNITS: Mapping[str, str] = {
    NUMBER: "number",
    BOOLEAN: "boolean",
    CATEGORY: "category",
    DATE: "number",
    SET: "picks",
}


@dataclass(frozen=True)
class Attribute:
    """One attribute as learned: its kind, its columns (of PLACES) and its categories.

    levels: categories with codes of their own (from 2, most frequent first); shares: their share of leads; seen: every
    category of the training leads, up to a limit; single_share: share of leads whose category no other lead has.
    folds: categories match without case and needless blanks, by `category_key`; levels are shown as people write them.
    form: how the texts are written, "" for the plain way (see `kinds.infer`); of a set its separator, whose picks are
    the levels. placeholders: dates that stand for a missing one, because the training dates are far from them.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    mutable: bool = False
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    seen: tuple[str, ...] = ()
    single_share: float = 0.0
    folds: bool = False  # as in bundles before categories were folded
    form: str = ""
    placeholders: tuple[str, ...] = ()

    @property
    def key_of(self) -> Callable[[str], str]:
        """The function that gives one text a category."""
        return category_key if self.folds else canonical

    @property
    def picks(self) -> tuple[str, ...]:
        """The picks of a set that have columns of their own; () for any other kind."""
        return self.levels if self.kind == SET else ()


def attribute_features(attributes: Sequence[Attribute]) -> tuple[Feature, ...]:
    """The columns of the block in matrix order: those of each attribute, then the changes of all."""
    columns: list[Feature] = []
    names = slugs([attribute.name for attribute in attributes])
    for name, attribute in zip(names, attributes, strict=True):
        columns += _columns_of(attribute, name)
    if _has_changes(attributes):
        so_far, recent = "{value} of its details so far", "{value} of its details in the last 30 days"
        columns.append(BLOCK.number("attribute_changes_count", "changes", so_far))
        columns.append(BLOCK.number("attribute_changes_30d", "changes", recent))
    return tuple(columns)


def _columns_of(attribute: Attribute, name: str) -> list[Feature]:
    """The attribute's columns in the order of PLACES; name is its slug."""
    shown = quoted(spoken(attribute.name))
    prefix = name if attribute.name in WELL_KNOWN else f"attr_{name}"
    columns = {
        "value": _value_column(attribute, f"attr_{name}", shown),
        **_date_columns(f"attr_{name}", shown),
        **_rate_columns(name, prefix, shown),
        **_change_columns(name, shown),
    }
    kept = [columns[place] for place in PLACES if place in attribute.columns]
    for pick, pick_name in zip(attribute.picks, slugs(attribute.picks), strict=True):
        phrase = f'{{value}} "{quoted(pick)}" among {shown}'
        has = BLOCK.number(f"attr_{name}_has_{pick_name}", "pick", phrase, missing=f"no {shown}")
        kept.append(has.worded("attribute_has", name=shown.format(), pick=quoted(pick).format()))
    return [replace(column, subject=attribute.name) for column in kept]


def _value_column(attribute: Attribute, name: str, shown: str) -> Feature:
    unit, none, term = _UNITS[attribute.kind], f"no {shown}", shown.format()
    if attribute.kind == CATEGORY:
        column = BLOCK.category(name, unit, f"{shown} {{value}}", missing=none)
        return column.worded("attribute", name=term)
    if attribute.kind == SET:
        count = BLOCK.number(f"{name}_count", unit, f"{{value}} of {shown}", missing=none)
        return count.worded("attribute_picks", name=term)
    if attribute.kind == NUMBER:
        amount = BLOCK.number(name, unit, f"{shown} of {{value}}", missing=none)
        return amount.worded("attribute_number", name=term)
    return BLOCK.number(name, unit, f"{shown} {{value}}", missing=none).worded("attribute", name=term)


def _date_columns(name: str, shown: str) -> dict[str, Feature]:
    shown = shown.removesuffix(" on").removesuffix(" at")  # "planned close on a Monday" of planned_close_on
    none = f"no {shown}"

    def column(suffix: str, unit: str, phrase: str) -> Feature:
        made = BLOCK.number(f"{name}_{suffix}", unit, f"{shown} {phrase}", missing=none)
        return made.worded(f"attribute_{suffix}", name=shown.format())

    return {
        "days_ahead": column("days_ahead", "relative_days", "{value}"),
        "days_after_creation": column("days_after_creation", "signed_days", "{value} creation"),
        "weekday": column("weekday", "weekday", "on a {value}"),
        "week": column("week", "week", "in {value}"),
    }


def _rate_columns(name: str, prefix: str, shown: str) -> dict[str, Feature]:
    none = f"no {shown}"
    shared, rate = (
        f"{shown} shared by {{value}} of leads",
        f"a win rate of {{value}} among past leads of its {shown}",
    )
    win_rate = BLOCK.number(f"{prefix}_win_rate", "share", rate, missing=none)
    past_leads = f"{shown} known from {{value}}"
    columns = {
        "share": BLOCK.number(f"attr_{name}_share", "share", shared, missing=none),
        "past_leads": BLOCK.number(f"{prefix}_past_leads", "leads", past_leads, missing=none),
        "win_rate": replace(win_rate, direction=1),
    }
    return _worded(columns, shown)


def _change_columns(name: str, shown: str) -> dict[str, Feature]:
    so_far, since = f"{{value}} of {shown} so far", f"the last change of {shown} {{value}} ago"
    unchanged = f"no change of {shown}"
    columns = {
        "changes": BLOCK.number(f"attr_{name}_changes", "changes", so_far),
        "days_since_change": BLOCK.number(
            f"days_since_attr_{name}_changed", "days", since, missing=unchanged
        ),
    }
    return _worded(columns, shown)


def _worded(columns: Mapping[str, Feature], shown: str) -> dict[str, Feature]:
    """The columns with their wordings, which are named by their places."""
    return {
        place: column.worded(f"attribute_{place}", name=shown.format()) for place, column in columns.items()
    }


def _has_changes(attributes: Iterable[Attribute]) -> bool:
    return any("changes" in attribute.columns for attribute in attributes)


@dataclass(frozen=True)
class AttributeLayout:
    """m attributes and their columns, counted from the block's first; -1 = left out.

    readers (m,): of their texts; kind_codes (m,); columns (m, places); changes_column: of the number of changes of all
    attributes, the recent ones follow. picks_at (m,): the first column of the n_picks (m,) picks of a set.
    """

    names: tuple[str, ...]
    mutable: tuple[bool, ...]
    readers: tuple[TextReader, ...]
    kind_codes: Ints
    columns: Ints
    changes_column: int
    picks_at: Ints
    n_picks: Ints


def attribute_layout(attributes: Sequence[Attribute], zone: ZoneInfo) -> AttributeLayout:
    """Places the columns in the order of `attribute_features`."""
    columns = np.full((len(attributes), len(PLACES)), -1, dtype=np.int64)
    picks_at = np.zeros(len(attributes), dtype=np.int64)
    at = 0
    for j, attribute in enumerate(attributes):
        for p, place in enumerate(PLACES):
            if place in attribute.columns:
                columns[j, p] = at
                at += 1
        picks_at[j] = at
        at += len(attribute.picks)
    return AttributeLayout(
        names=tuple(a.name for a in attributes),
        mutable=tuple(a.mutable for a in attributes),
        readers=tuple(_reader(a, zone) for a in attributes),
        kind_codes=np.array([KIND_CODES[a.kind] for a in attributes], dtype=np.int64),
        columns=columns,
        changes_column=at if _has_changes(attributes) else -1,
        picks_at=picks_at,
        n_picks=np.array([len(a.picks) for a in attributes], dtype=np.int64),
    )


def _reader(attribute: Attribute, zone: ZoneInfo) -> TextReader:
    codes = {attribute.key_of(level): i for i, level in enumerate(attribute.levels, start=FIRST_LEVEL)}
    shares = (0.0, 0.0, *attribute.shares)
    return TextReader(
        attribute.kind, attribute.key_of, codes, shares, attribute.form, attribute.placeholders, zone
    )


@dataclass(frozen=True)
class AttributeInputs:
    """One history's E entries read by kind, and the tables of its categories.

    value (E,): number, 0 or 1, instant in microseconds, or category code.
    share_or_weekday (E,): share of a category, weekday of a date, NaN otherwise; week (E,): of a date.
    table_row (E,): row of the category tables, -1 for a value that they lack. picks: the known picks of every set,
    those of entry e at pick_offsets[e]:pick_offsets[e + 1].
    """

    layout: AttributeLayout
    tables: CategoryTables
    entries: Entries
    value: Floats
    share_or_weekday: Floats
    week: Floats
    table_row: Ints
    pick_offsets: Ints
    picks: Ints


def attribute_inputs(history: History, layout: AttributeLayout, tables: CategoryTables) -> AttributeInputs:
    """Reads every text of the history's attributes once."""
    entries = entries_of(history, layout.names, layout.mutable)
    values: list[float] = []
    shares_or_weekdays: list[float] = []
    weeks: list[float] = []
    table_rows: list[int] = []
    n_picks: list[int] = []
    picks: list[int] = []
    for name, reader, texts in zip(layout.names, layout.readers, entries.texts, strict=True):
        if not texts:
            continue
        value, share_or_weekday, week, categories, n_picked, picked = reader.read(texts)
        values += value
        shares_or_weekdays += share_or_weekday
        weeks += week
        n_picks += n_picked
        picks += picked
        rows = tables.index.get(name)
        if rows is None:
            table_rows += [-1] * len(texts)
        else:
            table_rows += [rows.get(category, -1) for category in categories]
    numbers = np.array(values + shares_or_weekdays + weeks, dtype=np.float64)  # at once: one array costs 1 us
    of_value, of_share, of_week = numbers.reshape(3, -1)
    return AttributeInputs(
        layout,
        tables,
        entries,
        of_value,
        of_share,
        of_week,
        np.array(table_rows, dtype=np.int64),
        np.array([0, *accumulate(n_picks)], dtype=np.int64),
        np.array(picks, dtype=np.int64),
    )


def write_attributes(out: Floats, at: int, rows: Snapshot, inputs: AttributeInputs) -> None:
    """Writes the block of the rows at column `at`."""
    layout, tables, entries = inputs.layout, inputs.tables, inputs.entries
    log = rows.history.changes
    attribute_rows(
        out, at, layout.changes_column, rows.lead, rows.as_of_us, rows.history.created_us,
        entries.base, entries.starts, log.offsets, log.time_us, log.known_us,
        entries.change_attribute, entries.change_entry,
        inputs.value, inputs.share_or_weekday, inputs.week, inputs.table_row, layout.kind_codes, layout.columns,
        layout.picks_at, layout.n_picks, inputs.pick_offsets, inputs.picks,
        tables.offsets, tables.time_us, tables.leads, tables.wins,
        tables.base_time_us, tables.base_leads, tables.base_wins, SHRINKAGE,
    )  # fmt: skip
