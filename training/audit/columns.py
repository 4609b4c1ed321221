"""The columns that the audit tests: the value each claims for a lead's creation, in groups of equal or near values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from features.attributes.identity import is_account
from features.attributes.kinds import Reading, form_of, hints_of, infer
from features.attributes.parsing import (
    CATEGORY,
    DATE,
    NUMBER,
    SET,
    canonical,
    category_key,
    instants,
    number,
    shown_texts,
)
from features.attributes.picks import likeliest_separator, pick_keys, separator_of
from history.base.arrays import Codes, Floats, Ints, Mask
from history.history import Factor, History

MAX_LEVELS = 60  # values tested one by one
MIN_LEADS = 20  # with a value, for it to be tested
BINS = 12  # of a number with many values
SAMPLED_TEXTS = 4000  # distinct texts that decide a column's kind
NO_MOMENT = int(np.iinfo(np.int64).min)
NONE, OTHERS, FIRST_LEVEL = 0, 1, 2  # groups: no value, rare values, tested values


class Grouping(NamedTuple):
    """A group of each lead (n,), and the groups' names."""

    group: Ints
    names: list[str]


@dataclass(frozen=True)
class Column:
    """An attribute of n leads.

    group (n,): NONE, OTHERS, or from FIRST_LEVEL on the number of the value or range; of a date, 1 for any.
    names: of the groups. moment_us (n,): of a date, microseconds UTC, NO_MOMENT if missing; None for other kinds.
    factor: the texts. picks: of a set, a column for each frequent pick, whose groups are leads with it and without.
    """

    name: str
    kind: str
    group: Ints
    names: list[str]
    moment_us: Ints | None
    factor: Factor
    form: str = ""
    picks: tuple["Column", ...] = ()

    @cached_property
    def numbers(self) -> Floats | None:
        """The numbers (n,), NaN if missing; None for other kinds."""
        return _numbers(self.factor, self.form) if self.kind == NUMBER else None

    @property
    def filled(self) -> Mask:
        return np.asarray(self.group > NONE)


def column_of(history: History, name: str) -> Column:
    """An attribute as of the leads' creation, according to its column and to the changes dated before it."""
    factor = claimed_at_creation(history, name)
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.values))
    texts = _texts(name, factor.values, counts)
    kind, form = _reading(name, texts, counts, history)
    if kind == DATE:
        return _date_column(history, name, instants(texts, history.config.zone, form), factor)
    if kind == NUMBER and np.count_nonzero(counts) > MAX_LEVELS:
        by_range = ranges(_numbers(factor, form))
        return Column(name, kind, by_range.group, by_range.names, None, factor, form)
    levels = _levels(factor.codes, texts, counts)
    picks = (
        _pick_columns(name, factor, kind, counts) if kind in (CATEGORY, SET) and not is_account(name) else ()
    )
    return Column(name, kind, levels.group, levels.names, None, factor, form, picks)


def _pick_columns(name: str, factor: Factor, kind: str, counts: Ints) -> tuple[Column, ...]:
    """A column for each frequent pick of a set; () if the column is none."""
    is_set = kind == SET
    separator = likeliest_separator(factor.values) if is_set else separator_of(factor.values, counts)
    if separator is None:
        return ()
    cells = [pick_keys(text, separator) for text in factor.values]
    leads: Counter[str] = Counter()
    for picks, n in zip(cells, counts.tolist(), strict=True):
        leads.update(dict.fromkeys(picks, n))
    columns = []
    for pick in [pick for pick, n in leads.most_common(MAX_LEVELS) if n >= MIN_LEADS]:
        group_of_text = [FIRST_LEVEL if pick in picks else OTHERS for picks in cells]
        group = np.array([*group_of_text, NONE], dtype=np.int64)[factor.codes]
        columns.append(Column(name, kind, group, ["none", "others", pick], None, factor))
    return tuple(columns)


def _numbers(factor: Factor, form: str) -> Floats:
    # One entry more: code -1, a missing value, reads the last one.
    numbers = np.array([*(number(text, form) for text in factor.values), np.nan])
    return np.asarray(numbers[factor.codes])


def _texts(name: str, texts: Sequence[str], counts: Ints) -> list[str]:
    """One text a category, that people see."""
    if is_account(name):
        return [canonical(text) for text in texts]
    shown = shown_texts(texts, counts)
    return [shown[category_key(text)] for text in texts]


