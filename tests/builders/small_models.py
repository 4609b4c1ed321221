"""Small models over a handful of made columns, for the tests of this room and of the fits."""

import numpy as np

from features.feature import Feature
from history.base.arrays import Floats
from models.figures.additive import AdditiveModel
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from training.fit.additive import FitSettings, WeightedRows, fit_conversion

NUMBERS, CATEGORIES, CODES = 5, 2, 6
COLUMNS = (
    *(Feature(f"number_{j}", "count", "number", 0, "engagement", "", "") for j in range(NUMBERS)),
    *(Feature(f"kind_{j}", "category", "category", 0, "attributes", "", "") for j in range(CATEGORIES)),
)
QUICK = Parameters(rounds=25, min_leaf_rows=8)


def made_values(seed: int, n: int) -> Floats:
    """(n, k) of heavy-tailed numbers of either sign, some missing, and category codes."""
    random = np.random.default_rng(seed)
    numbers = random.standard_t(2, (n, NUMBERS)) * 10.0 ** np.arange(NUMBERS)
    numbers[random.random(numbers.shape) < 0.15] = np.nan
    return np.hstack([numbers, random.integers(0, CODES, (n, CATEGORIES)).astype(np.float64)])


def true_margin(values: Floats) -> Floats:
    """The log-odds behind made_outcomes: two numbers, a category, and one number missing."""
    first, second = np.nan_to_num(values[:, 0]), np.nan_to_num(values[:, 1] / 10)
    slope = np.tanh(first) + 0.6 * np.tanh(second) + 0.5 * np.isnan(values[:, 2])
    return np.asarray(slope + 0.4 * (values[:, NUMBERS] == 3) - 0.8, dtype=np.float64)


def made_outcomes(values: Floats, seed: int) -> Floats:
    chance = sigmoid(np.ascontiguousarray(true_margin(values)))
    return (np.random.default_rng(seed + 1000).random(len(values)) < chance).astype(np.float64)


def conversion_rows(seed: int, n: int = 600) -> WeightedRows:
    values = made_values(seed, n)
    return WeightedRows(values, COLUMNS, made_outcomes(values, seed), np.ones(n))


def made_model(seed: int, n: int = 400, parameters: Parameters = QUICK) -> AdditiveModel:
    """A conversion model fitted on n made rows."""
    return fit_conversion(conversion_rows(seed, n), FitSettings(parameters, seed))


def odd_values() -> Floats:
    """Rows at the edges: all missing, zeros, huge numbers of either sign, codes never seen."""
    k = NUMBERS + CATEGORIES
    rows = [np.full(k, np.nan), np.zeros(k), np.full(k, 1e300), np.full(k, -1e300), np.full(k, 77.0)]
    return np.array(rows)
