"""Replayed predictions: a split's amounts are those that a deployment at its instant would have told."""

from dataclasses import replace

import numpy as np
import pytest

from history.history import DAY_US, History
from history.snapshot import cut
from training.evaluation.out_of_fold import expected_amounts, splits_of
from training.fit.amount import fit_amount, past_wins
from training.rows.dataset import training_rows
from training.rows.training_set import TrainingSet, prepare


@pytest.fixture(scope="module")
def training_set(world: History) -> TrainingSet:
    past = cut(world, world.as_of_us - 60 * DAY_US)
    return prepare(past, training_rows(past, 0), 0).training_set


def test_amounts_of_a_split_come_from_the_wins_that_its_fit_saw(training_set: TrainingSet) -> None:
    """Deals that closed later may have paid anything: nothing that is expected before changes."""
    splits, how = splits_of(training_set, 0)
    assert how == "replay"
    first = splits[:1]
    told = expected_amounts(training_set, first, 0)
    labels = training_set.rows.labels
    amount = labels.amount.copy()
    later = np.setdiff1d(np.arange(len(amount)), first[0].fit)
    amount[later] *= 1000
    other = replace(training_set, rows=replace(training_set.rows, labels=replace(labels, amount=amount)))
    assert np.isfinite(told).all()
    np.testing.assert_array_equal(expected_amounts(other, first, 0), told)


def test_amounts_follow_the_order_of_the_judged_rows(training_set: TrainingSet) -> None:
    splits, _ = splits_of(training_set, 0)
    told = expected_amounts(training_set, splits, 0)
    assert len(told) == sum(len(s.evaluated) for s in splits)
    last = splits[-1]
    assert last.as_of_us is not None
    model = fit_amount(past_wins(training_set, last.fit, last.as_of_us), training_set.features, 0)
    assert model is not None
    np.testing.assert_array_equal(
        told[-len(last.evaluated) :], model.predict(training_set.values[last.evaluated])[0]
    )


def test_wins_without_amounts_expect_nothing(training_set: TrainingSet) -> None:
    splits, _ = splits_of(training_set, 0)
    labels = training_set.rows.labels
    unknown = replace(labels, amount=np.full(len(training_set.rows), np.nan))
    bare = replace(training_set, rows=replace(training_set.rows, labels=unknown))
    assert np.isnan(expected_amounts(bare, splits, 0)).all()


def test_wins_are_as_old_as_their_closing(training_set: TrainingSet) -> None:
    now = training_set.rows.snapshot.history.as_of_us
    wins = past_wins(training_set, np.arange(len(training_set.rows)), now)
    assert len(wins.lead) == int(training_set.won.sum())
    assert (wins.age >= 0).all()
    np.testing.assert_allclose(
        past_wins(training_set, np.arange(len(training_set.rows)), now + training_set.horizon_us).age,
        wins.age + 1,
    )
