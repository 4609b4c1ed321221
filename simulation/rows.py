"""Rows of the tables from the events of simulated leads: kinds, times of day, late entries, amounts, reasons."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from simulation.lead_columns import Columns, lead_ids, times
from simulation.leads import AMOUNT_SIGMA, BIG_FACTOR, BIG_SHARE, ZERO_SHARE, Batch
from simulation.process import AMBIENT, DEMO, ENTER, INBOUND, LOSE, OUTBOUND, REOPEN, WIN
from simulation.world import STAGE_NAMES, World, normal, pick, uniform


class Kind(NamedTuple):
    """A kind of interaction: the mean of its value (0: none), and its share of each group of touches in GROUPS."""

    name: str
    channel: str
    direction: str
    mean_value: float
    shares: tuple[float, float, float, float]


KINDS = (
    Kind("email_reply", "email", "inbound", 0.0, (0.34, 0, 0, 0)),
    Kind("call", "phone", "inbound", 9.0, (0.16, 0, 0, 0)),
    Kind("form_submit", "web", "inbound", 0.0, (0.12, 0, 0, 0)),
    Kind("chat", "chat", "inbound", 6.0, (0.12, 0, 0, 0)),
    Kind("web_visit", "web", "inbound", 4.0, (0.26, 0, 0, 0)),
    Kind("demo", "video", "inbound", 45.0, (0, 1, 0, 0)),
    Kind("email_sent", "email", "outbound", 0.0, (0, 0, 0.52, 0)),
    Kind("call", "phone", "outbound", 6.0, (0, 0, 0.34, 0)),
    Kind("social_message", "social", "outbound", 0.0, (0, 0, 0.14, 0)),
    Kind("email_open", "email", "", 0.0, (0, 0, 0, 0.6)),
    Kind("ad_view", "ads", "", 0.0, (0, 0, 0, 0.4)),
)
GROUPS = {INBOUND: 0, DEMO: 1, OUTBOUND: 2, AMBIENT: 3}
FORM_SUBMIT = 2
LOST_REASONS = ("price", "competitor", "no budget", "bad timing", "no answer")
LATE_SHARE, LATE_MEAN_DAYS = 0.06, 3.0
UNKNOWN_AMOUNT_SHARE = 0.015
MINUTE_US = 60_000_000
HAND_OVER_US = 5 * MINUTE_US
FIRST_LATE_STAGE = 2  # from here on the owner's partner works on the lead


@dataclass(frozen=True)
class Closings:
    """The last known state of each lead of a batch (n,); closed_us is -1 for an open lead."""

    won: Mask
    lost: Mask
    closed_us: Ints


class Events:
    """The events (m,) of a batch with their instants.

    number: keys the random values of an event by its lead, day and code, so that they do not depend on the batch.
    """

    def __init__(self, world: World, batch: Batch, events: Ints) -> None:
        self.world, self.batch = world, batch
        self.lead, self.day, self.code, self.detail = (events[:, i] for i in range(4))
        self.number = (batch.index[self.lead] * 32768 + self.day) * 16 + self.code
        # Leads write also before and after our office hours.
        is_of_lead = np.isin(self.code, (INBOUND, AMBIENT))
        first_hour = np.where(is_of_lead, 7.0, 8.2)
        hours = np.where(is_of_lead, 14.5, 9.6)
        place = 0.5 * (self.draw("hour-1") + self.draw("hour-2"))
        seconds = ((first_hour + hours * place) * 3600).astype(np.int64)
        self.us = self.day * DAY_US + seconds * 1_000_000

    def draw(self, name: str) -> Floats:
        """A uniform for each event (m,)."""
        return uniform(self.world.seed, name, self.number)

    def lag_days(self) -> Ints:
        """Days from an event to its entry (m,): 0 for most, else geometric, independent of the outcome."""
        is_late = self.draw("late") < LATE_SHARE
        days = 1 + np.floor(-LATE_MEAN_DAYS * np.log(self.draw("lag"))).astype(np.int64)
        return np.where(is_late, np.minimum(days, 20), 0)


@dataclass(frozen=True)
class _Touches:
    """Touches (m,) in order of lead; kind: index in KINDS; number: keys their random values."""

    lead: Ints
    kind: Ints
    occurred_us: Ints
    recorded_us: Ints
    number: Ints

    def take(self, rows: Ints | Mask) -> "_Touches":
        return _Touches(*(column[rows] for column in vars(self).values()))


def interactions(events: Events) -> Columns:
    """All touches that were recorded by the end, those that created a lead among them."""
    touches = _touches(events)
    touches = touches.take(touches.recorded_us <= events.world.cut_us)
    ids = lead_ids(events.batch.index[touches.lead])
    kinds = [KINDS[kind] for kind in touches.kind.tolist()]

    mean = np.array([kind.mean_value for kind in KINDS])[touches.kind]
    noise = np.exp(0.5 * normal(events.world.seed, "value", touches.number))
    value = np.maximum(1.0, np.round(mean * noise))
    return {
        "lead_id": ids,
        "occurred_at": times(touches.occurred_us),
        "recorded_at": times(touches.recorded_us),
        "interaction_id": [
            f"{i}-{n % 524288:05x}" for i, n in zip(ids, touches.number.tolist(), strict=True)
        ],
        "kind": [kind.name for kind in kinds],
        "channel": [kind.channel for kind in kinds],
        "direction": [kind.direction or None for kind in kinds],
        "value": [
            str(int(v)) if kind.mean_value else None for kind, v in zip(kinds, value.tolist(), strict=True)
        ],
    }


def _touches(events: Events) -> _Touches:
    """The form that created a lead, for leads that came by themselves, and the touches among the events.

    A late touch takes its effect when it is recorded: it occurred days before, but not before the lead's creation.
    """
    batch = events.batch
    rows = np.flatnonzero(np.isin(events.code, list(GROUPS)))
    created_us, recorded_us = batch.created_us[events.lead[rows]], events.us[rows]
    earlier_us = recorded_us - events.lag_days()[rows] * DAY_US
    occurred_us = np.where(earlier_us >= created_us, earlier_us, recorded_us)

    forms = np.flatnonzero(batch.came_by_itself)
    touches = _Touches(
        lead=np.concatenate((forms, events.lead[rows])),
        kind=np.concatenate((np.full(len(forms), FORM_SUBMIT), _kinds(events, rows))),
        occurred_us=np.concatenate((batch.created_us[forms], occurred_us)),
        recorded_us=np.concatenate((batch.created_us[forms], recorded_us)),
        number=np.concatenate((batch.index[forms] * 32768 * 16, events.number[rows])),
    )
    return touches.take(np.argsort(touches.lead, kind="stable"))


def _kinds(events: Events, rows: Ints) -> Ints:
    """The kind of each of these touches (len(rows),) as an index in KINDS."""
    kind = np.zeros(len(rows), dtype=np.int64)
    u = events.draw("kind")[rows]
    for code, group in GROUPS.items():
        is_of_group = events.code[rows] == code
        kind[is_of_group] = pick(u[is_of_group], [entry.shares[group] for entry in KINDS])
    return kind


def stages(events: Events) -> Columns:
    """Stage entries, `new` at creation first; a late one happened days before its entry, but after the stage before."""
    batch = events.batch
    rows = np.flatnonzero(np.isin(events.code, (ENTER, REOPEN)))
    n = len(batch.index)
    lead = np.concatenate((np.arange(n), events.lead[rows]))
    order = np.argsort(lead, kind="stable")
    recorded = np.concatenate((batch.created_us, events.us[rows]))[order]
    lag = np.concatenate((np.zeros(n, dtype=np.int64), events.lag_days()[rows]))[order]
    is_reopening = np.concatenate((np.zeros(n, dtype=bool), events.code[rows] == REOPEN))[order]
    stage = np.concatenate((np.zeros(n, dtype=np.int64), events.detail[rows]))[order]
    lead = lead[order]
    earlier = recorded - lag * DAY_US
    previous = np.concatenate(([0], recorded[:-1]))
    entered = np.where((lag > 0) & (earlier > previous) & ~is_reopening, earlier, recorded)
    is_known = recorded <= events.world.cut_us
    return {
        "lead_id": lead_ids(batch.index[lead[is_known]]),
        "entered_at": times(entered[is_known]),
        "recorded_at": times(recorded[is_known]),
        "stage": [STAGE_NAMES[s] for s in stage[is_known].tolist()],
    }


def outcomes(events: Events) -> Columns:
    """Wins with their amounts, losses with a reason, and reopenings, all recorded as they happen."""
    rows = np.flatnonzero(np.isin(events.code, (WIN, LOSE, REOPEN)) & (events.us <= events.world.cut_us))
    code, us, number = events.code[rows], events.us[rows], events.number[rows]
    seed = events.world.seed
    log_amount = events.batch.log_amount[events.lead[rows]]
    amount = np.exp(log_amount + AMOUNT_SIGMA * normal(seed, "amount", number))
    amount *= np.where(uniform(seed, "big", number) < BIG_SHARE, BIG_FACTOR, 1.0)
    amount *= np.where(uniform(seed, "free", number) < ZERO_SHARE, 0.0, 1.0)
    has_amount = (code == WIN) & (uniform(seed, "unknown-amount", number) >= UNKNOWN_AMOUNT_SHARE)
    reason = pick(uniform(seed, "reason", number), (0.22, 0.2, 0.16, 0.2, 0.22))
    return {
        "lead_id": lead_ids(events.batch.index[events.lead[rows]]),
        "outcome": [{WIN: "won", LOSE: "lost", REOPEN: "open"}[c] for c in code.tolist()],
        "closed_at": times(us),
        "amount": [
            f"{a:.2f}" if k else None for a, k in zip(amount.tolist(), has_amount.tolist(), strict=True)
        ],
        "reason": [
            LOST_REASONS[r] if c == LOSE else None
            for r, c in zip(reason.tolist(), code.tolist(), strict=True)
        ],
    }


def closings(events: Events) -> Closings:
    """The last outcome of each lead."""
    n = len(events.batch.index)
    rows = np.flatnonzero(np.isin(events.code, (WIN, LOSE, REOPEN)) & (events.us <= events.world.cut_us))
    code = np.full(n, REOPEN, dtype=np.int64)
    closed = np.full(n, -1, dtype=np.int64)
    # Rows are in order of time within a lead, so its last one stays.
    code[events.lead[rows]] = events.code[rows]
    closed[events.lead[rows]] = events.us[rows]
    return Closings(code == WIN, code == LOSE, np.where(code == REOPEN, -1, closed))


@dataclass(frozen=True)
class _Changes:
    """Changes (m,) of one attribute."""

    lead: Ints
    us: Ints
    attribute: str
    values: list[str]


def attribute_changes(events: Events) -> Columns:
    """Hand-overs into and out of the late stages, and newsletter sign-ups, which are unrelated to the outcome."""
    parts = (_hand_overs(events), _sign_ups(events))
    lead = np.concatenate([part.lead for part in parts])
    us = np.concatenate([part.us for part in parts])
    attributes = [part.attribute for part in parts for _ in part.values]
    values = [value for part in parts for value in part.values]

    order = np.lexsort((us, lead))
    order = order[us[order] <= events.world.cut_us]
    instants = times(us[order])
    return {
        "lead_id": lead_ids(events.batch.index[lead[order]]),
        "changed_at": instants,
        "attribute": [attributes[row] for row in order.tolist()],
        "value": [values[row] for row in order.tolist()],
        "recorded_at": instants,
    }


def _hand_overs(events: Events) -> _Changes:
    """The owner's partner takes a lead over minutes after it enters a late stage, the owner after it leaves them."""
    world = events.world
    rows = np.flatnonzero(np.isin(events.code, (ENTER, REOPEN)))
    lead, stage = events.lead[rows], events.detail[rows]
    is_first = np.diff(lead, prepend=-1) != 0
    stage_before = np.where(is_first, 0, np.roll(stage, 1))

    owner = events.batch.owner[lead]
    partner = world.partner[owner]
    is_late, was_late = stage >= FIRST_LATE_STAGE, stage_before >= FIRST_LATE_STAGE
    moved = (is_late != was_late) & (owner != partner)
    new_owner = np.where(is_late, partner, owner)[moved]
    us = events.us[rows][moved] + HAND_OVER_US
    return _Changes(lead[moved], us, "owner", [world.owners[place] for place in new_owner.tolist()])


def _sign_ups(events: Events) -> _Changes:
    """Some ambient touches come with a change of the newsletter's column, mostly to true."""
    rows = np.flatnonzero((events.code == AMBIENT) & (events.draw("sign-up") < 0.3))
    values = ["true" if u < 0.7 else "false" for u in events.draw("sign")[rows].tolist()]
    return _Changes(events.lead[rows], events.us[rows] + MINUTE_US, "newsletter", values)