def claimed_at_creation(history: History, name: str) -> Factor:
    """The text of an attribute on each lead, dated at or before its creation, whenever recorded; -1 for none.

    Recording times are ignored on purpose: a value recorded at the closing and dated before it is what the audit is
    looking for.
    """
    n = len(history)
    base = history.attributes.get(name, Factor(np.full(n, -1, dtype=np.int32), ()))
    changes = history.changes
    if name not in changes.attribute.values:
        return base
    lead = changes.lead
    rows = changes.attribute.codes == list(changes.attribute.values).index(name)
    rows &= changes.time_us <= history.created_us[lead]
    if not rows.any():
        return base
    codes = base.codes.copy()
    changed = changes.value.codes[rows]
    # The texts of changes follow those of the column. Rows are in order of time: the last one stays.
    codes[lead[rows]] = np.where(changed >= 0, changed + len(base.values), -1)
    return Factor(codes, [*base.values, *changes.value.values]).compact()


def _reading(name: str, texts: list[str], counts: Ints, history: History) -> Reading:
    """The kind of a column, and how its texts are written, as training reads it."""
    if is_account(name):
        return Reading(CATEGORY)
    most_frequent = np.argsort(-counts, kind="stable")[:SAMPLED_TEXTS]
    sample, weights = [texts[i] for i in most_frequent], counts[most_frequent]
    configured = history.config.attribute_types.get(name)
    if configured is not None:
        return Reading(configured, form_of(configured, sample, weights, hints_of(history.config)))
    return infer(sample, weights, history.config.zone, hints_of(history.config))


def _date_column(history: History, name: str, parsed: Sequence[int | None], factor: Factor) -> Column:
    # One entry more: code -1, a missing value, reads the last one.
    moments = [NO_MOMENT if moment is None else moment for moment in parsed]
    moment_of_text = np.array([*moments, NO_MOMENT], dtype=np.int64)
    moment_us = moment_of_text[factor.codes]
    is_dated = (moment_us != NO_MOMENT).astype(np.int64)
    return Column(name, DATE, is_dated, ["none", "any"], moment_us, factor)


def _levels(codes: Codes, texts: list[str], counts: Ints) -> Grouping:
    """One group for each frequent value, OTHERS for rare ones; texts with one canonical form are one value."""
    names = sorted(set(texts))
    place = {name: i for i, name in enumerate(names)}
    missing = len(names)
    values = [place[text] for text in texts]
    value_of_code = np.array([*values, missing], dtype=np.int64)
    total = np.bincount(value_of_code[:-1], weights=counts, minlength=len(names))
    largest = np.argsort(-total, kind="stable")[:MAX_LEVELS].tolist()
    frequent = [value for value in largest if total[value] >= MIN_LEADS]

    group_of_value = np.full(len(names) + 1, OTHERS, dtype=np.int64)
    group_of_value[frequent] = np.arange(FIRST_LEVEL, len(frequent) + FIRST_LEVEL)
    group_of_value[missing] = NONE
    frequent_names = [names[value] for value in frequent]
    value = value_of_code[codes]
    return Grouping(group_of_value[value], ["none", "others", *frequent_names])


def ranges(values: Floats) -> Grouping:
    """A group for each number that many leads share, and ranges of equal count for all others."""
    known = values[~np.isnan(values)]
    unique, counts = np.unique(known, return_counts=True)
    min_leads = max(MIN_LEADS, len(known) // 50)
    shared = unique[counts >= min_leads][:MAX_LEVELS]
    rest = known[~np.isin(known, shared)]
    cuts = np.zeros(0)
    if len(rest):
        shares = np.linspace(0, 1, BINS + 1)[1:-1]
        cuts = np.unique(np.quantile(rest, shares))

    group = FIRST_LEVEL + np.searchsorted(cuts, values, side="right")
    names = ["none", "others", *_range_names(cuts)]
    for value in shared:
        group[values == value] = len(names)
        names.append(f"{value:g}")
    group[np.isnan(values)] = NONE
    return Grouping(group.astype(np.int64), names)


def _range_names(cuts: Floats) -> list[str]:
    """Names of the k + 1 ranges between ascending cuts (k,); a range includes its lower end."""
    if not len(cuts):
        return ["any"]
    ends = [f"{cut:.6g}" for cut in cuts]
    between = [f"{low} to below {high}" for low, high in pairwise(ends)]
    return [f"below {ends[0]}", *between, f"{ends[-1]} or more"]
