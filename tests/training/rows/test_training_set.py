"""The training set: the same from the same history, masked in both parts, and rebuilt from a bundle."""

import numpy as np
import pytest

from history.history import History
from history.lead_order import by_creation
from models.figures.parameters import Parameters
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, prepare


@pytest.fixture(scope="module")
def prepared(world: History) -> PreparedData:
    history = by_creation(world)
    return prepare(history, training_rows(history, 0), 0)


def test_time_proxies_are_masked_in_matured_and_recent_rows(prepared: PreparedData) -> None:
    training_set = prepared.training_set
    assert training_set.recent is not None
    for values in (training_set.values, training_set.recent.values):
        assert np.isnan(values[:, prepared.time_proxies]).all()
    assert len(prepared.time_proxy_names) == len(prepared.time_proxies)


def test_recent_rows_are_censored_and_matured_rows_are_not(prepared: PreparedData) -> None:
    training_set = prepared.training_set
    assert training_set.recent is not None
    assert training_set.rows.labels.matured.all()
    assert not training_set.recent.rows.labels.matured.any()


def test_weights_of_rows_matured_at_the_instant_are_one(prepared: PreparedData) -> None:
    training_set = prepared.training_set
    every_row = np.arange(len(training_set.rows))
    at_us = int(training_set.rows.snapshot.as_of_us.min())
    weight = training_set.weight(every_row, at_us, Parameters())
    np.testing.assert_array_equal(weight, 1.0)
    later = training_set.weight(every_row, training_set.as_of_us, Parameters())
    assert (np.diff(later[np.argsort(training_set.rows.snapshot.as_of_us)]) >= 0).all()
