"""Fits the linear start: logistic regression for conversion, ridge for logarithms of amounts and days."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from features.catalogue import Feature
from history.base.arrays import Floats, Ints, Mask
from models.linear import MAX_SIGMA, LinearModel, signed_log
from training.fit.logistic import Coefficients, fit_coefficients

MAX_NEWTON_REGRESSORS = 1500  # up to so many a Newton step is cheaper than many gradient steps
MIN_MISSING_SHARE = 0.01  # of missing, and of present, values from which missing gets an effect of its own
MAX_ITERATIONS, TOLERANCE = 200, 1e-5


# ---- feature columns as regressors


@dataclass(frozen=True)
class Design:
    """How k feature columns become regressors: one a number, one more if it is often missing, one a category code.

    frame: a linear model with the columns' scales and widths, its effects still 0. flagged (k,): numbers whose missing
    values get a regressor of their own.
    """

    frame: LinearModel
    flagged: Mask

    @property
    def numbers(self) -> Ints:
        """Columns that are numbers."""
        return np.flatnonzero(~self.frame.is_category)

    def expand(self, values: Floats) -> Floats:
        """Regressors (n, m) of feature values (n, k): numbers, then missing flags, then category codes."""
        frame, numbers = self.frame, self.numbers
        x = values[:, numbers]
        standardised = (signed_log(x) - frame.mean[numbers]) / frame.scale[numbers]
        z = np.clip(standardised, frame.low[numbers], frame.high[numbers])
        missing = np.isnan(x)
        z[missing] = 0.0
        flags = missing[:, self.flagged[numbers]].astype(np.float64)
        categories = np.flatnonzero(frame.is_category & (frame.width > 0))
        codes = [one_hot(values[:, j], int(frame.width[j])) for j in categories]
        return np.hstack([z, flags, *codes])

    def fold(self, coefficients: Floats, intercept: float, values: Floats, weight: Floats) -> LinearModel:
        """The fitted coefficients (m,) as effects of feature columns.

        Each effect is centred to mean 0 over the weighted rows of values (n, k); the intercept takes up the rest.
        """
        raw = self._uncentred(coefficients, intercept)
        mean_effect = np.average(raw.contributions(values), axis=0, weights=weight)
        return replace(
            raw,
            intercept=intercept + float(mean_effect.sum()),
            shift=np.where(raw.is_category, 0.0, -mean_effect),
            missing=raw.missing - mean_effect,
            levels=_centred_levels(raw, mean_effect),
        )

    def _uncentred(self, coefficients: Floats, intercept: float) -> LinearModel:
        """The coefficients, in the order of `expand`, in the places of a linear model."""
        frame, numbers = self.frame, self.numbers
        flagged = numbers[self.flagged[numbers]]
        slopes, flags, codes = np.split(coefficients, [len(numbers), len(numbers) + len(flagged)])
        slope, missing = np.zeros(len(frame.mean)), np.zeros(len(frame.mean))
        slope[numbers] = slopes
        missing[flagged] = flags
        return replace(frame, intercept=intercept, slope=slope, missing=missing, levels=np.array(codes))


def _centred_levels(model: LinearModel, mean_effect: Floats) -> Floats:
    """Effects of all category codes, minus the mean effect (k,) of their column."""
    levels = model.levels.copy()
    for j, (start, width) in enumerate(zip(model.start, model.width, strict=True)):
        levels[start : start + width] -= mean_effect[j]
    return levels


def one_hot(codes: Floats, width: int) -> Floats:
    """Flags (n, width) of codes (n,); a missing code is 0, one out of range is 1 (unseen)."""
    code = np.where(np.isnan(codes), 0, codes).astype(np.int64)
    code = np.where((code < 0) | (code >= width), min(1, width - 1), code)
    return np.asarray(code[:, None] == np.arange(width)[None, :], dtype=np.float64)


# ---- scales


def design_of(values: Floats, features: Sequence[Feature], weight: Floats) -> Design:
    """Weighted scales, ranges and category widths of training rows (n, k)."""
    k = len(features)
    is_category = np.array([feature.kind == "category" for feature in features], dtype=bool)
    logs = signed_log(values)
    present = ~np.isnan(logs)
    scales = _scales(logs, present, weight)
    width = np.array([_width(values[:, j]) if is_category[j] else 0 for j in range(k)], dtype=np.int64)
    zero = np.zeros(k)
    frame = LinearModel(
        intercept=0.0,
        is_category=is_category,
        mean=scales.mean,
        scale=scales.scale,
        low=scales.low,
        high=scales.high,
        slope=zero,
        shift=zero,
        missing=zero,
        start=_starts(width),
        width=width,
        levels=np.zeros(int(width.sum())),
    )
    share = present.mean(axis=0) if len(values) else zero
    often_missing = (share >= MIN_MISSING_SHARE) & (share <= 1 - MIN_MISSING_SHARE)
    return Design(frame, often_missing & ~is_category)


@dataclass(frozen=True)
class _Scales:
    """Weighted mean and standard deviation of k columns, and their standardised ranges in training, (k,) each."""

    mean: Floats
    scale: Floats
    low: Floats
    high: Floats


def _scales(logs: Floats, present: Mask, weight: Floats) -> _Scales:
    w = np.where(present, weight[:, None], 0.0)
    total = np.maximum(w.sum(axis=0), 1e-12)
    filled = np.where(present, logs, 0.0)
    mean = (w * filled).sum(axis=0) / total
    scale = np.sqrt((w * (filled - mean) ** 2).sum(axis=0) / total)
    scale = np.where(scale > 1e-9, scale, 1.0)

    # Ages and counts grow past all that a young funnel has shown. A tree is constant beyond its training range, and so
    # must the line be (docs/decisions/0022).
    smallest = np.where(present, logs, np.inf).min(axis=0, initial=np.inf)
    largest = np.where(present, logs, -np.inf).max(axis=0, initial=-np.inf)
    any_present = present.any(axis=0)
    low = np.where(any_present, (np.where(any_present, smallest, 0.0) - mean) / scale, 0.0)
    high = np.where(any_present, (np.where(any_present, largest, 0.0) - mean) / scale, 0.0)
    return _Scales(mean, scale, np.maximum(low, -MAX_SIGMA), np.minimum(high, MAX_SIGMA))


def _width(codes: Floats) -> int:
    """Number of codes of a category, 0 to the largest; 0 if all are missing."""
    known = codes[~np.isnan(codes)]
    return int(known.max()) + 1 if len(known) else 0


def _starts(width: Ints) -> Ints:
    """Positions (k,) at which each column's levels begin."""
    if not len(width):
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(([0], np.cumsum(width)[:-1])).astype(np.int64)


