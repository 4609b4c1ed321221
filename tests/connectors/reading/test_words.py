"""Words of CRMs: each stands for one thing, however it is written."""

import pytest

from connectors.reading.words import FALSE, TRUE, is_true, outcome_of
from history.text.folding import folded


def test_no_word_means_two_things() -> None:
    assert not TRUE & FALSE
    for words in (TRUE, FALSE):
        assert {folded(word) for word in words} == set(words), "folded as they are compared"


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("TRUE", True), (" Ja ", True), ("0", False), ("いいえ", False), ("maybe", None), (None, None)],
)
def test_boolean_word(word: str | None, meaning: bool | None) -> None:
    assert is_true(word) is meaning


@pytest.mark.parametrize(
    ("label", "outcome"),
    [("Closed  WON", "won"), ("Verloren", "lost"), ("Won't fit", None), ("Deleted", None)],
)
def test_label_of_a_stage(label: str, outcome: str | None) -> None:
    assert outcome_of(label) == outcome
