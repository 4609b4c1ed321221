"""Fits additive models: a regularised linear start, then few small trees on what it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb

from features.catalogue import Feature
from history.arrays import Floats
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


def fit_conversion(
    values: Floats,
    features: Sequence[Feature],
    won: Floats,
    weight: Floats,
    parameters: Parameters,
    seed: int,
) -> AdditiveModel:
    """The uncalibrated model of won (n,), of both classes, from feature values (n, k); monotone where the catalogue is
    sure.
    """
    linear = fit_logistic(values, features, won, weight, parameters.linear_c)
    if parameters.rounds == 0:
        return AdditiveModel(linear, 1.0, None)
    share = parameters.linear_share
    start = linear.intercept + share * row_sums(linear.contributions(values))
    shape = lightgbm_parameters(parameters, seed)
    directions = [f.direction for f in features]
    if any(directions):
        shape["monotone_constraints"] = directions
    trees = fit_trees(values, features, won, weight, start, shape, parameters.rounds)
    return AdditiveModel(linear, share, trees)


def fit_regression(
    values: Floats,
    features: Sequence[Feature],
    target: Floats,
    weight: Floats,
    shape: tuple[Parameters, float],
    seed: int,
) -> AdditiveModel:
    """Least squares of target (n,); shape: the trees' parameters and the ridge's strength."""
    parameters, alpha = shape
    linear = fit_ridge(values, features, target, weight, alpha)
    start = linear.intercept + row_sums(linear.contributions(values))
    trees = fit_trees(
        values,
        features,
        target,
        weight,
        start,
        lightgbm_parameters(parameters, seed, "regression"),
        parameters.rounds,
    )
    return AdditiveModel(linear, 1.0, trees)


def fit_trees(
    values: Floats,
    features: Sequence[Feature],
    target: Floats,
    weight: Floats,
    start: Floats,
    parameters: dict[str, object],
    rounds: int,
) -> Trees:
    """LightGBM boosted from `start` (n,)."""
    data = lgb.Dataset(
        values,
        target,
        weight=weight,
        init_score=start,
        feature_name=[f.name for f in features],
        categorical_feature=[j for j, f in enumerate(features) if f.kind == "category"],
    )
    return trees_from_text(lgb.train(parameters, data, rounds).model_to_string())
