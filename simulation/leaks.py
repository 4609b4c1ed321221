"""Columns that give the outcome away, planted for the leakage audit to find."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints, Mask
from history.text.times import DAY_US
from simulation.lead_columns import Columns, lead_ids, times
from simulation.process import ENTER, REOPEN
from simulation.rows import Closings, Events
from simulation.world import pick, uniform

WON_CODES = ("W10", "W20", "W30")
LOST_CODES = ("L10", "L20", "L40", "L90")
STAGE_PERCENT = np.array([10, 25, 50, 75])
TIERS = ("gold", "silver", "bronze")
BULK_HOUR_US = 2 * 3_600_000_000


@dataclass(frozen=True)
class Planted:
    """A leaking column and how it came to leak."""

    column: str
    how: str


def plant(
    events: Events, closed: Closings, columns: Columns, changes: Columns
) -> tuple[tuple[Planted, ...], Columns]:
    """Adds leaking columns to `columns` in place; returns what was planted, and changes with the bulk back-fill."""
    index, seed = events.batch.index, events.world.seed
    code = np.where(closed.won, pick(uniform(seed, "won-code", index), (5, 3, 2)), -1).tolist()
    lost = np.where(closed.lost, pick(uniform(seed, "lost-code", index), (4, 3, 2, 1)), -1).tolist()
    columns["close_reason_code"] = [
        WON_CODES[w] if w >= 0 else LOST_CODES[x] if x >= 0 else None for w, x in zip(code, lost, strict=True)
    ]
    columns["probability_percent"] = [str(p) for p in _percent(events, closed).tolist()]
    columns["contract_signed_on"] = _signed(events, closed)
    tier: list[str | None] = [None] * len(index)
    columns["account_tier"] = tier
    return PLANTED, _back_filled(events, closed, changes)


PLANTED = (
    Planted(
        "close_reason_code", "a category filled only when the lead is closed, exported with today's value"
    ),
    Planted(
        "probability_percent",
        "a number that goes to 100 or 0 when the lead is closed, exported with today's value",
    ),
    Planted("contract_signed_on", "a date filled only after a win"),
    Planted(
        "account_tier",
        "filled in bulk on one day, for most wins and few others, and dated back to the lead's creation",
    ),
)


def _percent(events: Events, closed: Closings) -> Ints:
    stage = np.zeros(len(closed.won), dtype=np.int64)
    rows = np.isin(events.code, (ENTER, REOPEN)) & (events.us <= events.world.cut_us)
    stage[events.lead[rows]] = events.detail[rows]
    return np.where(closed.won, 100, np.where(closed.lost, 0, STAGE_PERCENT[stage]))


def _signed(events: Events, closed: Closings) -> list[str | None]:
    ahead = (4 * uniform(events.world.seed, "signed", events.batch.index)).astype(np.int64)
    day = np.maximum(closed.closed_us // DAY_US - ahead, events.batch.starts.day)
    known = closed.won & (uniform(events.world.seed, "signed-known", events.batch.index) < 0.9)
    text = np.datetime_as_string(day.astype("M8[D]")).tolist()
    return [t if k else None for t, k in zip(text, known.tolist(), strict=True)]


def _back_filled(events: Events, closed: Closings, changes: Columns) -> Columns:
    """Rows of `account_tier`, recorded in one night late in the period for leads that existed then."""
    world, batch = events.world, events.batch
    night = (world.last_day - (world.last_day - world.first_day) // 8) * DAY_US + BULK_HOUR_US
    won: Mask = closed.won & (closed.closed_us < night)
    filled = uniform(world.seed, "tier-filled", batch.index) < np.where(won, 0.92, 0.03)
    rows = np.flatnonzero(filled & (batch.created_us < night))
    tier = pick(uniform(world.seed, "tier", batch.index[rows]), (2, 3, 5))
    recorded = night + (uniform(world.seed, "tier-at", batch.index[rows]) * 60).astype(np.int64) * 1_000_000
    added: Columns = {
        "lead_id": lead_ids(batch.index[rows]),
        "changed_at": times(batch.created_us[rows]),
        "attribute": ["account_tier"] * len(rows),
        "value": [TIERS[t] for t in tier.tolist()],
        "recorded_at": times(recorded),
    }
    return {name: [*changes[name], *added[name]] for name in changes}
