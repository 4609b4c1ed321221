"""Out-of-fold predictions: a split's amounts come from the wins that its fit saw, in the order of its rows."""

from dataclasses import replace

import numpy as np
import pytest

from history.base.arrays import Floats
from history.history import History
from history.snapshot import cut
from history.text.times import DAY_US
from training.evaluation.out_of_fold import BY_DATE, expected_amounts, splits_of
from training.fit.amount import fit_amount, past_wins
from training.rows.dataset import training_rows
from training.rows.training_set import TrainingSet, prepare


@pytest.fixture(scope="module")
def training_set(world: History) -> TrainingSet:
    past = cut(world, world.as_of_us - 60 * DAY_US)
    return prepare(past, training_rows(past, 0), 0).training_set


def with_amounts(training_set: TrainingSet, amount: Floats) -> TrainingSet:
    labels = replace(training_set.rows.labels, amount=amount)
    return replace(training_set, rows=replace(training_set.rows, labels=labels))


def test_amounts_ignore_deals_closed_later(training_set: TrainingSet) -> None:
    """Amounts of rows outside the fit change nothing."""
    splits, method = splits_of(training_set, 0)
    assert method == BY_DATE
    first = splits[:1]
    expected = expected_amounts(training_set, first, 0)
    amount = training_set.rows.labels.amount.copy()
    unseen = np.setdiff1d(np.arange(len(amount)), first[0].fit)
    amount[unseen] *= 1000
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(expected_amounts(with_amounts(training_set, amount), first, 0), expected)


def test_amounts_follow_the_order_of_the_rows(training_set: TrainingSet) -> None:
    splits = splits_of(training_set, 0).splits
    expected = expected_amounts(training_set, splits, 0)
    assert len(expected) == sum(len(split.evaluated) for split in splits)
    last = splits[-1]
    assert last.as_of_us is not None
    model = fit_amount(past_wins(training_set, last.fit, last.as_of_us), training_set.features, 0)
    assert model is not None
    of_last = model.predict(training_set.values[last.evaluated])[0]
    np.testing.assert_array_equal(expected[-len(last.evaluated) :], of_last)


def test_wins_without_amounts_predict_no_amount(training_set: TrainingSet) -> None:
    splits = splits_of(training_set, 0).splits
    unknown = np.full(len(training_set.rows), np.nan)
    assert np.isnan(expected_amounts(with_amounts(training_set, unknown), splits, 0)).all()


def test_wins_are_as_old_as_their_closing(training_set: TrainingSet) -> None:
    every_row, now_us = np.arange(len(training_set.rows)), training_set.as_of_us
    wins = past_wins(training_set, every_row, now_us)
    a_horizon_later = past_wins(training_set, every_row, now_us + training_set.horizon_us)
    assert len(wins.lead) == int(training_set.won.sum())
    assert (wins.age >= 0).all()
    np.testing.assert_allclose(a_horizon_later.age, wins.age + 1)
