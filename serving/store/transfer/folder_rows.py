"""The rows of a History as the store's fact rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints, Mask
from history.history import Factor, History
from serving.store.leads.leads import compact_json

# (lead_no, then the table's FACT_COLUMNS)
Row = tuple[Any, ...]
# The values of the rows first:last of one column.
Column = Callable[[int, int], Sequence[Any]]


@dataclass(frozen=True)
class Span:
    """The leads start:stop of a History, with the lead_no of each."""

    start: int
    stop: int
    lead_numbers: Sequence[int]


@dataclass(frozen=True)
class FactRows:
    """One table of a History: the offsets of each lead's rows, and its columns in the order of FACT_COLUMNS."""

    offsets: Ints
    columns: Sequence[Column]

    def rows(self, span: Span) -> list[Row]:
        """The rows of the span's leads."""
        first, last = int(self.offsets[span.start]), int(self.offsets[span.stop])
        row_counts = np.diff(self.offsets[span.start : span.stop + 1])
        lead_no = np.repeat(np.array(span.lead_numbers, dtype=np.int64), row_counts).tolist()
        return list(zip(lead_no, *(column(first, last) for column in self.columns), strict=True))


def fact_rows(history: History) -> Mapping[str, FactRows]:
    """The fact tables of a History by name."""
    return {
        "interactions": _interactions(history),
        "stages": _stages(history),
        "outcomes": _outcomes(history),
        "attribute_changes": _changes(history),
    }


def _interactions(history: History) -> FactRows:
    table = history.interactions
    ids = table.ids

    def interaction_ids(first: int, last: int) -> Sequence[str | None]:
        return [None] * (last - first) if ids is None else ids[first:last]

    columns = [
        _values(table.time_us),
        _values(table.known_us),
        _texts(table.kind),
        _texts(table.channel),
        _values(table.direction),
        _values_or_none(table.value),
        interaction_ids,
    ]
    return FactRows(table.offsets, columns)


def _stages(history: History) -> FactRows:
    table = history.stages
    return FactRows(table.offsets, [_values(table.time_us), _values(table.known_us), _texts(table.stage)])


def _outcomes(history: History) -> FactRows:
    """Implied times are stored as NULL: reading derives them again, with the horizon configured then.

    A decision before the creation is stored as a microsecond before it, which reading recognises.
    """
    table = history.outcomes
    created_us = np.repeat(history.created_us, np.diff(table.offsets))
    is_undated = table.implied & (table.time_us == created_us + history.config.horizon_us)
    before_created = table.implied & (table.time_us == created_us)
    columns = [
        _values_unless(table.time_us - before_created, table.implied & ~before_created),
        _values_unless(table.known_us, is_undated),
        _values(table.state),
        _values_or_none(table.amount),
        _texts(table.reason),
    ]
    return FactRows(table.offsets, columns)


def _changes(history: History) -> FactRows:
    table = history.changes
    stored = Factor(table.value.codes, [compact_json(value) for value in table.value.values])
    columns = [_values(table.time_us), _values(table.known_us), _texts(table.attribute), _texts(stored)]
    return FactRows(table.offsets, columns)


def _values(values: npt.NDArray[Any]) -> Column:
    return lambda first, last: values[first:last].tolist()


def _values_unless(values: Ints, is_missing: Mask) -> Column:
    def column(first: int, last: int) -> Sequence[Any]:
        pairs = zip(values[first:last].tolist(), is_missing[first:last].tolist(), strict=True)
        return [None if missing else value for value, missing in pairs]

    return column


def _values_or_none(values: Floats) -> Column:
    return lambda first, last: [None if v != v else v for v in values[first:last].tolist()]  # NaN != NaN


def _texts(factor: Factor) -> Column:
    return lambda first, last: texts(factor, first, last)


def texts(factor: Factor, first: int, last: int) -> list[str | None]:
    """The texts of the rows first:last."""
    return [None if code < 0 else factor.values[code] for code in factor.codes[first:last].tolist()]
