"""Columns of combinations of two attributes: of training rows by what was known at their instants, and as of T.

A row of the grid counts once its horizon is over, and as won once its win is known, so that no row reads the outcome of
a later one or its own (features/attributes/combinations.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.attributes.attributes import Attribute
from features.attributes.combination_kernel import past_combination
from features.attributes.combinations import KEY_BASE, SHRINKAGE, Combinations, Names
from features.attributes.entries import entries_at, entries_of
from features.catalogue import catalogue
from history.base.arrays import Floats, Ints, Mask
from history.outcomes.decisions import first_decisions
from history.snapshot import Snapshot
from training.rows.dataset import GRID, Rows
from training.rows.training_set import PreparedData, TrainingSet


@dataclass(frozen=True)
class CombinedRows:
    """The n training rows and then the m recent ones, with what their combinations read.

    categories: of each attribute, by code; codes (attributes, n + m): of the rows, -1 for none. as_of_us (n + m,), and
    order, the rows by it. known_us (h,), row and is_win: what becomes known of rows of the grid, in order of time.
    """

    attributes: Sequence[Attribute]
    categories: Sequence[Sequence[str]]
    codes: Ints
    as_of_us: Ints
    order: Ints
    known_us: Ints
    row: Ints
    is_win: Mask

    def column(self, first: int, second: int) -> Floats:
        """The column (n + m,) of two attributes by position, each row as of its own instant."""
        out = np.empty(len(self.as_of_us))
        past_combination(
            out, self.order, self.as_of_us, self.codes[first], self.codes[second],
            len(self.categories[first]), len(self.categories[second]),
            self.known_us, self.row, self.is_win, SHRINKAGE,
        )  # fmt: skip
        return out

    def position(self, name: str) -> int:
        """Of an attribute by name."""
        return next(j for j, attribute in enumerate(self.attributes) if attribute.name == name)

    def figures(self, names: Sequence[Names]) -> Combinations:
        """The figures of these combinations as of T."""
        used = sorted({self.position(name) for pair in names for name in pair})
        sizes = [len(self.categories[j]) for j in used]
        begin = dict(zip(used, (int(n) for n in np.cumsum([0, *sizes[:-1]])), strict=True))
        cells = {j: np.where(self.codes[j] < 0, -1, self.codes[j] + begin[j]) for j in used}
        keys = [_keys(*(cells[self.position(name)] for name in pair)) for pair in names]
        counted, won = self.row[~self.is_win], self.row[self.is_win]
        distinct = np.unique(np.concatenate([key[counted] for key in keys]))
        distinct = distinct[distinct >= 0]

        def total(rows: Ints) -> Ints:
            of_cells = sum(_counts(cell[rows], sum(sizes)) for cell in cells.values())
            of_keys = sum(_counts(_places(distinct, key[rows]), len(distinct)) for key in keys)
            return np.concatenate([of_cells, [len(rows)], of_keys])

        index = {
            self.attributes[j].name: {text: begin[j] + i for i, text in enumerate(self.categories[j])}
            for j in used
        }
        return Combinations(tuple(names), index, distinct, rows=total(counted), wins=total(won))


def _keys(first: Ints, second: Ints) -> Ints:
    """The keys (n,) of the combinations of cells (n,), -1 where either is missing."""
    return np.where((first < 0) | (second < 0), -1, first * KEY_BASE + second)


def _places(distinct: Ints, keys: Ints) -> Ints:
    """The places of keys among the distinct ones, -1 for a missing key."""
    return np.where(keys < 0, -1, np.searchsorted(distinct, keys))


def _counts(codes: Ints, n: int) -> Ints:
    """How often each of n codes occurs; -1 does not count."""
    return np.bincount(codes[codes >= 0], minlength=n)


def combined_rows(training_set: TrainingSet, attributes: Sequence[Attribute]) -> CombinedRows:
    """Reads the attributes of all rows of a training set, and what became known of those of the grid."""
    rows, recent = training_set.rows, training_set.recent
    snapshots = [rows.snapshot] if recent is None else [rows.snapshot, recent.rows.snapshot]
    categories, codes = _coded(snapshots, attributes)
    as_of_us = np.concatenate([snapshot.as_of_us for snapshot in snapshots])
    known_us, row, is_win = _happenings(rows, training_set.horizon_us)
    order = np.argsort(as_of_us, kind="stable")
    return CombinedRows(attributes, categories, codes, as_of_us, order, known_us, row, is_win)


def _coded(snapshots: Sequence[Snapshot], attributes: Sequence[Attribute]) -> tuple[list[list[str]], Ints]:
    """The categories of each attribute among the rows, sorted, and their codes (attributes, rows)."""
    history = snapshots[0].history
    entries = entries_of(history, [a.name for a in attributes], [a.mutable for a in attributes])
    valid = np.concatenate([entries_at(entries, snapshot) for snapshot in snapshots])
    codes = np.empty((len(attributes), len(valid)), dtype=np.int64)
    categories = []
    for j, attribute in enumerate(attributes):
        names = [attribute.key_of(text) for text in entries.texts[j]]
        local = entries.local(valid, j)
        used = sorted({names[code] for code in np.unique(local[local >= 0]).tolist()})
        place = {name: code for code, name in enumerate(used)}
        code_of = np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int64)
        codes[j] = code_of[local]
        categories.append(used)
    return categories, codes


def _happenings(rows: Rows, horizon_us: int) -> tuple[Ints, Ints, Mask]:
    """When each row of the grid counts and when it counts as won: instants (h,) in order, rows, and whether a win."""
    grid = np.flatnonzero(rows.origin == GRID)
    snapshot, outcomes = rows.snapshot.take(grid), rows.snapshot.history.outcomes
    end_us = snapshot.as_of_us + horizon_us
    first = first_decisions(
        outcomes, snapshot.lead, snapshot.as_of_us, horizon_us, rows.snapshot.history.as_of_us
    )
    won = np.flatnonzero(first.won)
    won_us = np.maximum(end_us[won], outcomes.known_us[first.row[won]])

    known_us = np.concatenate([end_us, won_us])
    row = np.concatenate([grid, grid[won]])
    is_win = np.arange(len(row)) >= len(grid)
    order = np.lexsort((is_win, known_us))
    return known_us[order], row[order], is_win[order]


def with_combinations(prepared: PreparedData, names: Sequence[Names]) -> PreparedData:
    """The data with a further column for each of the combinations, named by attributes with columns."""
    if not names:
        return prepared
    training_set, vocabulary = prepared.training_set, prepared.vocabulary
    used = {name for pair in names for name in pair}
    rows = combined_rows(training_set, [a for a in vocabulary.attributes if a.name in used])
    columns = np.column_stack([rows.column(*map(rows.position, pair)) for pair in names])
    vocabulary = replace(vocabulary, combinations=rows.figures(names))
    n, recent = len(training_set.rows), training_set.recent
    extended = replace(
        training_set,
        values=np.hstack([training_set.values, columns[:n]]),
        features=catalogue(vocabulary),
        recent=recent and replace(recent, values=np.hstack([recent.values, columns[n:]])),
    )
    return replace(prepared, training_set=extended, vocabulary=vocabulary)
