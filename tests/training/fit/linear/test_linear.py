"""The linear start: the effects behind generated outcomes, folded into columns without a change of the margin."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from history.base.arrays import Floats, Ints
from tests.builders.small_models import (
    CATEGORIES,
    CODES,
    COLUMNS,
    NUMBERS,
    made_outcomes,
    made_values,
    true_margin,
)
from training.fit.linear.design import regressors_of
from training.fit.linear.linear import MAX_NEWTON_REGRESSORS, ROWS_A_LEAD, fit_logistic, fit_ridge, fit_start
from training.fit.linear.prior import USUAL_VARIANCE

SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_folding_into_columns_changes_no_margin(seed: int) -> None:
    """scikit-learn's own fit on the regressors, row by row."""
    values = made_values(seed, 500)
    won, weight = made_outcomes(values, seed), np.random.default_rng(seed).uniform(0.2, 2, 500)
    design = regressors_of(values, COLUMNS, weight).design
    regressors = design.expand(values)
    plain = LogisticRegression(C=0.05, solver="newton-cholesky", tol=1e-9).fit(
        regressors, won, sample_weight=weight
    )
    model = fit_logistic(values, COLUMNS, won, weight, 0.05).model
    fresh = made_values(seed + 100, 200)
    np.testing.assert_allclose(
        model.margin(fresh), plain.decision_function(design.expand(fresh)), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ridge_folds_the_same_way(seed: int) -> None:
    values = made_values(seed, 400)
    target, weight = true_margin(values), np.ones(400)
    design = regressors_of(values, COLUMNS, weight).design
    plain = Ridge(alpha=3.0).fit(design.expand(values), target, sample_weight=weight)
    fresh = made_values(seed + 100, 200)
    margin = fit_ridge(values, COLUMNS, target, weight, 3.0).model.margin(fresh)
    np.testing.assert_allclose(margin, plain.predict(design.expand(fresh)), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_effects_are_centred_over_the_weighted_rows(seed: int) -> None:
    values = made_values(seed, 500)
    weight = np.random.default_rng(seed).uniform(0.2, 2, 500)
    model = fit_logistic(values, COLUMNS, made_outcomes(values, seed), weight, 0.05).model
    mean = np.average(model.contributions(values), axis=0, weights=weight)
    np.testing.assert_allclose(mean, 0.0, atol=1e-12)
    assert model.intercept == pytest.approx(np.average(model.margin(values), weights=weight))


@pytest.mark.parametrize("seed", SEEDS)
def test_fresh_rows_are_ranked_nearly_as_the_truth(seed: int) -> None:
    values, fresh = made_values(seed, 3000), made_values(seed + 50, 3000)
    model = fit_logistic(values, COLUMNS, made_outcomes(values, seed), np.ones(3000), 1.0).model
    won = made_outcomes(fresh, seed + 50)
    assert roc_auc_score(won, model.margin(fresh)) > roc_auc_score(won, true_margin(fresh)) - 0.06


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    values = made_values(4, 200)
    won = made_outcomes(values, 4)
    doubled = fit_logistic(values, COLUMNS, won, np.full(200, 2.0), 0.05).model
    twice = fit_logistic(np.vstack([values, values]), COLUMNS, np.tile(won, 2), np.ones(400), 0.05).model
    np.testing.assert_allclose(doubled.margin(values), twice.margin(values), atol=1e-4)


def test_strong_regularisation_leaves_the_base_rate() -> None:
    values = made_values(5, 300)
    won = made_outcomes(values, 5)
    margin = fit_logistic(values, COLUMNS, won, np.ones(300), 1e-9).model.margin(values)
    np.testing.assert_allclose(expit(margin), won.mean(), atol=1e-3)


def test_missing_has_an_effect_unless_rare_or_universal() -> None:
    values = made_values(6, 1000)
    values[:, 0] = np.where(np.arange(1000) == 3, np.nan, 1.0)
    values[:, 1] = np.nan
    design = regressors_of(values, COLUMNS, np.ones(1000)).design
    assert design.flagged[:3].tolist() == [False, False, True]
    assert not design.flagged[NUMBERS:].any()
    model = fit_logistic(values, COLUMNS, made_outcomes(values, 6), np.ones(1000), 0.1).model
    assert np.isfinite(model.margin(values)).all()
    assert model.slope[1] == 0.0


def test_an_effect_of_missing_values_is_learned() -> None:
    """A missing third number adds half a log-odd, by true_margin."""
    values = made_values(7, 8000)
    model = fit_logistic(values, COLUMNS, made_outcomes(values, 7), np.ones(8000), 1.0).model
    present = model.shift[2]
    assert model.missing[2] - present == pytest.approx(0.5, abs=0.25)


@pytest.mark.parametrize("rows", [40, 400])
def test_effects_of_the_training_rows_are_their_margins_without_the_intercept(rows: int) -> None:
    values = made_values(3, rows)
    won = made_outcomes(values, 3)
    for fit in (
        fit_logistic(values, COLUMNS, won, np.ones(rows), 0.05),
        fit_ridge(values, COLUMNS, won, np.ones(rows), 3.0),
    ):
        margin = fit.model.margin(values)
        np.testing.assert_allclose(fit.effects + fit.model.intercept, margin, rtol=0, atol=1e-9)


def test_any_mix_of_column_kinds_fits() -> None:
    values, won = made_values(8, 200), made_outcomes(made_values(8, 200), 8)
    for part in (slice(0, NUMBERS), slice(NUMBERS, NUMBERS + CATEGORIES)):
        some = np.ascontiguousarray(values[:, part])
        model = fit_logistic(some, COLUMNS[part], won, np.ones(200), 0.1).model
        assert np.isfinite(model.margin(some)).all()
    frame = regressors_of(values, COLUMNS, np.ones(200)).design.frame
    assert frame.width.tolist() == [0] * NUMBERS + [CODES] * CATEGORIES


def test_more_regressors_than_rows_still_fit() -> None:
    values = np.random.default_rng(9).normal(size=(40, 600))
    columns = tuple(COLUMNS[0] for _ in range(600))
    won = (values[:, 0] > 0).astype(np.float64)
    model = fit_logistic(values, columns, won, np.ones(40), 0.004).model
    assert np.isfinite(model.margin(values)).all()


def test_rows_of_a_lead_are_worth_two_at_most() -> None:
    """Ten copies of each row move nothing if they are one lead's two rows, and a lot if each is a lead."""
    values, won = made_values(10, 300), made_outcomes(made_values(10, 300), 10)
    twice, ten_times = np.tile(np.arange(300), 2), np.tile(np.arange(300), 10)

    def margin(rows: Ints, lead: Ints | None) -> Floats:
        fit = fit_start(values[rows], COLUMNS, won[rows], np.ones(len(rows)), lead)
        return fit.model.margin(values)

    np.testing.assert_allclose(margin(ten_times, ten_times), margin(twice, twice), atol=1e-3)
    assert margin(ten_times, None).std() > 1.05 * margin(twice, None).std()


def test_very_many_regressors_have_the_usual_penalty() -> None:
    many = MAX_NEWTON_REGRESSORS + 1
    values = np.random.default_rng(11).normal(size=(60, many))
    columns = tuple(COLUMNS[0] for _ in range(many))
    won = (values[:, 0] > 0).astype(np.float64)
    leads = np.arange(60) // 4
    start = fit_start(values, columns, won, np.ones(60), leads)
    plain = fit_logistic(values, columns, won, np.ones(60), ROWS_A_LEAD * 15 * USUAL_VARIANCE / 60)
    np.testing.assert_allclose(start.effects, plain.effects, atol=1e-9)
