"""Fits additive models: a regularised linear start, then small trees boosted from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from features.catalogue import Feature
from history.base.arrays import Floats, Ints, Mask
from models.figures.additive import AdditiveModel
from models.figures.parameters import Member, Parameters, histograms, lightgbm_parameters
from models.trees.ensemble import Trees, trees_from_text
from training.fit.linear.linear import LinearFit, fit_logistic, fit_ridge, fit_start
from training.fit.tree_sum import joined, kinds, weights_by_tree
from training.rows.bins import BinnedRows, lightgbm_dataset

# Of the columns of a wide catalogue many tell much the same: trees that see fewer of them differ more, and their sum
# varies less (docs/decisions/0091).
MAX_TREE_COLUMNS = 50
# As many as fit into some 400 MB of regressors (docs/decisions/0080).
MAX_LINEAR_ROWS = 200_000


@dataclass(frozen=True)
class FitSettings:
    """Parameters of a fit and the seed of its random choices.

    members: what the trees are a weighted sum of, all boosted from one linear start; without any, they are those of
    `parameters` alone. Members differ in their trees only: the rest is read from `parameters`.
    """

    parameters: Parameters
    seed: int
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class WeightedRows:
    """n rows to fit on: values (n, k) of k features, target (n,), weight (n,) above 0.

    binned: the same rows in bins that are known already; None if each fit is to find its own. lead (n,): the lead of
    each row; None if each is one of its own.
    """

    values: Floats
    features: Sequence[Feature]
    target: Floats
    weight: Floats
    binned: BinnedRows | None = None
    lead: Ints | None = None

    def take(self, index: Mask | Ints) -> "WeightedRows":
        """The rows at `index`."""
        binned = None if self.binned is None else self.binned.take(index)
        lead = None if self.lead is None else self.lead[index]
        return WeightedRows(
            self.values[index], self.features, self.target[index], self.weight[index], binned, lead
        )


def fit_conversion(rows: WeightedRows, settings: FitSettings) -> AdditiveModel:
    """The uncalibrated model of a win: rows.target is 1 or 0, with both present.

    Trees are monotone in every feature whose direction the catalogue states.
    """
    parameters = settings.parameters
    linear, effects = fit_linear(rows)
    if parameters.rounds == 0:
        return AdditiveModel(linear, 1.0, None)

    share = parameters.linear_share
    start = linear.intercept + share * effects
    return AdditiveModel(linear, share, _fit_conversion_trees(rows, start, settings))


def _fit_conversion_trees(rows: WeightedRows, start: Floats, settings: FitSettings) -> Trees:
    options = conversion_options(settings, rows.features)
    if not settings.members:
        return fit_trees(rows, start, options, settings.parameters.rounds)
    data = lightgbm_rows(rows, start, options).construct()  # the kinds share it: they differ in no bin
    texts, weights = [], []
    for kind in kinds(settings.members):
        weights.append(weights_by_tree(kind))
        own = replace(settings, parameters=kind[0].parameters)
        booster = lgb.Booster(conversion_options(own, rows.features), data)
        for _ in weights[-1]:
            booster.update()
        texts.append(booster.model_to_string())
    return trees_from_text(joined(texts, weights))


def fit_linear(rows: WeightedRows, c: float | None = None) -> LinearFit:
    """The linear start; of more than MAX_LINEAR_ROWS rows, so many at even distances are read.

    c: the inverse of its penalty; None lets the data set the penalties.
    """
    some = rows
    if len(rows.values) > MAX_LINEAR_ROWS:
        some = rows.take(np.linspace(0, len(rows.values) - 1, MAX_LINEAR_ROWS).astype(np.int64))
    if c is None:
        fit = fit_start(some.values, some.features, some.target, some.weight, some.lead)
    else:
        fit = fit_logistic(some.values, some.features, some.target, some.weight, c)
    return fit if some is rows else LinearFit(fit.model, fit.model.effects(rows.values))


def conversion_options(settings: FitSettings, features: Sequence[Feature]) -> dict[str, Any]:
    """LightGBM's parameters for trees that are monotone in every feature with a direction.

    Each tree sees the parameters' share of the features, and no more than MAX_TREE_COLUMNS of them.
    """
    parameters = settings.parameters
    options = lightgbm_parameters(parameters, settings.seed) | histograms(len(features))
    options["feature_fraction"] = min(parameters.column_share, MAX_TREE_COLUMNS / max(len(features), 1))
    directions = [feature.direction for feature in features]
    if any(directions):
        options["monotone_constraints"] = directions
    return options


def fit_regression(rows: WeightedRows, settings: FitSettings, ridge_alpha: float) -> AdditiveModel:
    """Least squares of rows.target; ridge_alpha: the L2 penalty of the linear start."""
    linear, effects = fit_ridge(rows.values, rows.features, rows.target, rows.weight, ridge_alpha)
    start = linear.intercept + effects
    options = lightgbm_parameters(settings.parameters, settings.seed, "regression")
    trees = fit_trees(rows, start, options | histograms(len(rows.features)), settings.parameters.rounds)
    return AdditiveModel(linear, 1.0, trees)


def fit_trees(rows: WeightedRows, start: Floats, lightgbm_options: dict[str, Any], rounds: int) -> Trees:
    """`rounds` trees by LightGBM, boosted from the margins `start` (n,)."""
    booster = lgb.train(lightgbm_options, lightgbm_rows(rows, start, lightgbm_options), rounds)
    return trees_from_text(booster.model_to_string())


def lightgbm_rows(rows: WeightedRows, start: Floats, lightgbm_options: dict[str, Any]) -> lgb.Dataset:
    """The rows as LightGBM's, to be boosted from the margins `start` (n,)."""
    if rows.binned is not None:
        return rows.binned.dataset(rows.target, rows.weight, start, lightgbm_options)
    data = lightgbm_dataset(rows.values, rows.features, rows.target, lightgbm_options)
    data.set_weight(rows.weight)
    data.set_init_score(start)
    return data
