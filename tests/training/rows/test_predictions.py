"""Out-of-fold predictions: amounts are NaN until they are predicted, and rows are taken with their amounts."""

import numpy as np

from training.rows.predictions import OutOfFold

PREDICTIONS = OutOfFold(np.arange(4), np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4]))


def test_amounts_are_nan_until_they_are_predicted() -> None:
    assert np.isnan(PREDICTIONS.expected_amount).all()


def test_taking_rows_takes_their_split_margin_and_amount() -> None:
    amount = np.array([1.0, 2.0, 3.0, 4.0])
    with_amounts = OutOfFold(PREDICTIONS.rows, PREDICTIONS.split, PREDICTIONS.margin, amount)
    taken = with_amounts.take(np.array([3, 0]))
    assert taken.rows.tolist() == [3, 0]
    assert taken.split.tolist() == [1, 0]
    assert taken.margin.tolist() == [0.4, 0.1]
    assert taken.expected_amount.tolist() == [4.0, 1.0]
