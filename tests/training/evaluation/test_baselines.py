"""Baselines: probabilities follow their tables, stay inside 0 to 1 and tolerate unseen values."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from features.feature import Feature
from history.base.arrays import Floats
from training.evaluation.baselines import (
    BASELINES,
    Predict,
    Task,
    base_rate,
    log_ratios,
    naive_bayes,
    stage_table,
)
from training.rows.bins import BinnedRows, find_bins

COLUMNS = (
    Feature("stage", "stage", "category", 0, "progression", "", ""),
    Feature("age_days", "days", "number", 0, "progression", "", ""),
    Feature("noise", "count", "number", 0, "engagement", "", ""),
)
EVERY_BASELINE = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)

Baseline = Callable[[Task], Predict]


def random_task(seed: int = 0, n: int = 600) -> Task:
    """Rows whose chance grows with the stage and falls with age, beside a column of noise."""
    random = np.random.default_rng(seed)
    stage = random.integers(1, 5, n).astype(float)
    age_days = random.exponential(30, n)
    age_days[random.random(n) < 0.1] = np.nan
    chance = 1 / (1 + np.exp(-(stage - 3.5 - 0.02 * np.nan_to_num(age_days, nan=30))))
    won = (random.random(n) < chance).astype(float)
    return task_on(np.column_stack([stage, age_days, random.normal(size=n)]), COLUMNS, won)


def task_on(values: Floats, columns: Sequence[Feature], won: Floats) -> Task:
    return Task(values, columns, won, BinnedRows(find_bins(values, columns), np.arange(len(won))))


@EVERY_BASELINE
def test_unseen_values_give_probabilities_inside(baseline: Baseline) -> None:
    unseen = np.array([[np.nan, np.nan, np.nan], [40.0, 1e9, -1e9], [-1.0, 0.0, 0.0]])
    probability = baseline(random_task())(unseen)
    assert probability.shape == (3,)
    assert ((probability > 0) & (probability < 1)).all()


@EVERY_BASELINE
def test_rows_are_independent_and_fits_repeat(baseline: Baseline) -> None:
    task = random_task()
    together = baseline(task)(task.values)
    second_fit = baseline(task)
    one_by_one = np.concatenate([second_fit(task.values[i : i + 1]) for i in range(5)])
    assert (together[:5] == one_by_one).all()


@EVERY_BASELINE
def test_all_but_the_base_rate_rank_new_rows(baseline: Baseline) -> None:
    new_rows = random_task(seed=1)
    auc = roc_auc_score(new_rows.won, baseline(random_task())(new_rows.values))
    assert auc == 0.5 if baseline is base_rate else auc > 0.6


@EVERY_BASELINE
def test_total_on_fitted_rows_is_near_the_wins(baseline: Baseline) -> None:
    """Columns are independent here; naive Bayes over-counts columns that repeat each other."""
    task = random_task()
    assert baseline(task)(task.values).sum() == pytest.approx(task.won.sum(), rel=0.15)


def test_stage_table_is_the_smoothed_win_rate_by_stage() -> None:
    task = random_task()
    base = task.won.mean()
    predict = stage_table(task)
    for stage in (1.0, 2.0, 3.0, 4.0):
        rows = task.values[:, 0] == stage
        expected = (task.won[rows].sum() + 10 * base) / (rows.sum() + 10)
        assert predict(np.array([[stage, 0.0, 0.0]]))[0] == pytest.approx(expected)
    unknown_stage = np.array([[9.0, 0.0, 0.0]])
    assert predict(unknown_stage)[0] == pytest.approx(base)


def test_stage_table_without_stages_is_the_base_rate() -> None:
    task = random_task()
    without_stage = task_on(task.values[:, 1:], COLUMNS[1:], task.won)
    values = without_stage.values
    assert (stage_table(without_stage)(values) == base_rate(without_stage)(values)).all()


def test_naive_bayes_of_one_column_is_bayes_rule() -> None:
    values = np.array([1.0] * 8 + [2.0] * 12)[:, None]
    won = np.array([1.0] * 6 + [0.0] * 2 + [1.0] * 3 + [0.0] * 9)
    probability = naive_bayes(task_on(values, COLUMNS[:1], won))(np.array([[1.0]]))[0]
    prior_odds = 9.1 / 11.1
    odds = prior_odds * (6.1 / (6.1 + 3.1)) / (2.1 / (2.1 + 9.1))
    assert probability == pytest.approx(odds / (1 + odds))


def test_unseen_code_changes_no_odds() -> None:
    ratio = log_ratios(np.array([0, 0, 2, 2]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert ratio == pytest.approx([0.0, 0.0, 0.0])
