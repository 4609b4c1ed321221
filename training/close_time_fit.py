"""Fits when wins come within the horizon, on past wins seen from the instants at which they were still open."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.catalogue import Feature
from models.calibration import log_odds
from models.close_time import EDGE, CloseTime
from models.parameters import Parameters
from training.additive_fit import fit_regression
from training.amount_fit import LEVELS, weighted_quantiles
from training.splits import fold_of

Floats = npt.NDArray[np.float64]

MIN_WINS = 60
SHAPE = (Parameters(rounds=60, learning_rate=0.05, leaves=6, min_leaf_rows=30, l2=20.0), 50.0)
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

    Residuals are those of leads held out in `folds` parts.
    """
    if not len(days):
        return CloseTime(None, 0.0, LEVELS, log_odds(np.clip(LEVELS, EDGE, 1 - EDGE)), horizon_days)
    place = log_odds(np.clip(days / horizon_days, EDGE, 1 - EDGE))
    weight = np.ones(len(days))
    if len(np.unique(lead)) < MIN_WINS:
        centre = float(place.mean())
        return CloseTime(
            None, centre, LEVELS, _strict(weighted_quantiles(place - centre, weight)), horizon_days
        )
    fold = fold_of(lead, folds, seed)
    residual = np.empty(len(days))
    for k in range(folds):
        judge, fit = fold == k, fold != k
        residual[judge] = place[judge] - fit_regression(
            values[fit], features, place[fit], weight[fit], SHAPE, seed
        ).margin(values[judge])
    model = fit_regression(values, features, place, weight, SHAPE, seed)
    return CloseTime(model, 0.0, LEVELS, _strict(weighted_quantiles(residual, weight)), horizon_days)


def _strict(quantiles: Floats) -> Floats:
    """Strictly increasing quantiles, so that the distribution can be read both ways."""
    return np.asarray(quantiles + 1e-9 * np.arange(len(quantiles)), dtype=np.float64)
