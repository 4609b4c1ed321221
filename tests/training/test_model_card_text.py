"""The model card in Markdown: every section, and sentences in place of what could not be measured."""

from dataclasses import replace

import pytest

from models.bundle import Bundle
from training.model_card_text import card_text
from training.train import Trained


@pytest.fixture(scope="module")
def bundle(small_trained: Trained) -> Bundle:
    return replace(small_trained.bundle, version="7")


def test_the_text_has_every_section(bundle: Bundle) -> None:
    text = card_text(bundle)
    assert text.startswith("# Model card: version 7 of Simulated new business")
    for word in (
        "90 days",
        "logistic regression",
        "## Calibration",
        "## Fairness",
        "age_group",
        "## Known limits",
        "[",
    ):
        assert word in text
    assert "nan" not in text.lower().replace("finance", "").replace("nance", "")


def test_a_card_without_evaluation_says_so(bundle: Bundle) -> None:
    nothing_measured: dict[str, object] = {
        "metrics": {},
        "baselines": {},
        "intervals": {},
        "calibration": [],
        "fairness": {},
        "importance": [],
    }
    text = card_text(replace(bundle, card={**bundle.card, **nothing_measured}))
    assert "Nothing could be evaluated." in text
    assert "No rows could be evaluated by group." in text


def test_a_value_with_a_bar_or_line_break_keeps_its_table(bundle: Bundle) -> None:
    group = {**bundle.card["fairness"]["age_group"][0], "group": "a|b\nc"}
    text = card_text(replace(bundle, card={**bundle.card, "fairness": {"age_group": [group]}}))
    assert "| a\\|b c |" in text
