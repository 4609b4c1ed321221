"""From the events of simulated leads to rows: kinds, times of day, late entries, amounts and reasons."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from history.arrays import Floats, Ints
from history.history import DAY_US
from simulation.lead_columns import Columns, lead_ids, times
from simulation.leads import (
    AMOUNT_SIGMA,
    BIG_FACTOR,
    BIG_SHARE,
    ZERO_SHARE,
    Batch,
)
from simulation.process import AMBIENT, DEMO, ENTER, INBOUND, LOSE, OUTBOUND, REOPEN, WIN
from simulation.world import STAGE_NAMES, World, normal, pick, uniform

# kind, channel, direction, mean value (0: none), shares among inbound, demo, outbound and ambient touches
KINDS = (
    ("email_reply", "email", "inbound", 0.0, (0.34, 0, 0, 0)),
    ("call", "phone", "inbound", 9.0, (0.16, 0, 0, 0)),
    ("form_submit", "web", "inbound", 0.0, (0.12, 0, 0, 0)),
    ("chat", "chat", "inbound", 6.0, (0.12, 0, 0, 0)),
    ("web_visit", "web", "inbound", 4.0, (0.26, 0, 0, 0)),
    ("demo", "video", "inbound", 45.0, (0, 1, 0, 0)),
    ("email_sent", "email", "outbound", 0.0, (0, 0, 0.52, 0)),
    ("call", "phone", "outbound", 6.0, (0, 0, 0.34, 0)),
    ("social_message", "social", "outbound", 0.0, (0, 0, 0.14, 0)),
    ("email_open", "email", "", 0.0, (0, 0, 0, 0.6)),
    ("ad_view", "ads", "", 0.0, (0, 0, 0, 0.4)),
)
GROUPS = {INBOUND: 0, DEMO: 1, OUTBOUND: 2, AMBIENT: 3}
FORM_SUBMIT = 2
LOST_REASONS = ("price", "competitor", "no budget", "bad timing", "no answer")
LATE_SHARE, LATE_MEAN_DAYS = 0.06, 3.0
UNKNOWN_AMOUNT_SHARE = 0.015
MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Closings:
    """The last known state of each lead of a batch: won, lost (n,) and when it was closed, -1 where it is open."""

    won: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]
    closed_us: Ints


class Events:
    """The events (m, 4) of a batch with their instants; draws are keyed by lead, day and code, not by piece."""

    def __init__(self, world: World, batch: Batch, events: Ints) -> None:
        self.world, self.batch = world, batch
        self.lead, self.day, self.code, self.detail = (events[:, i] for i in range(4))
        self.number = (batch.index[self.lead] * 32768 + self.day) * 16 + self.code
        outside = np.isin(self.code, (INBOUND, AMBIENT))
        hours = np.where(outside, 7.0, 8.2)
        span = np.where(outside, 14.5, 9.6)
        middle = 0.5 * (self.draw("hour-1") + self.draw("hour-2"))
        seconds = ((hours + span * middle) * 3600).astype(np.int64)
        self.us = self.day * DAY_US + seconds * 1_000_000

    def draw(self, name: str) -> Floats:
        return uniform(self.world.seed, name, self.number)

    def lag_days(self) -> Ints:
        """Days from what happened to its entry: 0 for most, else geometric; it depends on nothing but chance."""
        late = self.draw("late") < LATE_SHARE
        days = 1 + np.floor(-LATE_MEAN_DAYS * np.log(self.draw("lag"))).astype(np.int64)
        return np.where(late, np.minimum(days, 20), 0)


def interactions(events: Events) -> Columns:
    """Touches, the first one of leads that came by themselves among them.

    A late row takes its effect when it is recorded: occurred_at is then days earlier, never before the creation.
    """
    batch = events.batch
    rows = np.flatnonzero(np.isin(events.code, list(GROUPS)))
    lead, number = events.lead[rows], events.number[rows]
    recorded = events.us[rows]
    occurred = recorded - events.lag_days()[rows] * DAY_US
    occurred = np.where(occurred >= batch.created_us[lead], occurred, recorded)
    kind = _kinds(events, rows)
    first = np.flatnonzero(batch.came_by_itself)
    lead = np.concatenate((first, lead))
    order = np.argsort(lead, kind="stable")
    kind = np.concatenate((np.full(len(first), FORM_SUBMIT), kind))[order]
    occurred = np.concatenate((batch.created_us[first], occurred))[order]
    recorded = np.concatenate((batch.created_us[first], recorded))[order]
    number = np.concatenate((batch.index[first] * 32768 * 16, number))[order]
    lead = lead[order]
    kept = recorded <= events.world.cut_us
    lead, kind, occurred, recorded, number = (a[kept] for a in (lead, kind, occurred, recorded, number))
    ids = lead_ids(batch.index[lead])
    mean = np.array([k[3] for k in KINDS])[kind]
    value = np.maximum(1.0, np.round(mean * np.exp(0.5 * normal(events.world.seed, "value", number))))
    return {
        "lead_id": ids,
        "occurred_at": times(occurred),
        "recorded_at": times(recorded),
        "interaction_id": [f"{i}-{n % 524288:05x}" for i, n in zip(ids, number.tolist(), strict=True)],
        "kind": [KINDS[k][0] for k in kind.tolist()],
        "channel": [KINDS[k][1] for k in kind.tolist()],
        "direction": [KINDS[k][2] or None for k in kind.tolist()],
        "value": [
            None if m == 0 else str(int(v)) for m, v in zip(mean.tolist(), value.tolist(), strict=True)
        ],
    }


def _kinds(events: Events, rows: Ints) -> Ints:
    kind = np.zeros(len(rows), dtype=np.int64)
    u = events.draw("kind")[rows]
    for code, group in GROUPS.items():
        here = events.code[rows] == code
        kind[here] = pick(u[here], [k[4][group] for k in KINDS])
    return kind


def stages(events: Events) -> Columns:
    """Stage entries, `new` at creation first; a late one was entered days before, yet after the entry before it."""
    batch = events.batch
    rows = np.flatnonzero(np.isin(events.code, (ENTER, REOPEN)))
    n = len(batch.index)
    lead = np.concatenate((np.arange(n), events.lead[rows]))
    order = np.argsort(lead, kind="stable")
    recorded = np.concatenate((batch.created_us, events.us[rows]))[order]
    lag = np.concatenate((np.zeros(n, dtype=np.int64), events.lag_days()[rows]))[order]
    reopened = np.concatenate((np.zeros(n, dtype=bool), events.code[rows] == REOPEN))[order]
    stage = np.concatenate((np.zeros(n, dtype=np.int64), events.detail[rows]))[order]
    lead = lead[order]
    earlier = recorded - lag * DAY_US
    previous = np.concatenate(([0], recorded[:-1]))
    entered = np.where((lag > 0) & (earlier > previous) & ~reopened, earlier, recorded)
    kept = recorded <= events.world.cut_us
    return {
        "lead_id": lead_ids(batch.index[lead[kept]]),
        "entered_at": times(entered[kept]),
        "recorded_at": times(recorded[kept]),
        "stage": [STAGE_NAMES[s] for s in stage[kept].tolist()],
    }


def outcomes(events: Events) -> Columns:
    """Wins with their amounts, losses with a reason, and reopenings, all entered within the hour."""
    rows = np.flatnonzero(np.isin(events.code, (WIN, LOSE, REOPEN)) & (events.us <= events.world.cut_us))
    code, us, number = events.code[rows], events.us[rows], events.number[rows]
    seed = events.world.seed
    log_amount = events.batch.log_amount[events.lead[rows]]
    amount = np.exp(log_amount + AMOUNT_SIGMA * normal(seed, "amount", number))
    amount *= np.where(uniform(seed, "big", number) < BIG_SHARE, BIG_FACTOR, 1.0)
    amount *= np.where(uniform(seed, "free", number) < ZERO_SHARE, 0.0, 1.0)
    known = (code == WIN) & (uniform(seed, "unknown-amount", number) >= UNKNOWN_AMOUNT_SHARE)
    reason = pick(uniform(seed, "reason", number), (0.22, 0.2, 0.16, 0.2, 0.22))
    return {
        "lead_id": lead_ids(events.batch.index[events.lead[rows]]),
        "outcome": [{WIN: "won", LOSE: "lost", REOPEN: "open"}[c] for c in code.tolist()],
        "closed_at": times(us),
        "amount": [f"{a:.2f}" if k else None for a, k in zip(amount.tolist(), known.tolist(), strict=True)],
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
    code[events.lead[rows]] = events.code[rows]  # in order of time within a lead, so the last one stays
    closed[events.lead[rows]] = events.us[rows]
    return Closings(code == WIN, code == LOSE, np.where(code == REOPEN, -1, closed))


def attribute_changes(events: Events) -> Columns:
    """Hand-overs into and out of the late stages, and newsletter sign-ups, which say nothing of the outcome."""
    world, batch = events.world, events.batch
    rows = np.flatnonzero(np.isin(events.code, (ENTER, REOPEN)))
    lead, stage = events.lead[rows], events.detail[rows]
    first = np.concatenate(([True], lead[1:] != lead[:-1])) if len(lead) else np.zeros(0, dtype=bool)
    before = np.where(first, 0, np.concatenate(([0], stage[:-1])) if len(stage) else stage)
    owner, partner = batch.owner[lead], world.partner[batch.owner[lead]]
    moved = ((stage >= 2) != (before >= 2)) & (owner != partner)
    us = events.us[rows][moved] + 5 * MINUTE_US
    now = np.where(stage >= 2, partner, owner)[moved]
    lead = lead[moved]
    signs = np.flatnonzero((events.code == AMBIENT) & (events.draw("sign-up") < 0.3))
    all_lead = np.concatenate((lead, events.lead[signs]))
    all_us = np.concatenate((us, events.us[signs] + MINUTE_US))
    text = [world.owners[o] for o in now.tolist()] + [
        "true" if u < 0.7 else "false" for u in events.draw("sign")[signs].tolist()
    ]
    name = ["owner"] * len(lead) + ["newsletter"] * len(signs)
    order = [int(i) for i in np.lexsort((all_us, all_lead)) if all_us[i] <= world.cut_us]
    stamped = times(all_us[order])
    return {
        "lead_id": lead_ids(batch.index[all_lead[order]]),
        "changed_at": stamped,
        "attribute": [name[i] for i in order],
        "value": [text[i] for i in order],
        "recorded_at": stamped,
    }
