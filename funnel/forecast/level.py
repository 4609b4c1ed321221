"""What the replay teaches: how far to trust the sum over leads against the recent level, its bias, and
how far off it is.
"""

from dataclasses import dataclass

import numpy as np

from history.arrays import Floats, Ints, Mask
from history.history import DAY_US
from models.forecast_basis import ForecastBasis

MEMORY_HORIZONS = 1.0  # replays closer than this tell nearly the same
PRIOR_REPLAYS = 10.0  # independent replays that would agree with what is assumed without any
PRIOR_TRUST = 0.95  # share of the sum over leads in the level, the rest is the recent level
PRIOR_SPREAD = 0.08  # of the common shock, relative, as sure as SPREAD_REPLAYS replays
SEASON_SPREAD = 0.2  # what a funnel that has not seen a whole year adds to it, at most
SPREAD_REPLAYS = 2.0
LEAST_SPREAD = 0.03
MOST_BIAS = 0.7  # log of the largest correction
FEWEST_CELLS = 6  # judged spans from which an interval counts as measured
FEWEST_WINS = 10.0


@dataclass(frozen=True)
class Level:
    """By period (k,): the factor on what is still to come, the relative deviation that all leads of the period
    share, and how far that one was seen at replayed periods as distant, 0 to 1.
    """

    factor: Floats
    deviation: Floats
    seen: Floats

    @property
    def measured(self) -> bool:
        """Whether any replayed period says something of the deviation."""
        return bool(self.seen.any())


@dataclass(frozen=True)
class Ahead:
    """Spans of days after T, (k,) each: start, end, and what the sum over leads expects in them; the recent mean a day;
    the variance one win adds over its squared mean; how many wins are known, from which all else was learned; the
    share of a year that history has not shown.
    """

    start: Floats
    end: Floats
    expected: Floats
    recent: float
    noise: float = 1.0
    known: float = np.inf
    unseen: float = 0.0

    @property
    def length(self) -> Floats:
        return self.end - self.start


def no_level(ahead: Ahead) -> Level:
    """Without a replay: no correction, the assumed spread."""
    k = len(ahead.end)
    return Level(np.ones(k), _assumed(ahead), np.zeros(k))


def _assumed(ahead: Ahead) -> Floats:
    """PRIOR_SPREAD, the season not seen and the chance in the number of wins that taught the rates, growing with the
    span's distance.
    """
    variance = PRIOR_SPREAD**2 + ahead.unseen * SEASON_SPREAD**2 + ahead.noise / max(ahead.known, 1.0)
    return np.asarray(np.sqrt(variance * (1 + ahead.start / 90)))


def learned(
    basis: ForecastBasis | None, ahead: Ahead, horizon_days: int, as_of_us: int, *, revenue: bool
) -> Level:
    """The level for the spans of `ahead` from the replayed origins whose spans were over by as_of_us.

    Expected = factor * sum over leads, where factor = bias * (trust + (1 - trust) * recent level / sum over
    leads). Trust is the weighted least-squares share, bias the ratio of what came to what was expected, both
    shrunk by PRIOR_REPLAYS. The deviation is the root of the mean squared relative error of the replayed cells, less
    what counting alone explains (method of moments).
    """
    if basis is None or not len(basis):
        return no_level(ahead)
    cells = _cells(basis, ahead, as_of_us, revenue=revenue)
    if cells is None:
        return no_level(ahead)
    came, summed, recent, wins, which = cells
    span = float(basis.as_of_us.max() - basis.as_of_us.min()) / DAY_US
    n = span / (MEMORY_HORIZONS * horizon_days) + 1
    share, sure = n / (n + PRIOR_REPLAYS), n / (n + SPREAD_REPLAYS)
    trust = _trust(came, summed, recent, share)
    mixed = trust * summed + (1 - trust) * recent
    bias = (
        np.exp(share * np.clip(np.log(came.sum() / mixed.sum()), -MOST_BIAS, MOST_BIAS))
        if came.sum() > 0
        else 1.0
    )
    error = (came - bias * mixed) / np.maximum(bias * mixed, 1e-9)
    shared = error**2 - ahead.noise / np.maximum(wins, 1.0)
    deviation = _deviation(shared, which, ahead, sure)
    now = np.maximum(ahead.expected, 1e-9)
    mix = np.clip(trust + (1 - trust) * ahead.recent * ahead.length / now, 0.4, 2.5)
    count = np.bincount(which, minlength=len(deviation))
    return Level(bias * mix, deviation, count / (count + FEWEST_CELLS))


def _deviation(shared: Floats, which: Ints, ahead: Ahead, sure: float) -> Floats:
    """By period (k,): the mean variance of its own cells, pooled with that of all, with what is assumed."""
    out = np.empty(len(ahead.end))
    assumed = _assumed(ahead)
    base = max(float(shared.mean()), 0.0)
    for k in range(len(out)):
        own = shared[which == k]
        variance = base * (1 + ahead.start[k] / 90)
        if len(own):
            total = float(own.sum()) + FEWEST_CELLS * base
            variance = total / (len(own) + FEWEST_CELLS)
        out[k] = np.sqrt(max(sure * variance + (1 - sure) * assumed[k] ** 2, LEAST_SPREAD**2))
    return out


def _cells(
    basis: ForecastBasis, ahead: Ahead, as_of_us: int, *, revenue: bool
) -> tuple[Floats, Floats, Floats, Floats, Ints] | None:
    """Replayed spans as flat arrays: what came, the sum over leads, the recent level, wins expected, the
    period each is like.
    """
    open_, new = (basis.open_revenue, basis.new_revenue) if revenue else (basis.open_wins, basis.new_wins)
    actual = basis.revenue if revenue else basis.wins
    rate = basis.recent_revenue if revenue else basis.recent_wins
    found: list[tuple[Floats, Floats, Floats, Floats, Floats]] = []
    for k in range(len(ahead.end)):
        if ahead.end[k] > basis.days[-1]:
            break
        over: Mask = basis.as_of_us + (ahead.end[k] + 7) * DAY_US <= as_of_us
        ends = [
            _within(m, basis.days, ahead.start[k], ahead.end[k])
            for m in (actual, open_ + new, basis.open_wins + basis.new_wins)
        ]
        good = over & np.isfinite(ends[0]) & np.isfinite(ends[1]) & (ends[1] > 0)
        found.append(
            (
                ends[0][good],
                ends[1][good],
                (rate * ahead.length[k])[good],
                ends[2][good],
                np.full(int(good.sum()), float(k)),
            )
        )
    if not found:
        return None
    came, summed, recent, wins, which = (np.concatenate(c) for c in zip(*found, strict=True))
    if len(came) < FEWEST_CELLS or wins.sum() < FEWEST_WINS:
        return None
    return came, summed, recent, wins, which.astype(np.int64)


def _within(cumulated: Floats, days: Floats, start: float, end: float) -> Floats:
    """Each row's gain from `start` to `end` days, (m,); NaN where its end was not seen."""
    grid = np.concatenate(([0.0], days))
    rows = np.column_stack((np.zeros(len(cumulated)), cumulated))
    return np.array([np.interp(end, grid, row) - np.interp(start, grid, row) for row in rows])


def _trust(came: Floats, summed: Floats, recent: Floats, share: float) -> float:
    gap = summed - recent
    weight = 1 / np.maximum(summed, 1e-9)
    below = float(np.sum(weight * gap**2))
    best = float(np.sum(weight * (came - recent) * gap)) / below if below > 0 else PRIOR_TRUST
    return float(share * np.clip(best, 0.0, 1.0) + (1 - share) * PRIOR_TRUST)
