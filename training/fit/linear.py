"""Fits the additive margin: logistic for conversion, ridge for logarithms of amounts and days."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from features.catalogue import Feature
from history.arrays import Floats
from models.linear import MAX_SIGMA, LinearModel, signed_log

MOST_FOR_NEWTON = 1500  # regressors up to which a Newton step is cheaper than many gradient steps
MIN_MISSING = 0.01  # share of missing (and of present) rows from which missing has an effect of its own


@dataclass(frozen=True)
class Design:
    """How feature columns become regressors: one a number, one more where it is often missing, one a category code."""

    frame: LinearModel
    flagged: npt.NDArray[np.bool_]  # numbers whose missing rows get a regressor of their own

    def expand(self, values: Floats) -> Floats:
        """Regressors (n, m) of feature values (n, k): numbers, then missing flags, then category codes."""
        f = self.frame
        numbers = np.flatnonzero(~f.is_category)
        x = values[:, numbers]
        z = np.clip((signed_log(x) - f.mean[numbers]) / f.scale[numbers], f.low[numbers], f.high[numbers])
        absent = np.isnan(x)
        z[absent] = 0.0
        codes = np.flatnonzero(f.is_category & (f.width > 0))
        flags = absent[:, self.flagged[numbers]].astype(np.float64)
        return np.hstack([z, flags, *(one_hot(values[:, j], int(f.width[j])) for j in codes)])

    def fold(self, coefficients: Floats, intercept: float, values: Floats, weight: Floats) -> LinearModel:
        """The fitted regressors as effects of feature columns, each centred to mean 0 over the weighted rows."""
        f = self.frame
        numbers = np.flatnonzero(~f.is_category)
        slope, missing, levels = np.zeros(len(f.mean)), np.zeros(len(f.mean)), np.zeros(len(f.levels))
        slope[numbers] = coefficients[: len(numbers)]
        flagged = numbers[self.flagged[numbers]]
        missing[flagged] = coefficients[len(numbers) : len(numbers) + len(flagged)]
        levels[:] = coefficients[len(numbers) + len(flagged) :]
        raw = replace(f, intercept=intercept, slope=slope, missing=missing, levels=levels)
        mean_effect = np.average(raw.contributions(values), axis=0, weights=weight)
        centred = np.concatenate(
            [
                levels[s : s + w] - mean_effect[j]
                for j, (s, w) in enumerate(zip(f.start, f.width, strict=True))
            ]
            or [levels]
        )
        shift = np.where(f.is_category, 0.0, -mean_effect)
        return replace(
            raw,
            intercept=intercept + float(mean_effect.sum()),
            shift=shift,
            missing=missing - mean_effect,
            levels=centred,
        )


def one_hot(codes: Floats, width: int) -> Floats:
    """(n, width) flags; a missing code is 0, one out of range is 1 (unseen)."""
    code = np.where(np.isnan(codes), 0, codes).astype(np.int64)
    code = np.where((code < 0) | (code >= width), min(1, width - 1), code)
    return np.asarray(code[:, None] == np.arange(width)[None, :], dtype=np.float64)


def design_of(values: Floats, features: Sequence[Feature], weight: Floats) -> Design:
    """Scales and category widths of the training rows (n, k)."""
    k = len(features)
    is_category = np.array([f.kind == "category" for f in features], dtype=bool)
    logs = signed_log(values)
    present = ~np.isnan(logs)
    share = present.mean(axis=0) if len(values) else np.zeros(k)
    w = np.where(present, weight[:, None], 0.0)
    total = np.maximum(w.sum(axis=0), 1e-12)
    filled = np.where(present, logs, 0.0)
    mean = (w * filled).sum(axis=0) / total
    scale = np.sqrt((w * (filled - mean) ** 2).sum(axis=0) / total)
    width = np.array([_width(values[:, j]) if is_category[j] else 0 for j in range(k)], dtype=np.int64)
    start = (
        np.concatenate(([0], np.cumsum(width)[:-1])).astype(np.int64) if k else np.zeros(0, dtype=np.int64)
    )
    scale = np.where(scale > 1e-9, scale, 1.0)
    low, high = _reach(logs, present, mean, scale)
    zero = np.zeros(k)
    frame = LinearModel(
        0.0,
        is_category,
        mean,
        scale,
        low,
        high,
        zero,
        zero,
        zero,
        start,
        width,
        np.zeros(int(width.sum())),
    )
    return Design(frame, (share >= MIN_MISSING) & (share <= 1 - MIN_MISSING) & ~is_category)


def _reach(
    logs: Floats, present: npt.NDArray[np.bool_], mean: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """How far numbers went in training, in its units: a straight line says nothing of what lies beyond.

    Ages and counts grow past all that a young funnel has shown; a tree stops there, and so must the line.
    """
    least = np.where(present, logs, np.inf).min(axis=0, initial=np.inf)
    most = np.where(present, logs, -np.inf).max(axis=0, initial=-np.inf)
    some = present.any(axis=0)
    low = np.where(some, (np.where(some, least, 0.0) - mean) / scale, 0.0)
    high = np.where(some, (np.where(some, most, 0.0) - mean) / scale, 0.0)
    return np.maximum(low, -MAX_SIGMA), np.minimum(high, MAX_SIGMA)


def _width(codes: Floats) -> int:
    seen = codes[~np.isnan(codes)]
    return int(seen.max()) + 1 if len(seen) else 0


def fit_logistic(
    values: Floats, features: Sequence[Feature], won: Floats, weight: Floats, c: float
) -> LinearModel:
    """L2-regularised logistic regression of won (n,) on feature values (n, k)."""
    design = design_of(values, features, weight)
    regressors = design.expand(values)
    solver = "newton-cholesky" if regressors.shape[1] <= MOST_FOR_NEWTON else "lbfgs"
    model = LogisticRegression(C=c, max_iter=200, tol=1e-5, solver=solver)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(regressors, won, sample_weight=weight)
    return design.fold(model.coef_[0], float(model.intercept_[0]), values, weight)


def fit_ridge(
    values: Floats, features: Sequence[Feature], target: Floats, weight: Floats, alpha: float
) -> LinearModel:
    """Ridge regression of target (n,) on feature values (n, k)."""
    design = design_of(values, features, weight)
    model = Ridge(alpha=alpha).fit(design.expand(values), target, sample_weight=weight)
    return design.fold(model.coef_, float(model.intercept_), values, weight)
