"""Fits when wins come within the horizon, on past wins seen from the instants at which they were still open."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.catalogue import Feature
from history.arrays import Floats, Ints
from models.calibration import log_odds
from models.close_time import EDGE, CloseTime
from models.parameters import Parameters
from training.fit.additive import fit_regression
from training.fit.amount import LEVELS, weighted_quantiles
from training.rows.splits import fold_of

MIN_WINS = 60
BINS, BIN_WINS = 6, 100  # groups by place, at most; leads won in each, at least
LEAST_GAP = 1e-6  # between the places of two groups
# The ridge's strength leaves the linear part to large sets: few winners, each seen at many instants, mislead it.
SHAPE = (Parameters(rounds=60, learning_rate=0.05, leaves=6, min_leaf_rows=30, l2=20.0), 30_000.0)
FOLDS = 4


def fit_close_time(
    values: Floats,
    features: Sequence[Feature],
    days: Floats,
    lead: npt.NDArray[np.int64],
    horizon_days: int,
    seed: int,
    folds: int = FOLDS,
) -> CloseTime:
    """The distribution of days (m,) to the win for m won rows; without any, even over the horizon.

    Residuals are those of leads held out in `folds` parts, by their place: what is expected soon is surer or less sure
    than what is expected late.
    """
    if not len(days):
        even = log_odds(np.clip(LEVELS, EDGE, 1 - EDGE))
        return CloseTime(None, 0.0, LEVELS, np.zeros(1), even[None], horizon_days)
    logit = log_odds(np.clip(days / horizon_days, EDGE, 1 - EDGE))
    weight = np.ones(len(days))
    leads = len(np.unique(lead))
    if leads < MIN_WINS:
        centre = float(logit.mean())
        one = _strict(weighted_quantiles(logit - centre, weight))
        return CloseTime(None, centre, LEVELS, np.array([centre]), one[None], horizon_days)
    fold = fold_of(lead, folds, seed)
    place = np.empty(len(days))
    for k in range(folds):
        judge, fit = fold == k, fold != k
        model = fit_regression(values[fit], features, logit[fit], weight[fit], SHAPE, seed)
        place[judge] = model.margin(values[judge])
    model = fit_regression(values, features, logit, weight, SHAPE, seed)
    places, residuals = _by_place(place, logit - place, int(np.clip(leads // BIN_WINS, 1, BINS)))
    return CloseTime(model, 0.0, LEVELS, places, residuals, horizon_days)


def _by_place(place: Floats, residual: Floats, bins: int) -> tuple[Floats, Floats]:
    """Mean place (b,) and quantiles of residuals (b, levels) of up to `bins` groups of equal size by place."""
    order = np.argsort(place, kind="stable")
    groups: list[Ints] = []
    for part in np.array_split(order, bins):
        if groups and place[part].mean() - place[groups[-1]].mean() < LEAST_GAP:
            groups[-1] = np.concatenate((groups[-1], part))
        else:
            groups.append(part)
    rows = [_strict(weighted_quantiles(residual[g], np.ones(len(g)))) for g in groups]
    return np.array([place[g].mean() for g in groups]), np.array(rows)


def _strict(quantiles: Floats) -> Floats:
    """Strictly increasing quantiles, so that the distribution can be read both ways."""
    return np.asarray(quantiles + 1e-9 * np.arange(len(quantiles)), dtype=np.float64)
