"""The logs of a history from the rows of request records, by the rules of data folders."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from history.arrays import Ints, Mask
from history.config import FunnelConfig
from history.history import (
    DIRECTIONS,
    NO_DIRECTION,
    OPEN,
    STATES,
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
)
from history.records.rows import LeadRows, TableRows
from history.schema import FIXED_ATTRIBUTES
from history.values import LARGEST_NUMBER, value_text

_NOTHING_OF_ONE: Final = (no_interactions(1), no_stages(1), no_outcomes(1), no_changes(1))


def _nothing(n_leads: int) -> tuple[Interactions, Stages, Outcomes, Changes]:
    """The four empty logs; those of a single lead are shared, since most requests have empty ones."""
    if n_leads == 1:
        return _NOTHING_OF_ONE
    return no_interactions(n_leads), no_stages(n_leads), no_outcomes(n_leads), no_changes(n_leads)


def interactions_of(table: TableRows) -> Interactions:
    """Ordered by time within a lead, one of each interaction_id; ValueError for an empty kind or no finite value."""
    n = len(table.rows)
    if not n:
        return _nothing(table.n_leads)[0]
    values = table.column("value")
    value = np.array(values, dtype=np.float64)
    if np.count_nonzero(np.abs(value) <= LARGEST_NUMBER) != n - values.count(None):
        raise ValueError("a value that is not finite or too large")
    ids = [text or None for text in table.column("interaction_id")]
    directions = [DIRECTIONS.get(text, NO_DIRECTION) for text in table.column("direction")]
    interactions = Interactions(
        offsets=table.offsets,
        time_us=table.time_us,
        known_us=table.known_us,
        kind=_needed([row["kind"] for row in table.rows]),
        channel=factor_of(table.column("channel")),
        direction=np.array(directions, dtype=np.int8),
        value=value,
        ids=ids if any(ids) else None,
    )
    order = table.order()
    kept = _once(table, ids) if interactions.ids is not None else None
    if kept is not None:
        order = np.flatnonzero(kept) if order is None else order[kept[order]]
    return interactions if order is None else _ordered(interactions, table, order)


def _once(table: TableRows, ids: Sequence[str | None]) -> Mask | None:
    """Of the rows with one id within a lead only the one known first is kept (mask); None if all are."""
    lead = [0] * len(ids) if table.lead is None else table.lead.tolist()
    known = table.known_us.tolist()
    first: dict[tuple[int, str], int] = {}
    for row, text in enumerate(ids):
        if text:
            held = first.setdefault((lead[row], text), row)
            if known[row] < known[held]:
                first[lead[row], text] = row
    if len(first) == len(ids) - ids.count(None):
        return None
    stays = [not text or first[lead[row], text] == row for row, text in enumerate(ids)]
    return np.array(stays, dtype=np.bool_)


def _ordered(interactions: Interactions, table: TableRows, order: Ints) -> Interactions:
    ids, kind, channel = interactions.ids, interactions.kind.take(order), interactions.channel.take(order)
    whole = len(order) == len(table.rows)  # all texts are still in use, so their codes hold
    return Interactions(
        offsets=interactions.offsets if whole else table.offsets_of(order),
        time_us=interactions.time_us[order],
        known_us=interactions.known_us[order],
        kind=kind if whole else kind.compact(),
        channel=channel if whole else channel.compact(),
        direction=interactions.direction[order],
        value=interactions.value[order],
        ids=None if ids is None else [ids[i] for i in order.tolist()],
    )


def stages_of(table: TableRows) -> Stages:
    """Ordered by time within a lead; ValueError for an empty stage."""
    if not table.rows:
        return _nothing(table.n_leads)[1]
    stage = _needed([row["stage"] for row in table.rows])
    order = table.order()
    if order is None:
        return Stages(table.offsets, table.time_us, table.known_us, stage)
    return Stages(table.offsets, table.time_us[order], table.known_us[order], stage.take(order))


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


def outcomes_of(leads: LeadRows, config: FunnelConfig) -> Outcomes:
    """At most one decision a lead; ValueError for one before the lead's creation and for an amount below 0."""
    if not any(leads.decisions):
        return _nothing(len(leads.decisions))[2]
    given = iter(leads.decided_us.tolist())
    kept: list[tuple[int, int, int, int, float, str | None, bool]] = []
    for lead, row in enumerate(leads.decisions):
        if not row:
            continue
        state, amount = STATES[row["outcome"]], row.get("amount")
        closed = next(given) if row.get("closed_at") else None
        recorded = next(given) if row.get("recorded_at") else None
        amount = float("nan") if amount is None else float(amount)
        begun = int(leads.created_us[lead])
        time = (
            closed if closed is not None else recorded if recorded is not None else begun + config.horizon_us
        )
        if time < begun or (row.get("amount") is not None and not 0 <= amount <= LARGEST_NUMBER):
            raise ValueError("a decision before the creation, or of no amount")
        implied = closed is None and recorded is None
        if not (implied and state == OPEN):
            kept.append((lead, time, max(time, recorded or time), state, amount, row.get("reason"), implied))
    lead_of = np.array([row[0] for row in kept], dtype=np.int64)
    return Outcomes(
        offsets=offsets_of(lead_of, len(leads.decisions)),
        time_us=np.array([row[1] for row in kept], dtype=np.int64),
        known_us=np.array([row[2] for row in kept], dtype=np.int64),
        state=np.array([row[3] for row in kept], dtype=np.int8),
        amount=np.array([row[4] for row in kept], dtype=np.float64),
        reason=factor_of([row[5] for row in kept]),
        implied=np.array([row[6] for row in kept], dtype=np.bool_),
    )


def _needed(texts: list[str]) -> Factor:
    if "" in texts:
        raise ValueError("an empty text")
    return factor_of(texts)
