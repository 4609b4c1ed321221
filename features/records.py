"""The record door: leads of a request, with their rows, to a History by the rules of the folder door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from features.config import FunnelConfig
from features.errors import InvalidInput
from features.event_log import (
    DAY_US,
    INBOUND,
    LOST,
    NO_DIRECTION,
    OPEN,
    OUTBOUND,
    WON,
    Changes,
    Factor,
    History,
    Interactions,
    Ints,
    Outcomes,
    Stages,
    empty_factor,
    no_changes,
    no_interactions,
    no_outcomes,
    no_stages,
)
from features.layout import NOT_ATTRIBUTES
from features.record_problems import problems_of
from features.times import EARLIEST_US, LATEST_US, SECOND_US
from features.values import value_text

Record = Mapping[str, Any]
Rows = Sequence[Record]

STATES: Final[Mapping[str, int]] = {"open": OPEN, "won": WON, "lost": LOST}
DIRECTIONS: Final[Mapping[str | None, int]] = {"inbound": INBOUND, "outbound": OUTBOUND}
OWN_ATTRIBUTES: Final = ("account_id", "owner", "source")
_RESERVED: Final = NOT_ATTRIBUTES.union(OWN_ATTRIBUTES)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGIT_TO_ZERO: Final = bytes(48 if 48 <= b <= 57 else b for b in range(256))
_CLOCK: Final = [f"00:00:00{fraction}" for fraction in ("", *("." + "0" * n for n in range(1, 10)))]
_RFC_3339: Final = frozenset(
    f"0000-00-00{mark}{clock}{zone}".encode()
    for mark in "Tt "
    for clock in _CLOCK
    for zone in ("Z", "z", "+00:00", "-00:00")
)
_ZULU: Final = frozenset(f"0000-00-00T{clock}Z".encode() for clock in _CLOCK[:7])
_GIVEN: Final = Factor(np.zeros(1, dtype=np.int32), ())
_MISSING: Final = empty_factor(1)
_NOTHING_OF_ONE: Final = (no_interactions(1), no_stages(1), no_outcomes(1), no_changes(1))


class _Broken(Exception):
    """Some lead breaks some rule; problems_of says which."""


def read_records(
    leads: Sequence[Record], config: FunnelConfig, as_of_us: int
) -> tuple[History, list[InvalidInput | None]]:
    """The history of request records of the contract's form, whose types were checked before, in their order.

    Rows after as_of_us stay in the arrays, where no snapshot at as_of_us reads them. A lead with any row that breaks a
    rule is left out; the list has an entry for each given lead: None, or every problem with its path, such as
    'interactions[3].occurred_at: what, got, expected'.
    """
    try:
        return _assembled(leads, config, as_of_us), [None] * len(leads)
    except (_Broken, KeyError, TypeError, ValueError, OverflowError):
        found = [problems_of(lead) for lead in leads]
    if not any(found):
        raise RuntimeError("the record door refused leads that break none of its rules")
    good = [lead for lead, problems in zip(leads, found, strict=True) if not problems]
    return _assembled(good, config, as_of_us), [
        InvalidInput(problems) if problems else None for problems in found
    ]


@dataclass(frozen=True)
class _Log:
    """The rows of one table of all leads in order: which lead each is of, where each lead's begin, and both times."""

    rows: Rows
    offsets: Ints
    time_us: Ints
    known_us: Ints
    lead: Ints | None  # None where there is one lead

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    def order(self) -> Ints | None:
        """The rows by lead and time, ties as given; None where they are in that order already."""
        if self.lead is None:
            in_order = bool((self.time_us[1:] >= self.time_us[:-1]).all())
            return None if in_order else np.argsort(self.time_us, kind="stable")
        return np.lexsort((self.time_us, self.lead))


def _assembled(leads: Sequence[Record], config: FunnelConfig, as_of_us: int) -> History:
    ids = [lead["lead_id"] for lead in leads]
    for text in ids:
        if not 0 < len(text) <= 200 or text.isspace():
            raise _Broken
    tables = (("interactions", "occurred_at"), ("stages", "entered_at"), ("attribute_changes", "changed_at"))
    rows = [_rows(leads, name) for name, _ in tables]
    outcomes = [lead.get("outcome") for lead in leads]
    texts = [lead["created_at"] for lead in leads]
    for (_, time), of_table in zip(tables, rows, strict=True):
        texts += [row[time] for row in of_table]
    late = [[row.get("recorded_at") for row in of_table] for of_table in rows]
    for recorded in late:
        texts += [text for text in recorded if text]
    decided = [row for row in outcomes if row]
    texts += [row[key] for row in decided for key in ("closed_at", "recorded_at") if row.get(key)]
    us = _instants(texts)
    start = len(leads)
    created = us[:start]
    logs: list[_Log] = []
    after = start + sum(map(len, rows))
    for (name, _), of_table, recorded in zip(tables, rows, late, strict=True):
        own = us[start : start + len(of_table)]
        start += len(of_table)
        known = own
        if any(recorded):
            which = np.array([i for i, text in enumerate(recorded) if text])
            known = own.copy()
            known[which] = np.maximum(own[which], us[after : after + len(which)])
            after += len(which)
        logs.append(_log(leads, name, of_table, own, known))
    return History(
        config=config,
        as_of_us=as_of_us,
        lead_ids=ids,
        created_us=created,
        attributes=_attributes(leads, config),
        interactions=_interactions(logs[0]),
        stages=_stages(logs[1]),
        outcomes=_outcomes(outcomes, created, us[after:], config) if decided else _nothing(len(leads))[2],
        changes=_changes(logs[2], config),
    )


