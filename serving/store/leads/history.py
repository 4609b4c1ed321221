"""Stored rows -> History: the same arrays that a folder or a request gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Flags, Floats, Ints, Mask
from history.base.compiled import FLAGS, I64, compiled
from history.config.config import FunnelConfig
from history.history import (
    GONE,
    LOST,
    OPEN,
    WON,
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
from history.outcomes.closing_stages import separate_closings
from history.outcomes.gone import end_with_gone
from history.outcomes.settled import Pending, settle
from history.spelling import one_spelling
from history.stage_ties import in_configured_order
from history.text.values import value_text
from serving.store.leads.lead_rows import LeadRow, LeadRows, scalar_text
from serving.store.schema import KNOWN_US, LEAD_NO, TIME_US

_FIRST, _MISSING = np.zeros(1, dtype=np.int32), np.full(1, -1, dtype=np.int32)  # codes of one lead
_NO_TEXT = Factor(_MISSING, ())
_TEXT_TYPES = {str, type(None)}
TableColumns = Sequence[Any]  # one column a field: a sequence, an array or a Factor


@dataclass(frozen=True)
class StoredLeads:
    """Leads (n,) with the rows of their fact tables as columns (LeadRows); end_us as there.

    A column of texts may be a Factor, one of numbers an array. Values of attribute_changes are then texts as a History
    holds them, not JSON.
    """

    lead_no: Ints
    lead_ids: Sequence[str]
    created_us: Ints
    attributes: Mapping[str, Factor]
    tables: Mapping[str, TableColumns]
    end_us: int


def history_of(rows: LeadRows, config: FunnelConfig, as_of_us: int) -> History:
    """The History of these leads in their order, as visible at as_of_us; every lead is created by then."""
    leads = StoredLeads(
        lead_no=np.array([lead.lead_no for lead in rows.leads], dtype=np.int64),
        lead_ids=[lead.lead_id for lead in rows.leads],
        created_us=np.array([lead.created_us for lead in rows.leads], dtype=np.int64),
        attributes=_attributes(rows.leads, frozenset(config.ignore)),
        tables=rows.tables,
        end_us=rows.end_us,
    )
    return history_of_leads(leads, config, as_of_us)


def history_of_leads(leads: StoredLeads, config: FunnelConfig, as_of_us: int) -> History:
    """The History of stored leads, as history_of gives it."""
    positions = _Positions(leads.lead_no)
    tables, created_us, end_us = leads.tables, leads.created_us, leads.end_us
    ignored = frozenset(config.ignore)
    outcomes = _dated_outcomes(tables["outcomes"], positions, created_us, config.horizon_us)
    decided = separate_closings(
        _stages(tables["stages"], positions, config, as_of_us),
        no_outcomes(len(created_us)) if outcomes is None else outcomes.visible(as_of_us, end_us),
        created_us,
        config,
    )
    history = History(
        config=config,
        as_of_us=as_of_us,
        lead_ids=leads.lead_ids,
        created_us=created_us,
        attributes={name: texts for name, texts in leads.attributes.items() if name not in ignored},
        interactions=_interactions(tables["interactions"], positions, as_of_us),
        stages=decided.stages,
        outcomes=end_with_gone(decided.outcomes),
        changes=_changes(tables["attribute_changes"], positions, ignored, as_of_us),
        warnings=decided.warnings,
    )
    return history if outcomes is None else settle(history, outcomes.pending(as_of_us, end_us))


class _Positions:
    """lead_no -> position among the requested leads."""

    def __init__(self, lead_no: Ints) -> None:
        self.count = len(lead_no)
        self._order = np.argsort(lead_no, kind="stable")
        self._sorted = lead_no[self._order]

    def of(self, numbers: Sequence[int] | Ints) -> Ints:
        """Positions (n,) of these lead numbers, all of which are requested."""
        if self.count == 1:
            return np.zeros(len(numbers), dtype=np.int64)
        rank = np.searchsorted(self._sorted, np.array(numbers, dtype=np.int64))
        return np.asarray(self._order[rank], dtype=np.int64)


class _DatedRows(NamedTuple):
    """Fetched rows before they are ordered: the position of each row's lead, its times and visibility (n,)."""

    position: Ints
    time_us: Ints
    known_us: Ints
    is_visible: Mask


