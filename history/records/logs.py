"""The logs of a history from the rows of request records, by the rules of data folders."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.config.config import FunnelConfig
from history.config.schema import FIXED_ATTRIBUTES
from history.history import (
    DIRECTIONS,
    GONE,
    NO_DIRECTION,
    OPEN,
    Changes,
    Factor,
    Interactions,
    Outcomes,
    Stages,
    factor_of,
    no_changes,
    no_interactions,
    no_outcomes,
    no_stages,
    offsets_of,
    state_of_word,
)
from history.records.rows import LeadRows, TableRows
from history.spelling import one_spelling
from history.stage_ties import in_configured_order
from history.text.values import LARGEST_NUMBER, value_text


@lru_cache(maxsize=16)
def _nothing(n_leads: int) -> tuple[Interactions, Stages, Outcomes, Changes]:
    """The four empty logs, shared: most requests have empty ones, and few leads."""
    return no_interactions(n_leads), no_stages(n_leads), no_outcomes(n_leads), no_changes(n_leads)


def interactions_of(table: TableRows) -> Interactions:
    """Ordered by time within a lead, one of each interaction_id; ValueError for an empty kind or a value too large."""
    if not table.rows:
        return _nothing(table.n_leads)[0]
    kept = _once(table)
    if kept is None:
        return _interactions(table.in_order())
    interactions, order = _interactions(table), table.order()
    return _ordered(interactions, table, np.flatnonzero(kept) if order is None else order[kept[order]])


def _interactions(table: TableRows) -> Interactions:
    """All rows in the order of the table."""
    ids = [text or None for text in table.column("interaction_id")]
    directions = [DIRECTIONS.get(text, NO_DIRECTION) for text in table.column("direction")]
    return Interactions(
        offsets=table.offsets,
        time_us=table.time_us,
        known_us=table.known_us,
        kind=one_spelling(_needed([row["kind"] for row in table.rows])),
        channel=one_spelling(factor_of(table.column("channel"))),
        direction=np.array(directions, dtype=np.int8),
        value=_values(table.column("value")),
        ids=ids if any(ids) else None,
    )


def _values(values: Sequence[float | None]) -> Floats:
    """The values (m,), NaN for None; ValueError for one that is not finite or too large."""
    without = values.count(None)
    if without == len(values):
        return np.full(len(values), np.nan)
    value = np.array(values, dtype=np.float64)
    if np.count_nonzero(np.abs(value) <= LARGEST_NUMBER) != len(values) - without:
        raise ValueError("a value that is not finite or too large")
    return value


def _once(table: TableRows) -> Mask | None:
    """The rows that stay (m,), of those with one id within a lead the one known first; None if all stay."""
    ids = table.column("interaction_id")
    if len(set(ids)) == len(ids):
        return None
    lead = [0] * len(ids) if table.lead is None else table.lead.tolist()
    known = table.known_us.tolist()
    first: dict[tuple[int, str], int] = {}
    for row, text in enumerate(ids):
        if text:
            earliest = first.setdefault((lead[row], text), row)
            if known[row] < known[earliest]:
                first[lead[row], text] = row
    if len(first) == sum(map(bool, ids)):
        return None
    stays = [not text or first[lead[row], text] == row for row, text in enumerate(ids)]
    return np.array(stays, dtype=np.bool_)


def _ordered(interactions: Interactions, table: TableRows, order: Ints) -> Interactions:
    """The rows at these positions (m,), grouped by lead."""
    ids = interactions.ids
    return Interactions(
        offsets=table.offsets_of(order),
        time_us=interactions.time_us[order],
        known_us=interactions.known_us[order],
        kind=interactions.kind.take(order).compact(),
        channel=interactions.channel.take(order).compact(),
        direction=interactions.direction[order],
        value=interactions.value[order],
        ids=None if ids is None else [ids[i] for i in order.tolist()],
    )


def stages_of(table: TableRows, config: FunnelConfig) -> Stages:
    """Ordered by time within a lead, ties as configured; ValueError for an empty stage."""
    if not table.rows:
        return _nothing(table.n_leads)[1]
    table = table.in_order()
    stage = one_spelling(_needed([row["stage"] for row in table.rows]), config.stages)
    return in_configured_order(Stages(table.offsets, table.time_us, table.known_us, stage), config)


def changes_of(table: TableRows, config: FunnelConfig) -> Changes:
    """Ordered by time within a lead, without ignored attributes; ValueError for an empty or a fixed one."""
    if not table.rows:
        return _nothing(table.n_leads)[3]
    names = [row["attribute"] for row in table.rows]
    attribute, value = _needed(names), factor_of([value_text(row.get("value")) for row in table.rows])
    if not set(FIXED_ATTRIBUTES).isdisjoint(names):
        raise ValueError("an attribute that never changes")
    offsets, order = table.offsets, table.order()
    order = np.arange(len(names)) if order is None else order
    if set(config.ignore).isdisjoint(names):
        attribute, value = attribute.take(order), value.take(order)
    else:
        order = order[[names[i] not in config.ignore for i in order.tolist()]]
        offsets = table.offsets_of(order)
        attribute, value = attribute.take(order).compact(), value.take(order).compact()
    return Changes(offsets, table.time_us[order], table.known_us[order], attribute, value)


class _Decision(NamedTuple):
    """One row of the outcomes: the decision of the lead at index `lead`, amount NaN if unknown."""

    lead: int
    time_us: int
    known_us: int
    state: int
    amount: float
    reason: str | None
    implied: bool


def outcomes_of(leads: LeadRows, config: FunnelConfig) -> Outcomes:
    """At most one decision a lead; ValueError for one before the lead's creation and for an amount out of bounds."""
    if not any(leads.decisions):
        return _nothing(len(leads.decisions))[2]

    decisions = _decisions(leads, config)
    lead = np.array([row.lead for row in decisions], dtype=np.int64)
    return Outcomes(
        offsets=offsets_of(lead, len(leads.decisions)),
        time_us=np.array([row.time_us for row in decisions], dtype=np.int64),
        known_us=np.array([row.known_us for row in decisions], dtype=np.int64),
        state=np.array([row.state for row in decisions], dtype=np.int8),
        amount=np.array([row.amount for row in decisions], dtype=np.float64),
        reason=one_spelling(factor_of([row.reason for row in decisions])),
        implied=np.array([row.implied for row in decisions], dtype=np.bool_),
    )


