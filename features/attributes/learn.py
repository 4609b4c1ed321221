"""Learns the attributes: their kinds, categories with codes of their own, useful columns, and the category tables."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from features.attributes.attributes import WELL_KNOWN, Attribute
from features.attributes.category_rates import CategoryTables, build, matured_leads
from features.attributes.entries import Entries, entries_at, entries_of
from features.attributes.identity import contact_form, is_account, number_form, single_share, text_form
from features.attributes.kinds import form_of, hints_of, infer
from features.attributes.parsing import (
    CATEGORY,
    DATE,
    NUMBER,
    SET,
    boolean,
    canonical,
    category_key,
    instants,
    numbers,
    shown_texts,
    without_placeholders,
)
from features.attributes.picks import likeliest_separator, separator_of, split
from features.instants import NO_INSTANT
from history.base.arrays import Codes, Floats, Ints
from history.base.counts import commonest
from history.history import History
from history.snapshot import Snapshot
from history.text.placeholders import placeholders_far_from
from history.text.times import DAY_US

LEAST_LEADS = 10  # leads of a category with a code of its own
MOST_LEVELS = 200  # categories with codes of their own
MOST_PICKS = 50  # picks of a set with columns of their own
MOST_SEEN = 50_000  # categories remembered, so that a bundle stays small
# A category table helps only if leads share values: at least these shares of leads, less for well-known attributes,
# whose effect is usual (an owner, an account).
SHARED, SHARED_WELL_KNOWN = 0.2, 0.05
MANY_LEVELS = 8  # a category with fewer needs neither share nor past leads: its codes are enough
LEAST_CHANGED = 20  # leads with a change, for columns of changes
YEAR_DAYS = 365.0

UNCHANGED_MUTABLE = "mutable, and no attribute change states its value"
CHANGE_COLUMNS = ("changes", "days_since_change")


@dataclass(frozen=True)
class _Column:
    """One attribute over n training leads.

    counts (texts,): leads of each text; entry and as_of_days: text position and instant of the leads with a value;
    changed: leads with a change of it.
    """

    name: str
    texts: Sequence[str]
    counts: Ints
    n: int
    as_of_days: Floats
    entry: Codes
    changed: int


class LearnedAttributes(NamedTuple):
    """The attributes with columns, their category tables, and the reason for each attribute without a column.

    identity: the form of each attribute that is guessed to identify a lead; none of them is learned.
    """

    attributes: tuple[Attribute, ...]
    tables: CategoryTables
    dropped: dict[str, str]
    identity: dict[str, str]


class _LearnedAttribute(NamedTuple):
    """An attribute, and the reason to drop it if it has no columns."""

    attribute: Attribute
    reason: str


class _Kind(NamedTuple):
    """The kind of an attribute; identity: the form of its values if they identify a lead, else "".

    form: how its texts are written (see Attribute).
    """

    name: str
    identity: str = ""
    form: str = ""


def learn_attributes(history: History, latest: Ints) -> LearnedAttributes:
    """Learns from training leads only: latest (leads,) is each one's latest training instant, else NO_INSTANT."""
    config = history.config
    hidden = {*config.sensitive, *config.ignore, *config.identity}
    names = sorted({*history.attributes, *history.changes.attribute.values} - hidden)
    mutable = [name in config.mutable for name in names]
    entries = entries_of(history, names, mutable)

    kept: list[Attribute] = []
    dropped: dict[str, str] = {}
    identity: dict[str, str] = {}
    for column in _columns(history, names, entries, latest):
        kind = _kind_of(column, history)
        if kind.identity:
            identity[column.name] = kind.identity
            continue
        attribute, reason = _learn_one(column, kind, history)
        if attribute.columns:
            kept.append(attribute)
        elif attribute.mutable and reason == "empty":
            dropped[column.name] = UNCHANGED_MUTABLE
        else:
            dropped[column.name] = reason
    return LearnedAttributes(tuple(kept), _tables(history, kept), dropped, identity)


def _columns(history: History, names: Sequence[str], entries: Entries, latest: Ints) -> list[_Column]:
    """Each attribute at the leads' latest training instants."""
    lead = np.flatnonzero(latest != NO_INSTANT).astype(np.int64)
    rows = Snapshot(history, lead, latest[lead])
    valid = entries_at(entries, rows)
    changed = _leads_changed(history, entries, latest)
    columns = []
    for j, name in enumerate(names):
        texts = entries.texts[j]
        entry = entries.local(valid, j)
        has_value = entry >= 0
        counts = np.bincount(entry[has_value], minlength=len(texts))
        days = rows.as_of_us[has_value] / DAY_US
        columns.append(_Column(name, texts, counts, len(lead), days, entry[has_value], int(changed[j])))
    return columns


