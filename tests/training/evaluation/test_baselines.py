"""Baselines: each says what its table says, none is sure, none is stopped by values it has not seen."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from features.feature import Feature
from training.evaluation.baselines import (
    BASELINES,
    Predict,
    Task,
    base_rate,
    frequencies,
    naive_bayes,
    stage_table,
)

COLUMNS = (
    Feature("stage", "stage", "category", 0, "progression", "", ""),
    Feature("age_days", "days", "number", 0, "progression", "", ""),
    Feature("noise", "count", "number", 0, "engagement", "", ""),
)


def made(seed: int = 0, n: int = 600) -> Task:
    random = np.random.default_rng(seed)
    stage = random.integers(1, 5, n).astype(float)
    age = random.exponential(30, n)
    age[random.random(n) < 0.1] = np.nan
    chance = 1 / (1 + np.exp(-(stage - 3.5 - 0.02 * np.nan_to_num(age, nan=30))))
    won = (random.random(n) < chance).astype(float)
    return Task(np.column_stack([stage, age, random.normal(size=n)]), COLUMNS, won)


EVERY = pytest.mark.parametrize("make", BASELINES.values(), ids=BASELINES)


@EVERY
def test_probabilities_lie_inside_and_unseen_values_do_no_harm(make: Callable[[Task], Predict]) -> None:
    odd = np.array([[np.nan, np.nan, np.nan], [40.0, 1e9, -1e9], [-1.0, 0.0, 0.0]])
    p = make(made())(odd)
    assert p.shape == (3,)
    assert ((p > 0) & (p < 1)).all()


@EVERY
def test_rows_do_not_depend_on_each_other_and_fits_repeat(make: Callable[[Task], Predict]) -> None:
    task = made()
    together = make(task)(task.values)
    again = make(task)
    assert (together[:5] == np.concatenate([again(task.values[i : i + 1]) for i in range(5)])).all()


@EVERY
def test_all_but_the_base_rate_rank_later_rows(make: Callable[[Task], Predict]) -> None:
    later = made(seed=1)
    auc = roc_auc_score(later.won, make(made())(later.values))
    assert auc == 0.5 if make is base_rate else auc > 0.6


@EVERY
def test_totals_on_the_rows_of_the_fit_are_near_unless_columns_repeat_each_other(
    make: Callable[[Task], Predict],
) -> None:
    task = made()
    assert make(task)(task.values).sum() == pytest.approx(task.won.sum(), rel=0.15)


def test_the_stage_table_is_the_smoothed_win_rate_of_each_stage() -> None:
    task = made()
    base = task.won.mean()
    for stage in (1.0, 2.0, 3.0, 4.0):
        rows = task.values[:, 0] == stage
        by_hand = (task.won[rows].sum() + 10 * base) / (rows.sum() + 10)
        assert stage_table(task)(np.array([[stage, 0.0, 0.0]]))[0] == pytest.approx(by_hand)
    assert stage_table(task)(np.array([[9.0, 0.0, 0.0]]))[0] == pytest.approx(base)


def test_without_stages_the_stage_table_is_the_base_rate() -> None:
    task = made()
    bare = Task(task.values[:, 1:], COLUMNS[1:], task.won)
    assert (stage_table(bare)(bare.values) == base_rate(bare)(bare.values)).all()


def test_naive_bayes_of_one_column_is_bayes_rule_over_smoothed_counts() -> None:
    values = np.array([1.0] * 8 + [2.0] * 12)[:, None]
    won = np.array([1.0] * 6 + [0.0] * 2 + [1.0] * 3 + [0.0] * 9)
    p = naive_bayes(Task(values, COLUMNS[:1], won))(np.array([[1.0]]))[0]
    prior = 9.1 / 11.1
    odds = prior * (6.1 / (6.1 + 3.1)) / (2.1 / (2.1 + 9.1))
    assert p == pytest.approx(odds / (1 + odds))


def test_a_value_never_seen_says_nothing() -> None:
    ratio = frequencies(np.array([0, 0, 2, 2]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert ratio == pytest.approx([0.0, 0.0, 0.0])