def _nothing(n_leads: int) -> tuple[Interactions, Stages, Outcomes, Changes]:
    """The four logs without a row; those of one lead are made once."""
    if n_leads == 1:
        return _NOTHING_OF_ONE
    return no_interactions(n_leads), no_stages(n_leads), no_outcomes(n_leads), no_changes(n_leads)


def _rows(leads: Sequence[Record], name: str) -> Rows:
    if len(leads) == 1:
        return leads[0].get(name) or ()
    return [row for lead in leads for row in lead.get(name) or ()]


def _log(leads: Sequence[Record], name: str, rows: Rows, own: Ints, known: Ints) -> _Log:
    if len(leads) == 1:
        return _Log(rows, np.array((0, len(rows)), dtype=np.int64), own, known, None)
    counts = np.array([len(lead.get(name) or ()) for lead in leads], dtype=np.int64)
    offsets = np.zeros(len(leads) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return _Log(rows, offsets, own, known, np.repeat(np.arange(len(leads)), counts))


def _instants(texts: list[str]) -> Ints:
    """The instants of RFC 3339 times (n,); raises for any other text and for times before 1990 or after 9999."""
    if not texts:
        return np.zeros(0, dtype=np.int64)
    joined = "\n".join(texts)
    shapes = set(joined.encode().translate(_DIGIT_TO_ZERO).split(b"\n"))
    if shapes <= _ZULU:
        us = np.array(joined[:-1].split("Z\n"), dtype="datetime64[us]").view(np.int64)
    elif shapes <= _RFC_3339:
        since = [datetime.fromisoformat(text) - _EPOCH for text in joined.upper().split("\n")]
        us = np.array(
            [d.days * DAY_US + d.seconds * SECOND_US + d.microseconds for d in since], dtype=np.int64
        )
    else:
        raise _Broken
    if us.min() < EARLIEST_US or us.max() > LATEST_US:
        raise _Broken
    return us


def _factor(texts: Sequence[str | None]) -> Factor:
    """The texts over their sorted distinct values; None and the empty text are missing."""
    distinct = sorted({text for text in texts if text})
    if not distinct:
        return empty_factor(len(texts))
    code = {text: i for i, text in enumerate(distinct)}.get
    return Factor(np.array([code(text, -1) for text in texts], dtype=np.int32), distinct)  # type: ignore[arg-type]


def _needed(texts: list[str]) -> Factor:
    factor = _factor(texts)
    if "" in texts:
        raise _Broken
    return factor


def _interactions(log: _Log) -> Interactions:
    n = len(log.rows)
    if not n:
        return _nothing(len(log.offsets) - 1)[0]
    values = log.column("value")
    value = np.array(values, dtype=np.float64)
    if np.count_nonzero(np.isfinite(value)) != n - values.count(None):
        raise _Broken
    ids = [text or None for text in log.column("interaction_id")]
    directions = [DIRECTIONS.get(text, NO_DIRECTION) for text in log.column("direction")]
    interactions = Interactions(
        offsets=log.offsets,
        time_us=log.time_us,
        known_us=log.known_us,
        kind=_needed([row["kind"] for row in log.rows]),
        channel=_factor(log.column("channel")),
        direction=np.array(directions, dtype=np.int8),
        value=value,
        ids=ids if any(ids) else None,
    )
    order = log.order()
    kept = _once(log, ids) if interactions.ids is not None else None
    if kept is not None:
        order = kept if order is None else order[np.isin(order, kept)]
    return interactions if order is None else _ordered(interactions, log, order)


def _once(log: _Log, ids: Sequence[str | None]) -> Ints | None:
    """The rows left when of those with one id within a lead only the one known first stays; None where that is all."""
    lead = [0] * len(ids) if log.lead is None else log.lead.tolist()
    known = log.known_us.tolist()
    first: dict[tuple[int, str], int] = {}
    for row, text in enumerate(ids):
        if text:
            held = first.setdefault((lead[row], text), row)
            if known[row] < known[held]:
                first[lead[row], text] = row
    if len(first) == len(ids) - ids.count(None):
        return None
    return np.array(
        [row for row, text in enumerate(ids) if not text or first[lead[row], text] == row], dtype=np.int64
    )


def _ordered(interactions: Interactions, log: _Log, order: Ints) -> Interactions:
    offsets = log.offsets
    if len(order) < len(log.rows):
        counts = np.bincount(
            np.zeros_like(order) if log.lead is None else log.lead[order], minlength=len(offsets) - 1
        )
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    ids = interactions.ids
    return Interactions(
        offsets=offsets,
        time_us=interactions.time_us[order],
        known_us=interactions.known_us[order],
        kind=interactions.kind.take(order).compact(),
        channel=interactions.channel.take(order).compact(),
        direction=interactions.direction[order],
        value=interactions.value[order],
        ids=None if ids is None else [ids[i] for i in order.tolist()],
    )


def _stages(log: _Log) -> Stages:
    if not log.rows:
        return _nothing(len(log.offsets) - 1)[1]
    stage = _needed([row["stage"] for row in log.rows])
    order = log.order()
    if order is None:
        return Stages(log.offsets, log.time_us, log.known_us, stage)
    return Stages(log.offsets, log.time_us[order], log.known_us[order], stage.take(order))


def _changes(log: _Log, config: FunnelConfig) -> Changes:
    if not log.rows:
        return _nothing(len(log.offsets) - 1)[3]
    names = [row["attribute"] for row in log.rows]
    attribute, value = _needed(names), _factor([value_text(row.get("value")) for row in log.rows])
    if not {"lead_id", "created_at"}.isdisjoint(names):
        raise _Broken
    order = log.order()
    order = np.arange(len(names)) if order is None else order
    offsets = log.offsets
    if not set(config.ignore).isdisjoint(names):
        order = order[[names[i] not in config.ignore for i in order.tolist()]]
        lead = np.zeros(len(names), dtype=np.int64) if log.lead is None else log.lead
        counts = np.bincount(lead[order], minlength=len(offsets) - 1)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        attribute, value = attribute.take(order).compact(), value.take(order).compact()
    else:
        attribute, value = attribute.take(order), value.take(order)
    return Changes(offsets, log.time_us[order], log.known_us[order], attribute, value)


def _outcomes(rows: Sequence[Record | None], created: Ints, us: Ints, config: FunnelConfig) -> Outcomes:
    """At most one decision a lead; us holds closed_at and recorded_at of each where given, in order."""
    given = iter(us.tolist())
    kept: list[tuple[int, int, int, int, float, str | None, bool]] = []
    for lead, row in enumerate(rows):
        if not row:
            continue
        state, amount = STATES[row["outcome"]], row.get("amount")
        closed = next(given) if row.get("closed_at") else None
        recorded = next(given) if row.get("recorded_at") else None
        amount = float("nan") if amount is None else float(amount)
        begun = int(created[lead])
        time = (
            closed if closed is not None else recorded if recorded is not None else begun + config.horizon_us
        )
        if time < begun or (row.get("amount") is not None and not 0 <= amount < float("inf")):
            raise _Broken
        implied = closed is None and recorded is None
        if not (implied and state == OPEN):
            kept.append((lead, time, max(time, recorded or time), state, amount, row.get("reason"), implied))
    lead_of = np.array([row[0] for row in kept], dtype=np.int64)
    counts = np.bincount(lead_of, minlength=len(rows))
    return Outcomes(
        offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        time_us=np.array([row[1] for row in kept], dtype=np.int64),
        known_us=np.array([row[2] for row in kept], dtype=np.int64),
        state=np.array([row[3] for row in kept], dtype=np.int8),
        amount=np.array([row[4] for row in kept], dtype=np.float64),
        reason=_factor([row[5] for row in kept]),
        implied=np.array([row[6] for row in kept], dtype=np.bool_),
    )


def _attributes(leads: Sequence[Record], config: FunnelConfig) -> dict[str, Factor]:
    """Every attribute that any of the leads gives, missing where a lead does not."""
    given = [_given_attributes(lead) for lead in leads]
    if len(given) == 1:
        attributes = {}
        for name, value in given[0].items():
            text = value if type(value) is str else value_text(value)
            attributes[name] = Factor(_GIVEN.codes, (text,)) if text else _MISSING
    else:
        names = dict.fromkeys(name for of_lead in given for name in of_lead)
        attributes = {name: _factor([value_text(of_lead.get(name)) for of_lead in given]) for name in names}
    for name in config.ignore:
        attributes.pop(name, None)
    return attributes


def _given_attributes(lead: Record) -> dict[str, Any]:
    inside = lead.get("attributes") or {}
    given = {name: lead[name] for name in OWN_ATTRIBUTES if name in lead}
    if not _RESERVED.isdisjoint(inside) and any(name in inside for name in (*NOT_ATTRIBUTES, *given)):
        raise _Broken
    given.update(inside)
    return given