def _leads_changed(history: History, entries: Entries, latest: Ints) -> Ints:
    """The number of training leads (m,) with a visible change of each attribute."""
    log, m = history.changes, len(entries.texts)
    owner = log.lead
    if not len(owner) or not m:
        return np.zeros(m, dtype=np.int64)
    rows = (entries.change_attribute >= 0) & (log.known_us <= latest[owner])
    pairs = np.unique(owner[rows] * m + entries.change_attribute[rows])
    return np.bincount(pairs % m, minlength=m)


def _kind_of(column: _Column, history: History) -> _Kind:
    """The configured kind, else the inferred one; a column with a configured kind is learned whatever its values."""
    config, texts, counts = history.config, column.texts, column.counts
    if is_account(column.name):
        return _Kind(CATEGORY)
    configured = config.attribute_types.get(column.name)
    if configured is not None:
        form = form_of(configured, texts, counts, hints_of(config))
        form = likeliest_separator(texts) if configured == SET else form
        return _Kind(configured, form=form)
    kind, form = infer(texts, counts, config.zone, hints_of(config))
    if kind == CATEGORY:
        separator = separator_of(texts, counts)
        if separator is not None:
            return _Kind(SET, form=separator)
        return _Kind(kind, contact_form(texts, counts) or text_form(texts, counts) or "")
    if kind == NUMBER and not form:
        return _Kind(kind, contact_form(texts, counts) or number_form(texts, counts) or "")
    return _Kind(kind, form=form)


def _learn_one(column: _Column, of_column: _Kind, history: History) -> _LearnedAttribute:
    kind = of_column.name
    mutable = column.name in history.config.mutable
    if is_account(column.name):
        return _learn_account(column, mutable)
    if kind == CATEGORY:
        return _learn_category(column, mutable)
    if kind == SET:
        return _learn_set(column, mutable, of_column.form)

    placeholders: tuple[str, ...] = ()
    if kind == DATE:
        moments = instants(column.texts, history.config.zone, of_column.form)
        placeholders = _placeholders(column, moments)
        values = _days_ahead(column, without_placeholders(moments, placeholders))
    else:
        values = _values(column, of_column)
    is_known = ~np.isnan(values)
    known = values[is_known]
    columns: tuple[str, ...] = ()
    if _differ(known) or (len(known) and len(known) < column.n):
        columns = ("value",)
        if kind == DATE:
            columns = _date_places(known + column.as_of_days[is_known])
    if column.changed >= LEAST_CHANGED:
        columns += CHANGE_COLUMNS
    reason = "constant" if len(known) else "empty"
    attribute = Attribute(column.name, kind, columns, mutable, form=of_column.form, placeholders=placeholders)
    return _LearnedAttribute(attribute, reason)


def _differ(values: Floats) -> bool:
    """True for more than one distinct value."""
    return len(values) > 0 and bool(values.min() < values.max())


def _date_places(days: Floats) -> tuple[str, ...]:
    """The columns of a date; its week only tells the date if the training dates (n,) span less than a year."""
    places = ("days_ahead", "days_after_creation", "weekday")
    spans_a_year = len(days) > 0 and float(np.ptp(days)) >= YEAR_DAYS
    return (*places, "week") if spans_a_year else places


def _placeholders(column: _Column, moments: Sequence[int | None]) -> tuple[str, ...]:
    """The placeholders that are far from all dates of the training leads, whether the column has them or not.

    moments: microseconds UTC of each of the column's texts.
    """
    used = zip(moments, column.counts.tolist(), strict=True)
    return placeholders_far_from(moment / DAY_US for moment, n in used if n and moment is not None)


def _days_ahead(column: _Column, moments: Sequence[int | None]) -> Floats:
    """Of each lead with a value (n,): the days from its instant to the date."""
    days = [np.nan if moment is None else moment / DAY_US for moment in moments]
    return np.array(days, dtype=np.float64)[column.entry] - column.as_of_days


def _values(column: _Column, of_column: _Kind) -> Floats:
    """Of each lead with a value (n,): the number, or 0 or 1."""
    if of_column.name == NUMBER:
        values = numbers(column.texts, of_column.form)
    else:
        values = [boolean(text) for text in column.texts]
    return np.array(values, dtype=np.float64)[column.entry]


class _Category(NamedTuple):
    """A category of a column: its key, the text that people see, and its leads."""

    key: str
    shown: str
    leads: int


def _ranked(column: _Column, key_of: Callable[[str], str]) -> list[_Category]:
    """The categories of a column, most frequent first."""
    shown = shown_texts(column.texts, column.counts) if key_of is category_key else {}
    counts: Counter[str] = Counter()
    for text, n in zip(column.texts, column.counts.tolist(), strict=True):
        if n:
            counts[key_of(text)] += n
    categories = [_Category(key, shown.get(key, key), n) for key, n in counts.items()]
    return sorted(categories, key=lambda category: (-category.leads, category.shown))


