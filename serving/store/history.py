"""Stored rows -> History: the same arrays that a folder or a request gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from history.arrays import Floats, Ints, Mask
from history.closing_stages import separate_closings
from history.config import FunnelConfig
from history.history import (
    OPEN,
    Changes,
    Factor,
    History,
    Interactions,
    Outcomes,
    Stages,
    no_changes,
    no_interactions,
    no_outcomes,
    no_stages,
)
from history.values import value_text
from serving.store.lead_rows import Columns, LeadRow, LeadRows, scalar_text
from serving.store.schema import KNOWN_US, LEAD_NO, TIME_US


def history_of(rows: LeadRows, config: FunnelConfig, as_of_us: int) -> History:
    """The History of these leads in their order, as visible at as_of_us; every lead is created by then."""
    positions = _Positions([lead.lead_no for lead in rows.leads])
    created_us = np.array([lead.created_us for lead in rows.leads], dtype=np.int64)
    ignored = frozenset(config.ignore)
    undated_us = created_us + config.horizon_us
    decided = separate_closings(
        _stages(rows.tables["stages"], positions, as_of_us),
        _outcomes(rows.tables["outcomes"], positions, created_us, undated_us, as_of_us),
        created_us,
        config,
    )
    return History(
        config=config,
        as_of_us=as_of_us,
        lead_ids=[lead.lead_id for lead in rows.leads],
        created_us=created_us,
        attributes=_attributes(rows.leads, ignored),
        interactions=_interactions(rows.tables["interactions"], positions, as_of_us),
        stages=decided.stages,
        outcomes=decided.outcomes,
        changes=_changes(rows.tables["attribute_changes"], positions, ignored, as_of_us),
        warnings=decided.warnings,
    )


class _Positions:
    """lead_no -> position among the requested leads."""

    def __init__(self, numbers: Sequence[int]) -> None:
        lead_no = np.array(numbers, dtype=np.int64)
        self.count = len(lead_no)
        self._order = np.argsort(lead_no, kind="stable")
        self._sorted = lead_no[self._order]

    def of(self, numbers: Sequence[int]) -> Ints:
        """Positions (n,) of these lead numbers, all of which are requested."""
        rank = np.searchsorted(self._sorted, np.array(numbers, dtype=np.int64))
        return np.asarray(self._order[rank], dtype=np.int64)


class _DatedRows(NamedTuple):
    """Fetched rows before they are ordered: the position of each row's lead, its times and visibility (n,)."""

    position: Ints
    time_us: Ints
    known_us: Ints
    is_visible: Mask


@dataclass(frozen=True)
class _Order:
    """The visible rows by lead and time: their indices among the fetched rows, and each lead's offsets."""

    index: npt.NDArray[np.intp]
    offsets: Ints
    time_us: Ints
    known_us: Ints

    def texts(self, column: Sequence[str | None]) -> Factor:
        """A column of texts in this order."""
        return factor([column[i] for i in self.index.tolist()])


def _ordered(rows: _DatedRows, lead_count: int, known_first: bool = False) -> _Order:
    """Orders by lead and time, with known_first ties by known_us; a stable sort keeps the order of arrival."""
    keys = (rows.time_us, rows.position)
    index = np.lexsort((rows.known_us, *keys) if known_first else keys)
    index = index[rows.is_visible[index]]
    offsets = np.zeros(lead_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows.position[index], minlength=lead_count), out=offsets[1:])
    return _Order(index, offsets, rows.time_us[index], rows.known_us[index])


def _dated(columns: Columns, positions: _Positions, as_of_us: int) -> _DatedRows:
    time_us = np.array(columns[TIME_US], dtype=np.int64)
    known_us = np.array(columns[KNOWN_US], dtype=np.int64)
    return _DatedRows(positions.of(columns[LEAD_NO]), time_us, known_us, known_us <= as_of_us)


