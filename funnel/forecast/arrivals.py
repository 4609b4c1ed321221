"""How many leads are created on each of the coming days: a level that drifts, a damped trend, one yearly wave and
a weekday pattern, each as far as history shows it.
"""

from dataclasses import dataclass

import numpy as np

from history.arrays import Floats, Ints
from history.history import DAY_US

MOST_WEEKS = 156  # older weeks say nothing of the next ones
BLOCK_WEEKS = 2  # the level takes a step between spans of this length
SUM_WEEKS = 4.0  # weeks whose unevenness evens out in a sum
DRIFTS = (1e-5, 1e-4, 4e-4, 1.6e-3, 6.4e-3)  # variance of the log level's step a week
USUAL_DRIFT, DRIFT_SURE = 4e-4, 1.5  # median and log deviation of what drifts are thought likely
SPREADS = 2.0 ** np.arange(11)  # variance of a week's creations over their mean
TREND_SD = 0.004  # of the log level a week: 20 % a year
SEASON_SD = 0.12  # of the cosine and of the sine
DAMPING = 0.985  # of the trend, a week
STEPS = 30  # of Newton's method, at most
PROFILE_WEEKS = 12
PROFILE_PRIOR = 14.0  # leads that say that all weekdays are alike


@dataclass(frozen=True)
class Arrivals:
    """Leads expected on each day after T, (days,), and how far their common level may be off: its log's
    deviation, (days,).
    """

    daily: Floats
    deviation: Floats

    @property
    def cumulative(self) -> Floats:
        """Leads created within 0..days days of T, (days + 1,)."""
        return np.concatenate(([0.0], np.cumsum(self.daily)))


@dataclass(frozen=True)
class _Line:
    """The posterior of (level now, steps back to earlier blocks, trend, cosine, sine): mean (p,), covariance (p, p),
    log evidence; the drift and the spread it was fitted under.
    """

    mean: Floats
    covariance: Floats
    evidence: float
    drift: float
    spread: float


def arrivals(created_us: Ints, as_of_us: int, days: int) -> Arrivals:
    """Expected creations on `days` days after T from the creations (n,) known at T.

    Whole weeks back from T are quasi-Poisson counts around a log level that walks at random, with a trend and one
    yearly wave whose normal priors keep them at zero until data says otherwise (a structural model, Harvey
    1989, by Laplace's approximation). Drift and spread are those of the highest evidence. The deviation holds what the
    weeks leave open, so a season that history is too short to show widens it, and the drift still to come.
    """
    weeks = _weekly(created_us, as_of_us)[:MOST_WEEKS]
    ahead = np.arange(0.5, days, dtype=np.float64) / 7
    if len(weeks) < 2 or weeks.sum() == 0:
        total = len(created_us) / max(_span_days(created_us, as_of_us), 7.0)
        return Arrivals(np.full(days, total), np.full(days, 1.0))
    line = _likeliest(weeks)
    coming = np.zeros((days, len(line.mean)))
    coming[:, 0] = 1.0
    coming[:, -3] = DAMPING * (1 - DAMPING**ahead) / (1 - DAMPING)
    coming[:, -2:] = _wave(ahead)
    unknown = np.minimum(np.sum((coming @ line.covariance) * coming, axis=1) + line.drift * ahead, 1.0)
    weekly = np.exp(np.clip(coming @ line.mean + unknown / 2, -20, 20))  # a lognormal's mean, not its median
    uneven = (line.spread - 1) / (SUM_WEEKS * np.maximum(weekly, 0.5))
    daily = weekly / 7 * _profile(created_us, as_of_us, days)
    return Arrivals(daily, np.minimum(np.sqrt(unknown + uneven), 1.0))


def _span_days(created_us: Ints, as_of_us: int) -> float:
    return (as_of_us - int(created_us.min())) / DAY_US if len(created_us) else 7.0


def _weekly(created_us: Ints, as_of_us: int) -> Floats:
    """Creations of whole weeks back from T, the latest first; the first, which may be cut off, is left out."""
    if not len(created_us):
        return np.zeros(0)
    week = np.maximum(as_of_us - created_us, 0) // (7 * DAY_US)
    return np.bincount(week, minlength=int(week.max()) + 1)[: int(week.max())].astype(np.float64)


def _wave(week: Floats) -> Floats:
    angle = 2 * np.pi * week * 7 / 365.25
    return np.column_stack((np.cos(angle), np.sin(angle)))


def _likeliest(weeks: Floats) -> _Line:
    """The line of the drift and spread with the highest evidence."""
    back = -np.arange(0.5, len(weeks), dtype=np.float64)
    block = np.arange(len(weeks)) // BLOCK_WEEKS
    steps = (np.arange(block[-1] + 1) <= block[:, None]).astype(np.float64)
    design = np.column_stack((steps, back, _wave(back)))
    lines = [_fit(weeks, design, drift, float(spread)) for drift in DRIFTS for spread in SPREADS]
    return max(lines, key=lambda line: line.evidence)


def _fit(weeks: Floats, design: Floats, drift: float, spread: float) -> _Line:
    """The posterior under one drift and spread, by Newton's method on the penalised quasi-likelihood."""
    precision = np.full(design.shape[1], 1 / (BLOCK_WEEKS * drift))
    precision[0] = 0.01  # of the level, around that of all weeks
    precision[-3:] = 1 / TREND_SD**2, 1 / SEASON_SD**2, 1 / SEASON_SD**2
    prior = np.zeros(design.shape[1])
    prior[0] = np.log(weeks.mean() + 0.1)
    theta = prior.copy()
    for _ in range(STEPS):
        expected = np.exp(np.clip(design @ theta, -20, 20))
        gradient = design.T @ (weeks - expected) / spread - precision * (theta - prior)
        curvature = (design * (expected / spread)[:, None]).T @ design + np.diag(precision)
        step = np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
        theta = theta + step
        if np.abs(step).max() < 1e-6:
            break
    expected = np.exp(np.clip(design @ theta, -20, 20))
    variance = spread * np.maximum(expected, 0.3)
    fit = -0.5 * float(np.sum((weeks - expected) ** 2 / variance + np.log(variance)))
    believed = 0.5 * float(np.sum(np.log(precision) - precision * (theta - prior) ** 2))
    likely = 0.5 * float(np.log(drift / USUAL_DRIFT) / DRIFT_SURE) ** 2
    evidence = fit + believed - likely - 0.5 * float(np.linalg.slogdet(curvature)[1])
    return _Line(theta, np.asarray(np.linalg.inv(curvature), dtype=np.float64), evidence, drift, spread)


def _profile(created_us: Ints, as_of_us: int, days: int) -> Floats:
    """Each day's share of its week, times 7, from the last weeks; a day is a span of 24 hours from T."""
    back = (as_of_us - created_us) // DAY_US
    recent = back[(back >= 0) & (back < 7 * PROFILE_WEEKS)]
    of_week = (6 - recent) % 7  # the day ahead with the same weekday: 0 is the first day after T
    count = np.bincount(of_week, minlength=7) + PROFILE_PRIOR / 7
    return np.resize(7 * count / count.sum(), days)
