"""Combinations of two attributes that win more or less often than each alone suggests, as training found them.

A column is the odds of a win of two categories together, divided by those expected of both
(`combination_kernel`). Its figures count rows, the snapshots of leads on training's grid of past instants, each won
within the horizon or not: leads that stay open for long count oftener, as they do among the leads that are scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from features.attributes.attributes import AttributeInputs, AttributeLayout
from features.attributes.combination_kernel import combination_rows
from features.attributes.entries import Entries, entries_at
from features.feature import Block, Feature, quoted, shortened, slug, spoken
from history.base.arrays import Floats, Ints
from history.snapshot import Snapshot

BLOCK = Block("combinations")
SHRINKAGE = 20.0  # rows at the expected rate that are added to those of a combination, and of a category
KEY_BASE = 1 << 32  # a combination of cells i and j has the key i * KEY_BASE + j

Names = tuple[str, str]


def _no_figures() -> Ints:
    return np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Combinations:
    """Figures as of T of c combinations of attributes, and of the categories of each attribute in one.

    index: attribute -> category -> cell, for s categories in all. keys (p,): of the combinations of categories that
    rows have, sorted. rows and wins (s + 1 + p,): those of each cell, then of all rows, then of each key.
    """

    names: tuple[Names, ...] = ()
    index: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    keys: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rows: Ints = field(default_factory=_no_figures)
    wins: Ints = field(default_factory=_no_figures)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "names": [list(names) for names in self.names],
            "categories": {name: list(cells) for name, cells in self.index.items()},
            "first": (self.keys // KEY_BASE).tolist(),
            "second": (self.keys % KEY_BASE).tolist(),
            "rows": self.rows.tolist(),
            "wins": self.wins.tolist(),
        }


NO_COMBINATIONS = Combinations()


def from_dict(content: Mapping[str, Any]) -> Combinations:
    """What to_dict wrote."""
    index: dict[str, dict[str, int]] = {}
    n = 0
    for name, categories in content["categories"].items():
        index[name] = {category: n + i for i, category in enumerate(categories)}
        n += len(categories)
    first, second, rows, wins = (
        np.array(content[name], dtype=np.int64) for name in ("first", "second", "rows", "wins")
    )
    names = tuple((first_name, second_name) for first_name, second_name in content["names"])
    return Combinations(names, index, first * KEY_BASE + second, rows, wins)


def combination_features(names: Sequence[Names]) -> tuple[Feature, ...]:
    """The columns of the block in matrix order."""
    return tuple(_column(first, second) for first, second in names)


def _column(first: str, second: str) -> Feature:
    phrase = (
        f"a match of {quoted(spoken(first))} and {quoted(spoken(second))} with {{value}} the expected odds"
    )
    none = f"no {quoted(spoken(first))} or {quoted(spoken(second))}"
    column = BLOCK.number(f"attr_{slug(first)}_with_{slug(second)}", "times", phrase, missing=none)
    terms = {"first": shortened(spoken(first)), "second": shortened(spoken(second))}
    return replace(column, direction=1).worded("attribute_combination", **terms)


class CombinationLayout(NamedTuple):
    """The combinations of a model; first, second (c,): positions of their attributes."""

    figures: Combinations
    first: Ints
    second: Ints


def combination_layout(figures: Combinations, layout: AttributeLayout) -> CombinationLayout:
    """Places the attributes of the combinations among those of the model."""
    first, second = (
        np.array([layout.names.index(names[side]) for names in figures.names], dtype=np.int64)
        for side in (0, 1)
    )
    return CombinationLayout(figures, first, second)


class CombinationInputs(NamedTuple):
    """One history's entries in the terms of the combinations.

    cell (entries,): of each entry's category, -1 for an unknown one.
    """

    layout: CombinationLayout
    entries: Entries
    cell: Ints


def combination_inputs(layout: CombinationLayout, attributes: AttributeInputs) -> CombinationInputs:
    """Looks up the category of each entry of the attributes that are combined."""
    entries, of_attributes = attributes.entries, attributes.layout
    cell = np.full(len(attributes.value), -1, dtype=np.int64)
    for name, cells in layout.figures.index.items():
        j = of_attributes.names.index(name)
        key_of = of_attributes.readers[j].key_of
        for entry, text in enumerate(entries.texts[j], start=int(entries.starts[j])):
            cell[entry] = cells.get(key_of(text), -1)
    return CombinationInputs(layout, entries, cell)


def write_combinations(out: Floats, at: int, rows: Snapshot, inputs: CombinationInputs) -> None:
    """Writes the block of the rows at column `at`, by the figures as of T whatever the rows' instants."""
    figures, first, second = inputs.layout
    base = len(figures.rows) - 1 - len(figures.keys)
    combination_rows(
        out, at, entries_at(inputs.entries, rows), first, second, inputs.cell, base,
        figures.keys, KEY_BASE, figures.rows, figures.wins, SHRINKAGE,
    )  # fmt: skip