def _learn_account(column: _Column, mutable: bool) -> _LearnedAttribute:
    """Columns of what is known of the account's other leads; a bundle need not list the accounts."""
    ranked = _ranked(column, canonical)
    places = _category_places(column, ranked, 0)
    columns = tuple(place for place in places if place not in ("value", "share"))
    reason = "no account has several leads" if ranked else "empty"
    return _LearnedAttribute(Attribute(column.name, CATEGORY, columns, mutable), reason)


def _learn_category(column: _Column, mutable: bool) -> _LearnedAttribute:
    ranked = _ranked(column, category_key)
    levels = [category for category in ranked if category.leads >= LEAST_LEADS][:MOST_LEVELS]
    attribute = Attribute(
        column.name,
        CATEGORY,
        _category_places(column, ranked, len(levels)),
        mutable,
        levels=tuple(category.shown for category in levels),
        shares=tuple(category.leads / max(column.n, 1) for category in levels),
        seen=tuple(category.key for category in ranked[:MOST_SEEN]),
        single_share=single_share(np.array([category.leads for category in ranked], dtype=np.int64)),
        folds=True,
    )
    if not ranked:
        return _LearnedAttribute(attribute, "empty")
    reason = "constant" if len(ranked) == 1 else "no value is shared by enough leads"
    return _LearnedAttribute(attribute, reason)


def _learn_set(column: _Column, mutable: bool, separator: str) -> _LearnedAttribute:
    """Columns of the number of picks, and of each pick that some leads have and others lack."""
    leads: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = {}
    for text, n in zip(column.texts, column.counts.tolist(), strict=True):
        for pick in split(text, separator) if n else ():
            key = category_key(pick)
            leads[key] += n
            spellings.setdefault(key, Counter())[pick] += n
    shown = {key: commonest(of_key) for key, of_key in spellings.items()}
    ranked = sorted(leads, key=lambda key: (-leads[key], shown[key]))
    picks = [key for key in ranked if LEAST_LEADS <= leads[key] < column.n][:MOST_PICKS]

    places: tuple[str, ...] = ("value",) if picks else ()
    if column.changed >= LEAST_CHANGED:
        places += CHANGE_COLUMNS
    attribute = Attribute(
        column.name,
        SET,
        places,
        mutable,
        levels=tuple(shown[key] for key in picks),
        shares=tuple(leads[key] / column.n for key in picks),
        folds=True,
        form=separator,
    )
    return _LearnedAttribute(attribute, "no pick is shared by enough leads" if leads else "empty")


def _category_places(column: _Column, ranked: Sequence[_Category], n_levels: int) -> tuple[str, ...]:
    """The columns of a category with these counts, most frequent first."""
    total = sum(category.leads for category in ranked)
    has_rare, has_missing = n_levels < len(ranked), total < column.n
    groups = n_levels + has_rare + has_missing
    columns: list[str] = []
    if groups > 1:
        columns.append("value")
        if n_levels >= MANY_LEVELS:
            columns.append("share")
    shared = sum(category.leads for category in ranked if category.leads > 1)
    is_well_known = column.name in WELL_KNOWN
    least_share = SHARED_WELL_KNOWN if is_well_known else SHARED
    if len(ranked) > 1 and shared >= least_share * column.n:
        if is_well_known or len(ranked) >= MANY_LEVELS:
            columns.append("past_leads")
        # The rates of few categories move with time, as their codes do not (docs/decisions/0068).
        columns.append("win_rate")
    if column.changed >= LEAST_CHANGED:
        columns += CHANGE_COLUMNS
    return tuple(columns)


def _tables(history: History, attributes: Sequence[Attribute]) -> CategoryTables:
    """Tables of the categories with a win-rate column, each lead under its value at the time of its decision."""
    chosen = [attribute for attribute in attributes if "win_rate" in attribute.columns]
    entries = entries_of(history, [a.name for a in chosen], [a.mutable for a in chosen])
    matured = matured_leads(history)
    valid = entries_at(entries, Snapshot(history, matured.lead, matured.value_us))
    values = {}
    for j, attribute in enumerate(chosen):
        texts, codes = _by_category(entries.texts[j], attribute.key_of)
        # Position -1, a missing value, is the last code.
        values[attribute.name] = (codes[entries.local(valid, j)], texts)
    return build(matured, values)


def _by_category(texts: Sequence[str], key_of: Callable[[str], str]) -> tuple[list[str], Ints]:
    """The distinct categories, sorted, and the code of each text among them; the last code is of a missing one."""
    names = [key_of(text) for text in texts]
    order = sorted(set(names))
    place = {name: i for i, name in enumerate(order)}
    return order, np.array([*(place[name] for name in names), -1], dtype=np.int64)
