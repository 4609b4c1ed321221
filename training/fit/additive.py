"""Fits additive models: a regularised linear start, then small trees boosted from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb

from features.catalogue import Feature
from history.base.arrays import Floats
from models.additive import AdditiveModel
from models.linear import row_sums
from models.parameters import Parameters, lightgbm_parameters
from models.trees.ensemble import Trees, trees_from_text
from training.fit.linear import fit_logistic, fit_ridge


@dataclass(frozen=True)
class FitSettings:
    """Parameters of a fit and the seed of its random choices."""

    parameters: Parameters
    seed: int


@dataclass(frozen=True)
class WeightedRows:
    """n rows to fit on: values (n, k) of k features, target (n,), weight (n,) above 0."""

    values: Floats
    features: Sequence[Feature]
    target: Floats
    weight: Floats


def fit_conversion(rows: WeightedRows, settings: FitSettings) -> AdditiveModel:
    """The uncalibrated model of a win: rows.target is 1 or 0, with both present.

    Trees are monotone in every feature whose direction the catalogue states.
    """
    parameters = settings.parameters
    linear = fit_logistic(rows.values, rows.features, rows.target, rows.weight, parameters.linear_c)
    if parameters.rounds == 0:
        return AdditiveModel(linear, 1.0, None)

    share = parameters.linear_share
    start = linear.intercept + share * row_sums(linear.contributions(rows.values))
    lightgbm_options = lightgbm_parameters(parameters, settings.seed)
    directions = [feature.direction for feature in rows.features]
    if any(directions):
        lightgbm_options["monotone_constraints"] = directions
    trees = fit_trees(rows, start, lightgbm_options, parameters.rounds)
    return AdditiveModel(linear, share, trees)


def fit_regression(rows: WeightedRows, settings: FitSettings, ridge_alpha: float) -> AdditiveModel:
    """Least squares of rows.target; ridge_alpha: the L2 penalty of the linear start."""
    linear = fit_ridge(rows.values, rows.features, rows.target, rows.weight, ridge_alpha)
    start = linear.intercept + row_sums(linear.contributions(rows.values))
    lightgbm_options = lightgbm_parameters(settings.parameters, settings.seed, "regression")
    trees = fit_trees(rows, start, lightgbm_options, settings.parameters.rounds)
    return AdditiveModel(linear, 1.0, trees)


def fit_trees(rows: WeightedRows, start: Floats, lightgbm_options: dict[str, Any], rounds: int) -> Trees:
    """`rounds` trees by LightGBM, boosted from the margins `start` (n,)."""
    data = lgb.Dataset(
        rows.values,
        rows.target,
        weight=rows.weight,
        init_score=start,
        feature_name=[feature.name for feature in rows.features],
        categorical_feature=[j for j, feature in enumerate(rows.features) if feature.kind == "category"],
    )
    booster = lgb.train(lightgbm_options, data, rounds)
    return trees_from_text(booster.model_to_string())
