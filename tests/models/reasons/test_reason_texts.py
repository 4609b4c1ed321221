"""Reasons as texts are the reasons, one by one and in slices, bit by bit."""

import math
import pickle

import pytest

from models.reasons.reason_texts import ReasonTexts, texts_of

REASONS = [
    [{"feature": "días", "label": "3 días", "points": 0.1 + 0.2, "number": math.pi}],
    [],
    [{"feature": "a", "points": -5e-324}, {"feature": "b", "points": 1e300}],
]


def test_each_lead_has_its_reasons() -> None:
    texts = pickle.loads(pickle.dumps(ReasonTexts(texts_of(REASONS))))
    assert list(texts) == REASONS
    assert len(texts) == 3
    assert list(texts[1:]) == REASONS[1:]
    assert texts[-1] == REASONS[-1]
    with pytest.raises(IndexError):
        texts[3]


def test_texts_of_texts_are_they_themselves() -> None:
    texts = texts_of(REASONS)
    assert texts_of(ReasonTexts(texts)) is texts
    assert texts[0].startswith('[{"feature": "días"')
