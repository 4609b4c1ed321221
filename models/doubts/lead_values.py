"""Values of a lead that the model cannot read, and attributes whose name is near that of one the model knows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numba import types

from features.attributes.attributes import Attribute
from features.attributes.entries import written_at
from features.attributes.parsing import BOOLEAN, DATE, NUMBER
from features.feature import Feature
from history.base.arrays import Floats, Ints, Mask
from history.base.compiled import F64_2D, I64, compiled
from history.base.warnings import Warning
from history.config.schema import OWN_ATTRIBUTES
from history.history import History
from history.snapshot import Snapshot
from history.text.folding import trimmed
from history.text.placeholders import is_placeholder_text
from models.doubts.names import misspelt_name

FLAGS: Final = types.boolean[::1]
LONGEST_SHOWN: Final = 60  # characters of a value
EXPECTED: Final = {
    NUMBER: "a number such as 1234.5",
    DATE: "a date such as 2026-03-31",
    BOOLEAN: "true or false",
}
# The place and the unit of the column that is NaN if a value is missing or unreadable.
_FIRST_COLUMN: Final = {
    NUMBER: ("value", "number"),
    BOOLEAN: ("value", "boolean"),
    DATE: ("days_ahead", "relative_days"),
}


@dataclass(frozen=True, eq=False)
class ValueCheck:
    """The attributes (m,) of one model whose values may be unreadable, and the column (m,) of each that shows it.

    known: every name that the model knows; learned: those whose values move a score.
    """

    attributes: Sequence[Attribute]
    columns: Ints
    learned: frozenset[str]
    known: frozenset[str]

    def unreadable(self, values: Floats, snapshot: Snapshot) -> list[tuple[int, Warning]]:
        """Position and warning of each row (n, k) that has a text of an attribute but no value."""
        warnings: list[tuple[int, Warning]] = []
        history = snapshot.history
        for j in np.flatnonzero(_has_missing(values, self.columns)).tolist():
            attribute = self.attributes[j]
            if not _may_have_text(history, attribute.name):
                continue
            rows = np.flatnonzero(np.isnan(values[:, self.columns[j]]))
            texts = written_at(history, attribute.name, snapshot.lead[rows], snapshot.as_of_us[rows])
            for row, code in zip(rows.tolist(), texts.codes.tolist(), strict=True):
                if code >= 0:
                    warnings.append((row, _unreadable(attribute, trimmed(texts.values[code]))))
        return warnings

    def misnamed(self, names: Collection[str], fields: Collection[str]) -> list[Warning]:
        """Warnings about attributes of one lead that the model does not know, if the lead lacks one of a near name.

        names: its attributes; fields: those that it has beside them, such as owner.
        """
        unknown = set(names) - self.known
        if not unknown:
            return []
        return _suggestions(unknown, self.learned.difference(names, fields))

    def misnamed_values(self, names: Collection[str], fields: Collection[str]) -> list[Warning]:
        """Warnings about values for a stored lead that the model does not know, if none of a near name comes with them.

        names, fields: as in `misnamed`; owner, source and account_id may be meant too.
        """
        unknown = set(names) - self.known
        if not unknown:
            return []
        return _suggestions(unknown, self.known.union(OWN_ATTRIBUTES).difference(names, fields))

    def misnamed_changes(self, names: Collection[str]) -> list[Warning]:
        """Warnings about attributes that change, if the model does not know them, but one of a near name."""
        unknown = set(names) - self.known
        return _suggestions(unknown, self.learned.union(OWN_ATTRIBUTES)) if unknown else []


def value_check(
    attributes: Sequence[Attribute], features: Sequence[Feature], other_names: Collection[str]
) -> ValueCheck:
    """The check of one model's attributes; other_names: attributes that it knows and does not learn."""
    kept, columns = [], []
    for attribute in attributes:
        place, unit = _FIRST_COLUMN.get(attribute.kind, ("", ""))
        if place not in attribute.columns:
            continue
        column = next(j for j, f in enumerate(features) if f.subject == attribute.name and f.unit == unit)
        kept.append(attribute)
        columns.append(column)
    learned = frozenset(attribute.name for attribute in attributes)
    return ValueCheck(kept, np.array(columns, dtype=np.int64), learned, learned.union(other_names))


def _suggestions(unknown: Collection[str], others: Collection[str]) -> list[Warning]:
    warnings = []
    candidates = tuple(sorted(others))
    for name in sorted(unknown):
        near = _nearest(name, candidates)
        if near is not None:
            detail = f"the model does not know this attribute; did you mean {near!r}?"
            warnings.append(Warning("unknown_attribute", name, detail))
    return warnings


@compiled(FLAGS(F64_2D, I64))
def _has_missing(values: Floats, columns: Ints) -> Mask:
    """True for the columns (m,) of values (n, k) that are NaN in any row."""
    out = np.zeros(len(columns), dtype=np.bool_)
    for i in range(len(values)):
        for j in range(len(columns)):
            out[j] |= np.isnan(values[i, columns[j]])
    return out


def _may_have_text(history: History, name: str) -> bool:
    """False if no lead has the attribute, the usual case of a missing value in a request."""
    return name in history.attributes or name in history.changes.attribute.values


def _unreadable(attribute: Attribute, text: str) -> Warning:
    shown = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
    if attribute.kind == DATE and is_placeholder_text(text):
        detail = f"{shown!r} stands for no date and counts as missing; send no value instead"
    else:
        detail = f"{shown!r} is not read and counts as missing: expected {EXPECTED[attribute.kind]}"
    return Warning("unreadable_value", attribute.name, detail)


@lru_cache(maxsize=4096)  # senders repeat their names
def _nearest(name: str, others: tuple[str, ...]) -> str | None:
    return misspelt_name(name, others)
