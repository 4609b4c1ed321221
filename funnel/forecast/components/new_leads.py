"""Wins and revenue of leads that have yet to come: arrivals times the conversion of leads by age."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from funnel.forecast.components.arrivals import Arrivals, arrivals
from funnel.forecast.components.creation_level import Textures
from funnel.hazards import Hazards, hazards
from funnel.known_leads import KnownLeads, WinTotals
from history.base.arrays import Floats
from history.bulk_creations import in_bulk
from history.odd_creations import first_creation_us
from history.text.times import DAY_US

HALF_LIFE_HORIZONS = 2.0
LEAST_HALF_LIFE_DAYS = 60.0
AMOUNT_DRIFT = 0.1  # relative standard deviation of the recent mean amount from that of all wins
AMOUNT_RECENT_HORIZONS = 1.0
LEAST_AMOUNT_HALF_LIFE_DAYS = 30
RECENT_DAYS = 28
YEAR_US = 365.25 * DAY_US
PRIOR_AMOUNTS = 5.0  # strength of the prior, in wins: an amount's standard deviation equals its mean


@dataclass(frozen=True)
class NewLeads:
    """Forecast of the leads created after T.

    wins: cumulative wins within 0..days days of T, (days + 1,). amount: mean of a win, NaN without known amounts.
    """

    arrivals: Arrivals
    rates: Hazards
    wins: Floats
    amount: float

    def wins_by(self, days: Floats) -> Floats:
        """Cumulative wins within each of `days` (k,) after T."""
        return np.interp(days, np.arange(len(self.wins)), self.wins)


def forecast_new_leads(
    known: KnownLeads, horizon_days: int, days: int, textures: Textures | None = None
) -> NewLeads:
    """Arrivals, daily hazards and wins of new leads over `days` days after known.as_of_us.

    textures: of the arrivals, None to learn it.
    Leads of an import tell of neither arrivals nor ages, and count in the amounts alone.
    """
    dated = known.take(~in_bulk(known.created_us))
    rates = hazards(dated, max(HALF_LIFE_HORIZONS * horizon_days, LEAST_HALF_LIFE_DAYS))
    coming = arrivals(dated.created_us, known.as_of_us, days, textures)
    won_by_age = rates.incidence(days).won
    # Leads arrive evenly over a day: on average they are half a day old at its end.
    won_mid_day = (won_by_age[:-1] + won_by_age[1:]) / 2
    wins = np.concatenate(([0.0], np.convolve(coming.daily, won_mid_day)[:days]))
    return NewLeads(coming, rates, wins, mean_amount(known, horizon_days))


def mean_amount(known: KnownLeads, horizon_days: int) -> float:
    """The mean known amount of wins, recent wins weighted more; NaN without known amounts.

    Shrunk to the mean of all wins by Buehlmann's credibility (1967): the prior counts for as many wins as the
    variance of one amount holds that of the drift. So one large deal moves the mean little.
    """
    has_amount = known.won & ~np.isnan(known.amount)
    if not has_amount.any():
        return float("nan")
    back = (known.as_of_us - known.end_us[has_amount]) / DAY_US
    half_life = AMOUNT_RECENT_HORIZONS * max(horizon_days, LEAST_AMOUNT_HALF_LIFE_DAYS)
    weight = np.exp2(-back / half_life)
    amount = known.amount[has_amount]
    mean = float(amount.mean())
    prior = float(amount.var()) / max(mean * AMOUNT_DRIFT, 1e-9) ** 2 + 1.0
    return float((np.sum(weight * amount) + prior * mean) / (float(weight.sum()) + prior))


def amount_dispersion(known: KnownLeads) -> float:
    """Variance of won amounts over their squared mean, shrunk to 1."""
    amount = known.amount[known.won & ~np.isnan(known.amount)]
    if not len(amount) or not amount.mean() > 0:
        return 1.0
    observed = float(amount.var() / amount.mean() ** 2)
    return (len(amount) * observed + PRIOR_AMOUNTS) / (len(amount) + PRIOR_AMOUNTS)


class DailyRate(NamedTuple):
    """Mean wins and revenue a day."""

    wins: float
    revenue: float


def recent_rate(known: KnownLeads, days: int = RECENT_DAYS) -> DailyRate:
    """Wins and revenue a day over the last `days` days, T included."""
    total: WinTotals = known.won_between(known.as_of_us - days * DAY_US + 1, known.as_of_us + 1)
    return DailyRate(total.wins / days, total.revenue / days)


def unseen_year_share(known: KnownLeads) -> float:
    """Share of a year (0 to 1) by which the first lead is younger than a year: its season is unknown."""
    if not len(known.created_us):
        return 1.0
    return 1 - min((known.as_of_us - first_creation_us(known.created_us)) / YEAR_US, 1.0)
