"""Level of weekly creations: a Gaussian process whose texture is averaged over what the weeks say of it.

The log level is a sum of independent parts (Harvey 1989): the level now, a walk at random, a part that passes within
weeks, a trend and one yearly wave. Weeks are quasi-Poisson counts around it (Rasmussen and Williams 2006, 3.4).
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from history.base.arrays import Floats

DRIFTS = (1e-6, 5e-5, 5e-4, 5e-3)  # candidates: variance of the log level's step a week
TYPICAL_DRIFT, DRIFT_LOG_SD = 3e-5, 2.0  # lognormal prior of the drift: median, standard deviation of the log
PASSING = (0.0, 0.07, 0.15, 0.3)  # candidates: standard deviation of the part that passes
PASSING_WEEKS = 2.5  # its correlation falls to 1/e: as a level that lasts for a month
SLOWNESS = (0.1, 0.4, 1.6)  # candidates: scale of the priors of trend and wave
# Candidates: variance of a week's creations over their mean.
DISPERSIONS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0)
MOST_TEXTURES, LEAST_WEIGHT = 12, 0.01  # the likeliest ones stand for all
LEVEL_SD = 3.0  # of the prior of the log level, around that of all weeks: hardly any
TREND_SD = 0.004  # of the log level a week: 20 % a year
SEASON_SD = 0.12  # of the cosine and of the sine
DAMPING = 0.985  # of the trend, a week
SUM_WEEKS = 4.0  # weeks over which the unevenness of single weeks averages out
MAX_STEPS = 30  # of Newton's method
RULED_OUT = 8.0  # log evidence below the best dispersion
CLOSE = 1e-4  # a step of the log level that ends it
MAX_LOG_LEVEL = 20.0  # keeps exp finite while Newton's method is far off
MAX_VARIANCE = 1.0  # of the log level
YEAR_DAYS = 365.25


class Texture(NamedTuple):
    """How creations vary: variance of the level's step a week, standard deviation of the part that passes, scale of
    trend and wave, variance of a week's creations over their mean.
    """

    drift: float
    passing: float
    slow: float
    dispersion: float


class WeightedTexture(NamedTuple):
    """A texture and its posterior probability."""

    texture: Texture
    weight: float


Textures = Sequence[WeightedTexture]


@dataclass(frozen=True)
class LevelAhead:
    """Expected creations a week at d instants, the standard deviation of their log (d,), and the textures behind."""

    weekly: Floats
    deviation: Floats
    textures: Textures


@dataclass(frozen=True)
class _Fit:
    """Mode of the log level (n,) of n weeks under one texture, as (I + R K R) = L L', K their covariance.

    dual: K^-1 (level - centre), (n,). root: diagonal of R (n,), the root of each week's precision. factor: L (n, n).
    evidence: log.
    """

    texture: Texture
    level: Floats
    dual: Floats
    root: Floats
    factor: Floats
    evidence: float


class _Parts(NamedTuple):
    """Covariances (s, t) of trend and wave, of a walk with unit steps, and of a passing part of unit variance."""

    slow: Floats
    walk: Floats
    passing: Floats


def level_ahead(weeks: Floats, ahead: Floats, textures: Textures | None = None) -> LevelAhead:
    """The level `ahead` (d,) weeks after T, from the creations of whole weeks back from T (n,), the latest first.

    The mean over textures, each weighted by its evidence: one that is chosen alone takes chance for drift or season.
    textures: weights to take instead. The deviation holds what the weeks leave open, the drift still to come, and
    how much the textures differ.
    """
    back = -np.arange(0.5, len(weeks))
    among, across = _parts(back, back), _parts(back, ahead)
    centre = float(np.log(weeks.mean() + 0.1))  # finite without a lead too
    if textures is None:
        fits, weight = _likeliest(_all_fits(weeks, among, centre))
    else:
        fits = [_fit(weeks, _covariance(among, texture), texture, centre) for texture, _ in textures]
        weight = np.array([weight for _, weight in textures])
    predicted = [_predicted(fit, _covariance(across, fit.texture), ahead, centre) for fit in fits]
    mean, variance = np.array(predicted).transpose(1, 0, 2)
    weekly = weight @ mean
    deviation = np.sqrt(np.log(np.maximum(weight @ (mean**2 * np.exp(variance)) / weekly**2, 1.0)))
    chosen = [WeightedTexture(fit.texture, share) for fit, share in zip(fits, weight.tolist(), strict=True)]
    return LevelAhead(weekly, np.minimum(deviation, np.sqrt(MAX_VARIANCE)), chosen)


def _likeliest(fits: Iterable[_Fit]) -> tuple[list[_Fit], Floats]:
    """At most MOST_TEXTURES fits, none of a posterior probability below LEAST_WEIGHT, and their weights."""
    best = heapq.nlargest(MOST_TEXTURES, fits, key=lambda fit: fit.evidence)
    weight = np.exp([fit.evidence - best[0].evidence for fit in best])
    weight = weight[weight >= LEAST_WEIGHT * weight.sum()]
    return best[: len(weight)], np.asarray(weight / weight.sum())


def _parts(first: Floats, second: Floats) -> _Parts:
    """The parts between instants (s,) and (t,) in weeks from T, past ones negative."""
    slow = TREND_SD**2 * np.outer(_damped(first), _damped(second))
    wave = SEASON_SD**2 * np.cos(2 * np.pi * (first[:, None] - second) * 7 / YEAR_DAYS)
    # The walk starts at T and goes both ways.
    same_side = np.sign(first)[:, None] * np.sign(second) > 0
    walk = np.where(same_side, np.minimum(np.abs(first)[:, None], np.abs(second)), 0.0)
    return _Parts(slow + wave, walk, np.exp(-np.abs(first[:, None] - second) / PASSING_WEEKS))


def _damped(at: Floats) -> Floats:
    """Weeks of full trend at instants (t,): damped after T."""
    ahead = DAMPING * (1 - DAMPING ** np.maximum(at, 0)) / (1 - DAMPING)
    return np.where(at > 0, ahead, at)


def _covariance(parts: _Parts, texture: Texture) -> Floats:
    """Of the log level around its centre, (s, t)."""
    varying = texture.slow**2 * parts.slow + texture.drift * parts.walk + texture.passing**2 * parts.passing
    return np.asarray(LEVEL_SD**2 + varying)


def _all_fits(weeks: Floats, parts: _Parts, centre: float) -> Iterator[_Fit]:
    """The fit under each candidate, but for dispersions that the weeks rule out."""
    for drift, passing, slow in itertools.product(DRIFTS, PASSING, SLOWNESS):
        covariance = _covariance(parts, Texture(drift, passing, slow, 1.0))
        best, mode = -np.inf, None
        # From the smoothest down, each from the mode before it: the evidence rises to one peak and falls.
        for dispersion in reversed(DISPERSIONS):
            fit = _fit(weeks, covariance, Texture(drift, passing, slow, dispersion), centre, mode)
            yield fit
            if fit.evidence < best - RULED_OUT:
                break
            best, mode = max(best, fit.evidence), fit.level


def _fit(
    weeks: Floats, covariance: Floats, texture: Texture, centre: float, start: Floats | None = None
) -> _Fit:
    """The fit under one texture: Newton's method on the penalised quasi-likelihood, from a level (n,) or the centre."""
    n, dispersion = len(weeks), texture.dispersion
    level = np.full(n, centre) if start is None else start
    for _ in range(MAX_STEPS):
        expected = _expected(level)
        root = np.sqrt(expected / dispersion)
        factor = _root_of(np.eye(n) + root[:, None] * covariance * root)
        target = root**2 * (level - centre) + (weeks - expected) / dispersion
        dual = target - root * cho_solve((factor, True), root * (covariance @ target), check_finite=False)
        # Steps of at most one in the log: a full Newton step from a far start overshoots.
        step = np.clip(centre + covariance @ dual - level, -1.0, 1.0)
        level = level + step
        if np.abs(step).max() < CLOSE:
            break

    expected = _expected(level)
    variance = dispersion * np.maximum(expected, 0.3)
    log_likelihood = -0.5 * float(np.sum((weeks - expected) ** 2 / variance + np.log(variance)))
    log_prior = -0.5 * float(dual @ (level - centre))
    drift_penalty = 0.5 * float(np.log(texture.drift / TYPICAL_DRIFT) / DRIFT_LOG_SD) ** 2
    log_volume = float(np.log(np.diag(factor)).sum())
    evidence = log_likelihood + log_prior - drift_penalty - log_volume
    return _Fit(texture, level, dual, root, factor, evidence)


