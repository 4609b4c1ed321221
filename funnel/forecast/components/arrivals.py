"""Leads created on each of the coming days: a drifting level, a damped trend, a yearly wave and a weekday pattern.

Each part shows only as far as history supports it.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from history.odd_creations import odd_creations
from history.text.times import DAY_US

MAX_WEEKS = 156  # older weeks do not inform about the next ones
BLOCK_WEEKS = 2  # the level takes one step a block of this length
SUM_WEEKS = 4.0  # weeks over which the unevenness of single weeks averages out
DRIFTS = (1e-5, 1e-4, 4e-4, 1.6e-3, 6.4e-3)  # candidates: variance of the log level's step a week
TYPICAL_DRIFT, DRIFT_LOG_SD = 4e-4, 1.5  # lognormal prior of the drift: median, standard deviation of the log
DISPERSIONS = 2.0 ** np.arange(11)  # candidates: variance of a week's creations over their mean
LEVEL_PRECISION = 0.01  # of the prior of the log level, around that of all weeks: hardly any
TREND_SD = 0.004  # of the log level a week: 20 % a year
SEASON_SD = 0.12  # of the cosine and of the sine
DAMPING = 0.985  # of the trend, a week
MAX_STEPS = 30  # of Newton's method
MAX_LOG_LEVEL = 20.0  # keeps exp finite while Newton's method is far off
FALLBACK_DEVIATION = MAX_DEVIATION = 1.0
PROFILE_WEEKS = 12
PROFILE_PRIOR = 14.0  # strength of the prior that all weekdays are alike, in leads
YEAR_DAYS = 365.25

# Columns of the design, from the end: before them come the level and its steps.
TREND, COSINE, SINE = -3, -2, -1


class Texture(NamedTuple):
    """How creations vary: variance of the log level's step a week, variance of a week's creations over their mean."""

    drift: float
    dispersion: float


@dataclass(frozen=True)
class Arrivals:
    """Leads expected on each day after T (days,), and the standard deviation of their common log level (days,).

    texture: of the history's weeks, None if they are too few.
    """

    daily: Floats
    deviation: Floats
    texture: Texture | None = None

    @property
    def cumulative(self) -> Floats:
        """Leads created within 0..days days of T, (days + 1,)."""
        return np.concatenate(([0.0], np.cumsum(self.daily)))


@dataclass(frozen=True)
class _Posterior:
    """Posterior of (level now, steps back to earlier blocks, trend, cosine, sine), p parameters.

    mean (p,), covariance (p, p), log evidence, and the texture it is fitted under.
    """

    mean: Floats
    covariance: Floats
    evidence: float
    texture: Texture


def arrivals(created_us: Ints, as_of_us: int, days: int, texture: Texture | None = None) -> Arrivals:
    """Expected creations on each of `days` days after T, from the creations (n,) known at T, odd ones left out.

    A structural model (Harvey 1989) by Laplace's approximation: whole weeks back from T are quasi-Poisson counts
    around a log level that walks at random, with a trend and one yearly wave. Normal priors keep both at zero until
    data contradicts. The texture maximises the evidence, if it is not given. The deviation holds the uncertainty left
    by the weeks, so a season that history is too short to show widens it, and the drift still to come.
    """
    created_us = created_us[~odd_creations(created_us)]
    weeks = _weekly_counts(created_us, as_of_us)[:MAX_WEEKS]
    if len(weeks) < 2 or weeks.sum() == 0:
        daily_mean = len(created_us) / max(_span_days(created_us, as_of_us), 7.0)
        return Arrivals(np.full(days, daily_mean), np.full(days, FALLBACK_DEVIATION))

    posterior = _best_posterior(weeks, texture)
    weeks_ahead = np.arange(0.5, days, dtype=np.float64) / 7  # at noon of each day
    design = _future_design(weeks_ahead, len(posterior.mean))
    known_part = np.sum((design @ posterior.covariance) * design, axis=1)
    drift_to_come = posterior.texture.drift * weeks_ahead
    log_variance = np.minimum(known_part + drift_to_come, MAX_DEVIATION)
    # Half the variance is added: the mean of a lognormal lies above its median.
    log_mean = np.clip(design @ posterior.mean + log_variance / 2, -MAX_LOG_LEVEL, MAX_LOG_LEVEL)
    weekly = np.exp(log_mean)
    daily = weekly / 7 * _weekday_profile(created_us, as_of_us, days)

    unevenness = (posterior.texture.dispersion - 1) / (SUM_WEEKS * np.maximum(weekly, 0.5))
    deviation = np.sqrt(log_variance + unevenness)
    return Arrivals(daily, np.minimum(deviation, MAX_DEVIATION), posterior.texture)


def _future_design(weeks_ahead: Floats, parameters: int) -> Floats:
    """Design of the coming days (days, p): the level as now, the damped trend and the yearly wave."""
    design = np.zeros((len(weeks_ahead), parameters))
    design[:, 0] = 1.0
    design[:, TREND] = DAMPING * (1 - DAMPING**weeks_ahead) / (1 - DAMPING)
    design[:, COSINE:] = _yearly_wave(weeks_ahead)
    return design


def _span_days(created_us: Ints, as_of_us: int) -> float:
    return (as_of_us - int(created_us.min())) / DAY_US if len(created_us) else 7.0


def _weekly_counts(created_us: Ints, as_of_us: int) -> Floats:
    """Creations of whole weeks back from T, the latest first; the oldest week, possibly cut off, is left out."""
    if not len(created_us):
        return np.zeros(0)
    week = np.maximum(as_of_us - created_us, 0) // (7 * DAY_US)
    oldest = int(week.max())
    return np.bincount(week, minlength=oldest + 1)[:oldest].astype(np.float64)


def _yearly_wave(week: Floats) -> Floats:
    """Cosine and sine (k, 2) of a year at weeks (k,) from T."""
    angle = 2 * np.pi * week * 7 / YEAR_DAYS
    return np.column_stack((np.cos(angle), np.sin(angle)))


def _best_posterior(weeks: Floats, texture: Texture | None) -> _Posterior:
    """The posterior under the texture, or under the one with the highest evidence."""
    back = -np.arange(0.5, len(weeks), dtype=np.float64)
    block = np.arange(len(weeks)) // BLOCK_WEEKS
    steps = (np.arange(block[-1] + 1) <= block[:, None]).astype(np.float64)
    design = np.column_stack((steps, back, _yearly_wave(back)))
    if texture is not None:
        return _fit(weeks, design, texture)
    grid = itertools.product(DRIFTS, DISPERSIONS.tolist())
    candidates = [_fit(weeks, design, Texture(*pair)) for pair in grid]
    return max(candidates, key=lambda posterior: posterior.evidence)


def _fit(weeks: Floats, design: Floats, texture: Texture) -> _Posterior:
    """The posterior under one texture: Newton's method on the penalised quasi-likelihood."""
    drift, dispersion = texture
    parameters = design.shape[1]
    prior = np.zeros(parameters)
    prior[0] = np.log(weeks.mean() + 0.1)  # finite without a lead too
    precision = np.full(parameters, 1 / (BLOCK_WEEKS * drift))
    precision[0] = LEVEL_PRECISION
    precision[TREND:] = 1 / TREND_SD**2, 1 / SEASON_SD**2, 1 / SEASON_SD**2
    theta = prior.copy()
    for _ in range(MAX_STEPS):
        expected = _expected(design, theta)
        gradient = design.T @ (weeks - expected) / dispersion - precision * (theta - prior)
        weight = (expected / dispersion)[:, None]
        curvature = (design * weight).T @ design + np.diag(precision)
        # Steps of at most one in the log: a full Newton step from a far start overshoots.
        step = np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
        theta = theta + step
        if np.abs(step).max() < 1e-6:
            break

    expected = _expected(design, theta)
    variance = dispersion * np.maximum(expected, 0.3)
    log_likelihood = -0.5 * float(np.sum((weeks - expected) ** 2 / variance + np.log(variance)))
    log_prior = 0.5 * float(np.sum(np.log(precision) - precision * (theta - prior) ** 2))
    drift_penalty = 0.5 * float(np.log(drift / TYPICAL_DRIFT) / DRIFT_LOG_SD) ** 2
    log_volume = 0.5 * float(np.linalg.slogdet(curvature)[1])
    evidence = log_likelihood + log_prior - drift_penalty - log_volume
    covariance = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
    return _Posterior(theta, covariance, evidence, texture)


def _expected(design: Floats, theta: Floats) -> Floats:
    """Expected creations of each week (m,)."""
    log_level = np.clip(design @ theta, -MAX_LOG_LEVEL, MAX_LOG_LEVEL)
    return np.asarray(np.exp(log_level))


def _weekday_profile(created_us: Ints, as_of_us: int, days: int) -> Floats:
    """Each day's share of its week, times 7, (days,), from the last weeks; a day is a span of 24 hours from T."""
    back = (as_of_us - created_us) // DAY_US
    recent = back[(back >= 0) & (back < 7 * PROFILE_WEEKS)]
    day_of_week = (6 - recent) % 7  # 0: the weekday of the first day after T
    count = np.bincount(day_of_week, minlength=7) + PROFILE_PRIOR / 7
    return np.resize(7 * count / count.sum(), days)
