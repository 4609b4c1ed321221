"""Which combinations are chosen: those that matter, in funnels that have some, and none elsewhere."""

import numpy as np
import pytest

from features.wording import label_of, sentence
from history.history import History
from history.lead_order import by_creation
from history.snapshot import open_leads
from models.scorer import score
from tests.builders.leads.paired_leads import paired_history
from training.fit.combinations import choose_combinations
from training.model_card_text import card_text
from training.rows.as_trained import prepare_as_trained
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, prepare
from training.train import TrainOptions, train


def _prepared(history: History) -> PreparedData:
    ordered = by_creation(history)
    return prepare(ordered, training_rows(ordered, 0), 0)


def test_the_pair_that_matters_is_chosen() -> None:
    assert choose_combinations(_prepared(paired_history(1.0))) == (("agent", "product"),)


@pytest.mark.parametrize("seed", range(1, 6))
def test_none_is_chosen_where_nothing_matters_together(seed: int) -> None:
    assert choose_combinations(_prepared(paired_history(0.0, seed=seed))) == ()


def test_a_model_reads_and_explains_the_pair() -> None:
    history = paired_history(1.0)
    bundle = train(history, TrainOptions(trials=0)).bundle
    column = next(f for f in bundle.features if f.name == "attr_agent_with_product")
    assert bundle.vocabulary.combinations.names == (("agent", "product"),)
    assert prepare_as_trained(bundle, history, 0).training_set.features == bundle.features

    scores = score(bundle, open_leads(history, history.as_of_us), 5)
    features = [reason["feature"] for reasons in scores.reasons for reason in reasons]
    assert features.count(column.name) > len(scores.lead_ids) / 2
    words = sentence(column, 1.44, True, bundle.vocabulary)
    assert words == "A match of agent and product with 1.4 times the expected odds raises the chance"
    assert label_of(column) == "Match of agent and product, against what each alone suggests"
    nothing = sentence(column, float("nan"), False, bundle.vocabulary)
    assert nothing == "No agent or product lowers the chance"
    assert np.isfinite(scores.probability).all()
    together = "Attributes that win together more or less often than each suggests: agent with product."
    assert together in card_text(bundle)