class _Order(NamedTuple):
    """The visible rows by lead and time: their places among the fetched rows, and each lead's offsets.

    places: None if all fetched rows are visible and in order.
    """

    places: npt.NDArray[np.intp] | None
    offsets: Ints
    time_us: Ints
    known_us: Ints

    def texts(self, column: Sequence[str | None] | Factor) -> Factor:
        """A column of texts in this order."""
        if isinstance(column, Factor):
            return (column if self.places is None else column.take(self.places)).compact()
        return factor(self.values(column))

    def values(self, column: Sequence[Any]) -> Sequence[Any]:
        """A column in this order."""
        return column if self.places is None else [column[i] for i in self.places.tolist()]

    def numbers(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array of numbers (m,) in this order."""
        return column if self.places is None else column[self.places]


def _ordered(rows: _DatedRows, lead_count: int, known_first: bool = False) -> _Order:
    """Orders by lead and time, with known_first ties by known_us; a stable sort keeps the order of arrival."""
    if lead_count == 1 and _are_ordered(rows.time_us, rows.known_us, rows.is_visible, known_first):
        return _Order(None, np.array([0, len(rows.time_us)], dtype=np.int64), rows.time_us, rows.known_us)
    keys = (rows.time_us, rows.position)
    index = np.lexsort((rows.known_us, *keys) if known_first else keys)
    index = index[rows.is_visible[index]]
    offsets = np.zeros(lead_count + 1, dtype=np.int64)
    if lead_count == 1:
        offsets[1] = len(index)
    else:
        np.cumsum(np.bincount(rows.position[index], minlength=lead_count), out=offsets[1:])
    return _Order(index, offsets, rows.time_us[index], rows.known_us[index])


@compiled(types.boolean(I64, I64, FLAGS, types.boolean))
def _are_ordered(time_us: Ints, known_us: Ints, is_visible: Mask, known_first: bool) -> bool:
    """True for rows of one lead that are all visible and in order, as most arrive."""
    for i in range(len(time_us)):
        if not is_visible[i]:
            return False
        if i and time_us[i] < time_us[i - 1]:
            return False
        if i and known_first and time_us[i] == time_us[i - 1] and known_us[i] < known_us[i - 1]:
            return False
    return True


def _dated(columns: TableColumns, positions: _Positions, as_of_us: int) -> _DatedRows:
    time_us = np.array(columns[TIME_US], dtype=np.int64)
    known_us = np.array(columns[KNOWN_US], dtype=np.int64)
    return _DatedRows(positions.of(columns[LEAD_NO]), time_us, known_us, known_us <= as_of_us)


def _interactions(columns: TableColumns, positions: _Positions, as_of_us: int) -> Interactions:
    lead_no, _row_no, _time, _known, kind, channel, direction, value, ids = columns
    if not len(lead_no):
        return no_interactions(positions.count)
    order = _ordered(_dated(columns, positions, as_of_us), positions.count)
    return Interactions(
        offsets=order.offsets,
        time_us=order.time_us,
        known_us=order.known_us,
        kind=one_spelling(order.texts(kind)),
        channel=one_spelling(order.texts(channel)),
        direction=order.numbers(np.array(direction, dtype=np.int8)),
        value=order.numbers(_floats(value)),
        ids=list(order.values(ids)) if any(ids) else None,
    )


def _stages(columns: TableColumns, positions: _Positions, config: FunnelConfig, as_of_us: int) -> Stages:
    lead_no, _row_no, _time, _known, stage = columns
    if not len(lead_no):
        return no_stages(positions.count)
    order = _ordered(_dated(columns, positions, as_of_us), positions.count)
    stages = one_spelling(order.texts(stage), config.stages)
    return in_configured_order(Stages(order.offsets, order.time_us, order.known_us, stages), config)


@dataclass(frozen=True)
class _StoredOutcomes:
    """Fetched outcomes (m,) before they are ordered; closing times are given or implied.

    created_us (n,): of the leads. is_over: an undated row after which a dated one of its lead arrived.
    """

    created_us: Ints
    position: Ints
    time_us: Ints
    known_us: Ints
    state: Flags
    amount: Floats
    reason: Sequence[str | None]
    is_undated: Mask
    is_implied: Mask
    is_over: Mask

    @property
    def lead_count(self) -> int:
        return len(self.created_us)

    def visible(self, as_of_us: int, end_us: int) -> Outcomes:
        """Those known at as_of_us, without an open one that has no time.

        A row that calls its lead gone without a time, or from end_us on with a later one, is all that its lead has.
        """
        is_idle = self.is_undated & (self.state == OPEN)
        is_known = self.known_us <= as_of_us
        is_endless = (self.state == GONE) & (self.is_undated | (~is_known & (as_of_us >= end_us)))
        if not is_endless.any():
            return self._log(~is_idle & is_known, self.time_us)
        is_over = np.zeros(self.lead_count, dtype=np.bool_)
        is_over[self.position[is_endless]] = True
        created_us = self.created_us[self.position]
        time_us, known_us = (np.where(is_endless, created_us, us) for us in (self.time_us, self.known_us))
        stays = is_endless | (~is_idle & is_known & ~is_over[self.position])
        return replace(self, time_us=time_us, known_us=known_us)._log(stays, time_us)

    def pending(self, as_of_us: int, since_us: int) -> Pending | None:
        """Wins and losses that decide their lead at as_of_us although no time, or a later one, is stored."""
        is_decision = (self.state == WON) | (self.state == LOST)
        is_ahead = is_decision & ~self.is_undated & (self.known_us > as_of_us)
        chosen = is_ahead | (is_decision & self.is_undated & ~self.is_over)
        if not chosen.any():
            return None
        # One dated after T decides before one without a time.
        return Pending(self._log(chosen, np.where(is_ahead, self.time_us, 0)), as_of_us, since_us)

    def _log(self, is_chosen: Mask, rank: Ints) -> Outcomes:
        """The chosen rows by lead and rank, ties by known_us: the one known last comes last and decides."""
        rows = _DatedRows(self.position, rank, self.known_us, is_chosen)
        order = _ordered(rows, self.lead_count, known_first=True)
        return Outcomes(
            offsets=order.offsets,
            time_us=order.numbers(self.time_us),
            known_us=order.known_us,
            state=order.numbers(self.state),
            amount=order.numbers(self.amount),
            reason=one_spelling(order.texts(self.reason)),
            implied=order.numbers(self.is_implied),
        )


def _dated_outcomes(
    columns: TableColumns, positions: _Positions, created_us: Ints, horizon_us: int
) -> _StoredOutcomes | None:
    """The stored outcomes; one without any time counts from horizon_us after its lead's creation on.

    It counts no later than a dated row that arrived after it. One before its lead's creation counts from the creation
    on, and its time is implied.
    """
    lead_no, _row_no, closed, known, state, amount, reason = columns
    if not len(lead_no):
        return None
    position = positions.of(lead_no)
    is_undated = _is_none(known)
    is_implied = _is_none(closed)
    known_us = np.where(is_undated, created_us[position] + horizon_us, _ints_or_zero(known))
    time_us = np.where(is_implied, known_us, _ints_or_zero(closed))
    following = _next_dated(position, is_undated)
    is_over = is_undated & (following >= 0)
    time_us = np.where(is_over, np.minimum(time_us, time_us[following]), time_us)
    known_us = np.where(is_over, time_us, known_us)
    is_implied |= time_us < created_us[position]
    time_us = np.maximum(time_us, created_us[position])
    return _StoredOutcomes(
        created_us=created_us,
        position=position,
        time_us=time_us,
        known_us=np.maximum(known_us, time_us),
        state=np.array(state, dtype=np.int8),
        amount=_floats(amount),
        reason=reason,
        is_undated=is_undated,
        is_implied=is_implied,
        is_over=is_over,
    )


def _next_dated(position: Ints, is_undated: Mask) -> Ints:
    """The next row (m,) of the same lead that has a time, in the order of arrival; -1 for none."""
    m = len(position)
    dated = np.where(is_undated, m, np.arange(m))
    following = np.append(np.minimum.accumulate(dated[::-1])[::-1][1:], m)
    return np.where(np.append(position, -1)[following] == position, following, -1)


def _changes(columns: TableColumns, positions: _Positions, ignored: frozenset[str], as_of_us: int) -> Changes:
    lead_no, _row_no, _time, _known, attribute, stored = columns
    if not len(lead_no):
        return no_changes(positions.count)
    rows = _dated(columns, positions, as_of_us)
    if ignored:
        rows = rows._replace(is_visible=rows.is_visible & ~_is_among(attribute, ignored))
    order = _ordered(rows, positions.count)
    if isinstance(stored, Factor):
        values = order.texts(stored)
    else:
        values = factor([scalar_text(value) for value in order.values(stored)])
    return Changes(order.offsets, order.time_us, order.known_us, order.texts(attribute), values)


def _is_among(column: Sequence[str | None] | Factor, names: frozenset[str]) -> Mask:
    if not isinstance(column, Factor):
        return np.array([name in names for name in column], dtype=np.bool_)
    # The code -1, of a missing text, reads the last place.
    return np.array([*(name in names for name in column.values), False], dtype=np.bool_)[column.codes]


def _attributes(leads: Sequence[LeadRow], ignored: frozenset[str]) -> dict[str, Factor]:
    """The attributes at creation, in the order in which the leads name them first."""
    if len(leads) == 1:
        return {
            name: _NO_TEXT if (text := attribute_text(value)) is None else Factor(_FIRST, (text,))
            for name, value in leads[0].attributes.items()
            if name not in ignored
        }
    of_leads = [lead.attributes for lead in leads]
    names = dict.fromkeys(name for attributes in of_leads for name in attributes)
    return {
        name: factor(_texts([attributes.get(name) for attributes in of_leads]))
        for name in names
        if name not in ignored
    }


def _texts(values: Sequence[Any]) -> Sequence[str | None]:
    """`attribute_text` of each value."""
    if set(map(type, values)) <= _TEXT_TYPES and not any(
        text is not None and (not text or text.isspace()) for text in set(values)
    ):
        return values  # already texts, as most columns are
    return [attribute_text(value) for value in values]


def attribute_text(value: Any) -> str | None:
    """An attribute's JSON scalar as the text that a History holds."""
    # Most values are texts, which value_text returns unchanged: the shortcut saves its call.
    return value if type(value) is str and value and not value.isspace() else value_text(value)


def _floats(column: Sequence[float | None]) -> Floats:
    return np.array(column, dtype=np.float64)  # None becomes NaN


def _is_none(column: Sequence[Any]) -> Mask:
    return np.array([value is None for value in column], dtype=np.bool_)


def _ints_or_zero(column: Sequence[int | None]) -> Ints:
    return np.array([value or 0 for value in column], dtype=np.int64)


def factor(column: Sequence[str | None]) -> Factor:
    """Texts as codes over the values in use, in sorted order: equal content gives equal codes."""
    code: dict[str | None, int] = dict.fromkeys(column, -1)
    values = sorted(text for text in code if text is not None)
    code.update(zip(values, range(len(values)), strict=True))
    return Factor(np.fromiter(map(code.__getitem__, column), dtype=np.int32, count=len(column)), values)
