"""Wins and revenue of leads that have yet to come: arrivals times the conversion of leads of an age."""

from dataclasses import dataclass

import numpy as np

from funnel.forecast.arrivals import Arrivals, arrivals
from funnel.forecast.hazards import Hazards, Lives, hazards
from history.arrays import Floats
from history.history import DAY_US, WON

HALF_LIFE_HORIZONS = 2.0
LEAST_HALF_LIFE_DAYS = 60.0
AMOUNT_DRIFT = 0.1  # deviation of the recent mean amount from that of all wins, relative
AMOUNT_RECENT_HORIZONS = 1.0
RECENT_DAYS = 28
YEAR_US = 365.25 * DAY_US
SPREAD_PRIOR = 5.0  # wins that say an amount deviates by as much as its mean


@dataclass(frozen=True)
class Future:
    """What the leads known at T say of those to come.

    wins: cumulative wins of new leads within 0..days days of T, (days + 1,); amount: mean of a new win,
    NaN without amounts.
    """

    arrivals: Arrivals
    rates: Hazards
    wins: Floats
    amount: float

    def wins_by(self, days: Floats) -> Floats:
        """Wins of new leads within each of `days` after T."""
        return np.interp(days, np.arange(len(self.wins)), self.wins)


def future(seen: Lives, horizon_days: int, days: int) -> Future:
    """Arrivals, daily rates and the wins of new leads over `days` days after seen.as_of_us."""
    rates = hazards(seen, max(HALF_LIFE_HORIZONS * horizon_days, LEAST_HALF_LIFE_DAYS))
    coming = arrivals(seen.created_us, seen.as_of_us, days)
    converted = rates.from_age(days)[0]
    middle = (converted[:-1] + converted[1:]) / 2  # a lead of day j is half a day old at that day's end
    wins = np.concatenate(([0.0], np.convolve(coming.daily, middle)[:days]))
    return Future(coming, rates, wins, win_amount(seen, horizon_days))


def win_amount(seen: Lives, horizon_days: int) -> float:
    """The mean known amount of wins, recent ones first, NaN where none is known.

    Shrunk to the mean of all by Buehlmann's credibility (1967): as many wins agree with that mean as the
    variance of one amount holds that of the drift, so that one large deal moves little.
    """
    known = (seen.state == WON) & ~np.isnan(seen.amount)
    if not known.any():
        return float("nan")
    back = (seen.as_of_us - seen.end_us[known]) / DAY_US
    weight = np.exp2(-back / (AMOUNT_RECENT_HORIZONS * max(horizon_days, 30)))
    amount = seen.amount[known]
    mean = float(amount.mean())
    prior = float(amount.var()) / max(mean * AMOUNT_DRIFT, 1e-9) ** 2 + 1.0
    return float((np.sum(weight * amount) + prior * mean) / (float(weight.sum()) + prior))


def amount_spread(seen: Lives) -> float:
    """Variance of won amounts over their squared mean: which lead wins and what it pays, together."""
    amount = seen.amount[(seen.state == WON) & ~np.isnan(seen.amount)]
    if not len(amount) or not amount.mean() > 0:
        return 1.0
    own = float(amount.var() / amount.mean() ** 2)
    return (len(amount) * own + SPREAD_PRIOR) / (len(amount) + SPREAD_PRIOR)


def recent_rate(seen: Lives, days: int = RECENT_DAYS) -> tuple[float, float]:
    """Wins and revenue a day over the last `days` days."""
    wins, revenue = seen.won_between(seen.as_of_us - days * DAY_US + 1, seen.as_of_us + 1)
    return wins / days, revenue / days


def unseen_year(seen: Lives) -> float:
    """The share of a year, 0 to 1, that lies before the first lead: of its season history shows nothing."""
    if not len(seen.created_us):
        return 1.0
    return 1 - min((seen.as_of_us - int(seen.created_us.min())) / YEAR_US, 1.0)
