"""Forecasts replayed without a model, by the ages of leads alone, at dates all along the history.

Training replays the model at the few dates that it evaluates, which lie within a few horizons of each other. By ages
alone every past date can be replayed, and the errors hold the same shared shocks: level, season and arrivals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from funnel.forecast.components.creation_level import Textures
from funnel.forecast.components.new_leads import NewLeads, forecast_new_leads
from funnel.forecast.components.rhythm import Rhythm, working_days
from funnel.forecast.periods import CalendarPeriod, periods_before
from funnel.forecast.replays.replays import FEWEST_WINS, SETTLING_DAYS, Replays
from funnel.known_leads import KnownLeads
from history.base.arrays import Floats, Ints
from history.bulk_creations import in_bulk
from history.history import OPEN
from history.odd_creations import first_creation_us
from history.text.times import DAY_US

MOST_DATES = 12
LEAST_HISTORY_DAYS = 40  # before a replayed date
LEAST_EXPECTED = 1.0  # wins of a span: less says nothing of a level


@dataclass(frozen=True)
class Ahead:
    """What is forecast at T, for replays of the same: the k coming periods and their kind, horizon and rhythm."""

    periods: Sequence[CalendarPeriod]
    kind: str
    horizon_days: int
    rhythm: Rhythm
    zone: ZoneInfo


class _Cell(NamedTuple):
    """One span of a replayed date: its number, what came, and what was expected.

    amount: expected of a win, NaN without known amounts.
    """

    span: int
    wins: int
    revenue: float
    expected_wins: float
    amount: float


class ReplayedDate(NamedTuple):
    """A past instant, as far into its period as T is into its own, and the ends (k,) of k periods in days after it."""

    at_us: int
    end: Floats


@dataclass(frozen=True)
class AgeReplays:
    """The same replays of wins and of revenue."""

    wins: Replays
    revenue: Replays


def replays_by_age(known: KnownLeads, ahead: Ahead, textures: Textures | None) -> AgeReplays:
    """Replays at up to MOST_DATES dates before T, a calendar period apart, as far as periods were over by T.

    Each forecast reads the leads and decisions dated up to its date; only the textures of arrivals (their drift and
    unevenness) comes from T. Leads of an import, whose ages are unknown, are left out, of what came too.
    """
    dated = known.take(~in_bulk(known.created_us))
    by_date = [_cells_at(dated, date, ahead, textures) for date in _dates(dated, ahead)]
    cells = [cell for of_date in by_date for cell in of_date]
    dates = sum(bool(of_date) for of_date in by_date)
    priced = [cell for cell in cells if cell.amount > 0]
    return AgeReplays(_replays(cells, dates, of_revenue=False), _replays(priced, dates, of_revenue=True))


def _replays(cells: Sequence[_Cell], dates: int, *, of_revenue: bool) -> Replays:
    """The cells as replays of so many dates, of revenue or of wins."""

    def column(name: str) -> Floats:
        return np.array([getattr(cell, name) for cell in cells], dtype=np.float64)

    expected_wins = column("expected_wins")
    return Replays(
        actual=column("revenue" if of_revenue else "wins"),
        summed=expected_wins * column("amount") if of_revenue else expected_wins,
        recent=np.zeros(len(cells)),
        wins=expected_wins,
        span=column("span").astype(np.int64),
        dates=float(dates),
    )


def _dates(known: KnownLeads, ahead: Ahead) -> list[ReplayedDate]:
    """The replayed dates, latest first, none before LEAST_HISTORY_DAYS of leads and of recorded wins.

    Calendar periods, not spans of as many days: two halves of months would average the shocks of both.
    """
    if not len(known):
        return []
    begin_us = max(first_creation_us(known.created_us), known.recorded_from_us or 0)
    first_us = begin_us + LEAST_HISTORY_DAYS * DAY_US
    current = ahead.periods[0]
    periods = [*periods_before(current, ahead.kind, MOST_DATES, ahead.zone), *ahead.periods]
    dates = []
    for i in reversed(range(MOST_DATES)):
        at_us = min(periods[i].start_us + known.as_of_us - current.start_us, periods[i].end_us)
        if at_us < first_us:
            break
        ends = [(period.end_us - at_us) / DAY_US for period in periods[i : i + len(ahead.periods)]]
        dates.append(ReplayedDate(at_us, np.array(ends)))
    return dates


def _cells_at(known: KnownLeads, date: ReplayedDate, ahead: Ahead, textures: Textures | None) -> list[_Cell]:
    """Each span over by T; empty without enough wins."""
    at_us, ends = date
    then = known.as_at(at_us)
    if then.won.sum() < FEWEST_WINS:
        return []
    worked = working_days(ends, at_us, ahead.rhythm, ahead.zone)
    days = int(np.ceil(max(ends[-1], worked[-1]))) + 1
    new_leads = forecast_new_leads(then, ahead.horizon_days, days, textures)
    by_end = open_wins_by(then, new_leads, worked) + new_leads.wins_by(worked)
    expected = np.diff(by_end, prepend=0.0)
    cells: list[_Cell] = []
    for k, (start, end) in enumerate(pairwise([0.0, *ends.tolist()])):
        if at_us + (end + SETTLING_DAYS) * DAY_US > known.as_of_us:
            break
        if expected[k] < LEAST_EXPECTED:
            continue
        came = known.won_between(at_us + round(start * DAY_US) + 1, at_us + round(end * DAY_US) + 1)
        cells.append(_Cell(k, came.wins, came.revenue, float(expected[k]), new_leads.amount))
    return cells


def open_wins_by(known: KnownLeads, new_leads: NewLeads, days: Floats) -> Floats:
    """Expected wins (k,) of the open leads within `days` (k,) of working time, by the rates of their ages."""
    age: Ints = ((known.as_of_us - known.created_us[known.state == OPEN]) / DAY_US).astype(np.int64)
    if not len(age):
        return np.zeros(len(days))
    leads = np.bincount(age)
    ages = np.flatnonzero(leads)
    oldest = int(ages[-1]) + int(np.ceil(days.max())) + 1
    won = new_leads.rates.incidence(oldest).won
    open_share = np.maximum(new_leads.rates.open_share(oldest)[ages], 1e-12)
    later = np.interp(ages[:, None] + days, np.arange(oldest + 1), won)
    return np.asarray((leads[ages] / open_share) @ (later - won[ages][:, None]))
