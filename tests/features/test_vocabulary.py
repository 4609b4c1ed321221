"""What is learned: the same from the same rows in any order, to JSON and back without loss, and tables as by hand."""

import json

import numpy as np
import pytest

from features.interactions.learn import LEAST_ROWS
from features.matrix import build_matrix
from features.vocabulary import from_dict, learn, to_dict
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import START_US, Lead, Touch
from tests.builders.leads.made_leads import made_leads
from tests.builders.learned_words import rows_of


@pytest.mark.parametrize("seed", [1, 2])
def test_a_vocabulary_survives_json_to_the_last_bit(seed: int) -> None:
    snapshot = rows_of(made_leads(300, seed))
    for vocabulary in (learn(snapshot)[0], words()):
        text = json.dumps(to_dict(vocabulary), allow_nan=False)
        again = from_dict(json.loads(text))
        assert json.dumps(to_dict(again)) == text
        before, after = build_matrix(snapshot, vocabulary), build_matrix(snapshot, again)
        assert before.values.tobytes() == after.values.tobytes()
        assert (before.features, before.feature_set_id) == (after.features, after.feature_set_id)


def test_the_order_of_training_rows_does_not_matter() -> None:
    snapshot = rows_of(made_leads(300, seed=5))
    shuffled = snapshot.take(np.random.default_rng(0).permutation(len(snapshot)))
    assert json.dumps(to_dict(learn(snapshot)[0])) == json.dumps(to_dict(learn(shuffled)[0]))


def test_only_training_leads_are_learned_from() -> None:
    leads = [Lead(START_US, {"c": "seen"}, [Touch(START_US, START_US, "call")] * LEAST_ROWS)] * 20
    other = Lead(START_US, {"c": "unseen"}, [Touch(START_US, START_US, "fax")] * LEAST_ROWS)
    snapshot = rows_of([*leads, *[other] * 20])
    vocabulary, _ = learn(snapshot.take(np.arange(20)))
    assert vocabulary.interactions.kinds == ("call",)
    assert vocabulary.dropped == {"c": "constant"}
    assert learn(snapshot)[0].interactions.kinds == ("call", "fax")