def _decisions(leads: LeadRows, config: FunnelConfig) -> list[_Decision]:
    """The decisions in the order of their leads, without an open one that has no time of its own."""
    times = iter(leads.decided_us.tolist())
    decisions: list[_Decision] = []
    for lead, row in enumerate(leads.decisions):
        if not row:
            continue
        state = state_of_word(row["outcome"], config.outcome_words)
        amount = _amount(row.get("amount"))
        # `decided_us` holds only the times that are present, row by row: closed_at before recorded_at.
        closed_us = next(times) if row.get("closed_at") else None
        recorded_us = next(times) if row.get("recorded_at") else None
        implied = closed_us is None and recorded_us is None

        created_us = int(leads.created_us[lead])
        if closed_us is not None:
            time_us = closed_us
        elif recorded_us is not None:
            time_us = recorded_us
        elif state == GONE:
            time_us = created_us
        else:
            time_us = created_us + config.horizon_us
        if time_us < created_us:
            raise ValueError("a decision before the lead's creation")

        if implied and state == OPEN:
            continue
        known_us = max(time_us, recorded_us or time_us)
        decisions.append(_Decision(lead, time_us, known_us, state, amount, row.get("reason"), implied))
    return decisions


def _amount(value: float | None) -> float:
    """The amount as a float, NaN for None; ValueError below 0 or above the largest number."""
    if value is None:
        return float("nan")
    amount = float(value)
    if not 0 <= amount <= LARGEST_NUMBER:
        raise ValueError("an amount below 0 or too large")
    return amount


def _needed(texts: list[str]) -> Factor:
    factor = factor_of(texts)
    if len(factor.values) != len(set(texts)):
        raise ValueError("an empty or blank text")
    return factor
