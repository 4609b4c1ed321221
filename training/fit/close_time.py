"""Fits the time to a win within the horizon, on past wins seen from the instants at which they were still open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from features.catalogue import Feature
from history.base.arrays import Floats, Ints
from models.figures.calibration import log_odds
from models.figures.close_time import EDGE, CloseTime
from models.figures.parameters import Parameters
from training.fit.additive import FitSettings, WeightedRows, fit_regression
from training.fit.quantiles import LEVELS, weighted_quantiles
from training.rows.bins import BinnedRows
from training.rows.splits import fold_of

MIN_WINS = 60  # leads won; fewer get one distribution for all leads
MAX_GROUPS, GROUP_WINS = 6, 100  # groups by location, at most; leads won in each, at least
MIN_GAP = 1e-6  # between the locations of two groups
PARAMETERS = Parameters(rounds=60, learning_rate=0.05, leaves=6, min_leaf_rows=30, l2=20.0)
QUICK = replace(PARAMETERS, rounds=20, learning_rate=0.15)
# So strong a ridge leaves the linear part to large sets: few winners, each seen at many instants, mislead it. Against a
# ridge of 50 the continuous ranked probability score fell on four of five sets (docs/decisions/0029).
RIDGE_ALPHA = 30_000.0
FOLDS = 4


@dataclass(frozen=True)
class WonRows:
    """m won rows: values (m, k) of k features, days (m,) from as_of to the win, lead (m,), and their bins if known."""

    values: Floats
    features: Sequence[Feature]
    days: Floats
    lead: Ints
    binned: BinnedRows | None = None


def fit_close_time(wins: WonRows, horizon_days: int, seed: int, *, is_quick: bool = False) -> CloseTime:
    """The distribution of the days to the win; uniform over the horizon without any win.

    Residuals are those of leads held out in FOLDS parts, grouped by location: wins expected soon and wins expected late
    are not equally certain. is_quick: residuals of the rows' own fit, of few trees, for a share of wins that is no more
    than a weight.
    """
    if not len(wins.days):
        uniform = log_odds(np.clip(LEVELS, EDGE, 1 - EDGE))
        return CloseTime(None, 0.0, LEVELS, np.zeros(1), uniform[None], horizon_days)

    logit = log_odds(np.clip(wins.days / horizon_days, EDGE, 1 - EDGE))
    leads_won = len(np.unique(wins.lead))
    if leads_won < MIN_WINS:
        centre = float(logit.mean())
        residuals = _strictly_rising(weighted_quantiles(logit - centre, np.ones(len(logit))))
        return CloseTime(None, centre, LEVELS, np.array([centre]), residuals[None], horizon_days)

    rows = WeightedRows(wins.values, wins.features, logit, np.ones(len(logit)), wins.binned)
    model = fit_regression(rows, FitSettings(QUICK if is_quick else PARAMETERS, seed), RIDGE_ALPHA)
    if is_quick:
        location = model.margin(rows.values)
    else:
        location = _held_out_locations(rows, fold_of(wins.lead, FOLDS, seed), seed)
    groups = int(np.clip(leads_won // GROUP_WINS, 1, MAX_GROUPS))
    by_location = _residuals_by_location(location, logit - location, groups)
    return CloseTime(model, 0.0, LEVELS, by_location.locations, by_location.quantiles, horizon_days)


def _held_out_locations(rows: WeightedRows, fold: Ints, seed: int) -> Floats:
    """Predicted logit (m,) of each row by a fit on the other folds."""
    location = np.empty(len(fold))
    for k in range(int(fold.max()) + 1):
        held_out = fold == k
        others = rows.take(~held_out)
        model = fit_regression(others, FitSettings(PARAMETERS, seed), RIDGE_ALPHA)
        location[held_out] = model.margin(rows.values[held_out])
    return location


class _ResidualGroups(NamedTuple):
    """locations (b,), rising, and quantiles (b, levels) of the residuals around each."""

    locations: Floats
    quantiles: Floats


def _residuals_by_location(location: Floats, residual: Floats, max_groups: int) -> _ResidualGroups:
    """Mean location and residual quantiles of up to `max_groups` groups of equal size by location."""
    order = np.argsort(location, kind="stable")
    groups: list[Ints] = []
    for rows in np.array_split(order, max_groups):
        if groups and location[rows].mean() - location[groups[-1]].mean() < MIN_GAP:
            groups[-1] = np.concatenate((groups[-1], rows))
        else:
            groups.append(rows)
    locations = [location[rows].mean() for rows in groups]
    quantiles = [_strictly_rising(weighted_quantiles(residual[rows], np.ones(len(rows)))) for rows in groups]
    return _ResidualGroups(np.array(locations), np.array(quantiles))


def _strictly_rising(quantiles: Floats) -> Floats:
    """Quantiles with ties broken, so that the distribution can be inverted."""
    return np.asarray(quantiles + 1e-9 * np.arange(len(quantiles)), dtype=np.float64)
