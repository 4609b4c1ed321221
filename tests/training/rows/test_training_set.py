"""The training set: the same from the same history, masked in both parts, and rebuilt from a bundle."""

import numpy as np
import pytest

from features.matrix import build_matrix
from history.history import History
from history.lead_order import by_creation
from models.figures.parameters import Parameters
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, prepare, prepare_as_trained
from training.train import Trained


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


def test_a_bundle_rebuilds_its_own_columns(small_trained: Trained, small_history: History) -> None:
    bundle = small_trained.bundle
    prepared = prepare_as_trained(bundle, small_history, 0)
    assert prepared.training_set.features == bundle.features
    assert prepared.time_proxy_names == bundle.card["unused_clocks"]
    rows = prepared.training_set.rows.snapshot
    assert build_matrix(rows, bundle.vocabulary).values.shape == prepared.training_set.values.shape
