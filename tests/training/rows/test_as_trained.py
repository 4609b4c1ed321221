"""The data of a training once more, from its bundle and its history."""

from features.matrix import build_matrix
from history.history import History
from tests.builders.leads.paired_leads import paired_history
from training.rows.as_trained import prepare_as_trained, rows_as_trained
from training.train import Trained, TrainOptions, train


def test_a_bundle_rebuilds_its_own_columns(small_trained: Trained, small_history: History) -> None:
    bundle = small_trained.bundle
    prepared = prepare_as_trained(bundle, small_history, 0)
    assert prepared.training_set.features == bundle.features
    assert prepared.time_proxy_names == bundle.card["unused_clocks"]
    rows = prepared.training_set.rows.snapshot
    assert build_matrix(rows, bundle.vocabulary).values.shape == prepared.training_set.values.shape


def test_combinations_are_those_of_the_bundle() -> None:
    history = paired_history(1.0)
    bundle = train(history, TrainOptions(trials=0)).bundle
    assert bundle.vocabulary.combinations.names
    prepared = prepare_as_trained(bundle, history, 0)
    assert prepared.training_set.features == bundle.features
    again, own = prepared.vocabulary.combinations, bundle.vocabulary.combinations
    assert again.to_dict() == own.to_dict()
    assert len(rows_as_trained(bundle, history, 0)) == len(prepared.training_set.rows)