# ---- fits


def fit_logistic(
    values: Floats, features: Sequence[Feature], won: Floats, weight: Floats, c: float
) -> LinearModel:
    """L2-regularised logistic regression of won (n,), 1 or 0, on feature values (n, k); c: inverse of the penalty."""
    design = design_of(values, features, weight)
    regressors = design.expand(values)
    is_narrow = regressors.shape[1] <= MAX_NEWTON_REGRESSORS
    fit = fit_coefficients if is_narrow else _fit_wide
    slopes, intercept = fit(regressors, won, weight, c)
    return design.fold(slopes, intercept, values, weight)


def _fit_wide(regressors: Floats, won: Floats, weight: Floats, c: float) -> Coefficients:
    model = LogisticRegression(C=c, max_iter=MAX_ITERATIONS, tol=TOLERANCE, solver="lbfgs")
    with warnings.catch_warnings():
        # A start that has not converged to the last digit is as good: the trees take up the rest.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(regressors, won, sample_weight=weight)
    return Coefficients(model.coef_[0], float(model.intercept_[0]))


def fit_ridge(
    values: Floats, features: Sequence[Feature], target: Floats, weight: Floats, alpha: float
) -> LinearModel:
    """Ridge regression of target (n,) on feature values (n, k); alpha: the penalty."""
    design = design_of(values, features, weight)
    model = Ridge(alpha=alpha).fit(design.expand(values), target, sample_weight=weight)
    return design.fold(model.coef_, float(model.intercept_), values, weight)