def _root_of(matrix: Floats) -> Floats:
    """L of L L' = matrix (n, n)."""
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def _expected(level: Floats) -> Floats:
    """Expected creations of each week (n,)."""
    return np.asarray(np.exp(np.clip(level, -MAX_LOG_LEVEL, MAX_LOG_LEVEL)))


def _predicted(fit: _Fit, across: Floats, ahead: Floats, centre: float) -> tuple[Floats, Floats]:
    """Expected creations a week `ahead` (d,), and the variance of their log (d,); across (n, d): their covariance.

    Half the variance is added to the log: the mean of a lognormal lies above its median.
    """
    drift, passing, slow, dispersion = fit.texture
    slow_part = slow**2 * (TREND_SD**2 * _damped(ahead) ** 2 + SEASON_SD**2)
    prior = LEVEL_SD**2 + slow_part + drift * ahead + passing**2
    known = solve_triangular(fit.factor, fit.root[:, None] * across, lower=True, check_finite=False)
    variance = np.clip(prior - np.sum(known**2, axis=0), 0.0, MAX_VARIANCE)
    weekly = _expected(centre + across.T @ fit.dual + variance / 2)
    unevenness = (dispersion - 1) / (SUM_WEEKS * np.maximum(weekly, 0.5))
    return weekly, np.minimum(variance + unevenness, MAX_VARIANCE)