def _interactions(columns: Columns, positions: _Positions, as_of_us: int) -> Interactions:
    lead_no, _row_no, _time, _known, kind, channel, direction, value, ids = columns
    if not lead_no:
        return no_interactions(positions.count)
    order = _ordered(_dated(columns, positions, as_of_us), positions.count)
    return Interactions(
        offsets=order.offsets,
        time_us=order.time_us,
        known_us=order.known_us,
        kind=order.texts(kind),
        channel=order.texts(channel),
        direction=np.array(direction, dtype=np.int8)[order.index],
        value=_floats(value)[order.index],
        ids=[ids[i] for i in order.index.tolist()] if any(ids) else None,
    )


def _stages(columns: Columns, positions: _Positions, as_of_us: int) -> Stages:
    lead_no, _row_no, _time, _known, stage = columns
    if not lead_no:
        return no_stages(positions.count)
    order = _ordered(_dated(columns, positions, as_of_us), positions.count)
    return Stages(order.offsets, order.time_us, order.known_us, order.texts(stage))


def _outcomes(
    columns: Columns, positions: _Positions, created_us: Ints, undated_us: Ints, as_of_us: int
) -> Outcomes:
    """An outcome without any time counts from undated_us of its lead on; an open one without a time is left out.

    One before its lead's creation counts from the creation on, and its time is implied.
    """
    lead_no, _row_no, closed, known, state, amount, reason = columns
    if not lead_no:
        return no_outcomes(positions.count)
    position = positions.of(lead_no)
    states = np.array(state, dtype=np.int8)
    is_undated = _is_none(known)
    is_implied = _is_none(closed)
    known_us = np.where(is_undated, undated_us[position], _ints_or_zero(known))
    time_us = np.where(is_implied, known_us, _ints_or_zero(closed))
    is_implied |= time_us < created_us[position]
    time_us = np.maximum(time_us, created_us[position])
    known_us = np.maximum(known_us, time_us)
    is_visible = ~(is_undated & (states == OPEN)) & (known_us <= as_of_us)
    rows = _DatedRows(position, time_us, known_us, is_visible)
    # Outcomes without a time of their own share one; the one known last comes last and decides.
    order = _ordered(rows, positions.count, known_first=True)
    return Outcomes(
        offsets=order.offsets,
        time_us=order.time_us,
        known_us=order.known_us,
        state=states[order.index],
        amount=_floats(amount)[order.index],
        reason=order.texts(reason),
        implied=is_implied[order.index],
    )


def _changes(columns: Columns, positions: _Positions, ignored: frozenset[str], as_of_us: int) -> Changes:
    lead_no, _row_no, _time, _known, attribute, stored = columns
    if not lead_no:
        return no_changes(positions.count)
    rows = _dated(columns, positions, as_of_us)
    if ignored:
        is_used = np.array([name not in ignored for name in attribute], dtype=np.bool_)
        rows = rows._replace(is_visible=rows.is_visible & is_used)
    order = _ordered(rows, positions.count)
    values = [scalar_text(stored[i]) for i in order.index.tolist()]
    return Changes(order.offsets, order.time_us, order.known_us, order.texts(attribute), factor(values))


def _attributes(leads: Sequence[LeadRow], ignored: frozenset[str]) -> dict[str, Factor]:
    """The attributes at creation, in the order in which the leads name them first."""
    names = dict.fromkeys(name for lead in leads for name in lead.attributes)
    return {
        name: factor([_text(lead.attributes.get(name)) for lead in leads])
        for name in names
        if name not in ignored
    }


def _text(value: Any) -> str | None:
    # Most values are texts, which value_text returns unchanged: the shortcut saves its call.
    return value if type(value) is str and value else value_text(value)


def _floats(column: Sequence[float | None]) -> Floats:
    return np.array(column, dtype=np.float64)  # None becomes NaN


def _is_none(column: Sequence[Any]) -> Mask:
    return np.array([value is None for value in column], dtype=np.bool_)


def _ints_or_zero(column: Sequence[int | None]) -> Ints:
    return np.array([value or 0 for value in column], dtype=np.int64)


def factor(column: Sequence[str | None]) -> Factor:
    """Texts as codes over the values in use, in sorted order: equal content gives equal codes."""
    values = sorted({text for text in column if text is not None})
    code: dict[str | None, int] = {text: i for i, text in enumerate(values)}
    code[None] = -1
    return Factor(np.fromiter(map(code.__getitem__, column), dtype=np.int32, count=len(column)), values)
