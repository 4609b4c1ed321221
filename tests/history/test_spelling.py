"""Spellings of one value: case and needless blanks do not tell values apart, and the commonest spelling is shown."""

from hypothesis import given
from hypothesis import strategies as st

from history.history import Factor, factor_of
from history.spelling import one_spelling
from history.text.folding import folded

words = st.sampled_from(
    ["web", "Web", "WEB ", "\u00a0web", "ad  words", "Ad words", "fair", "straße", "STRASSE", " "]
)


def _texts(factor: Factor) -> list[str | None]:
    return [factor.text(row) for row in range(len(factor))]


def test_the_commonest_spelling_is_shown() -> None:
    column = factor_of(["Web", "web", "Web", "WEB\u00a0", None, "fair "])
    assert _texts(one_spelling(column)) == ["Web", "Web", "Web", "Web", None, "fair"]


def test_a_preferred_spelling_is_shown() -> None:
    column = factor_of(["PROPOSAL", "PROPOSAL", "other", "Other"])
    assert _texts(one_spelling(column, ("proposal",))) == ["proposal", "proposal", "Other", "Other"]


def test_clean_values_stay_as_they_are() -> None:
    column = factor_of(["web", "fair", None, "web"])
    assert one_spelling(column) is column
    assert one_spelling(column, ("web", "new")) is column


@given(st.lists(st.none() | words))
def test_one_text_for_each_folded_text(texts: list[str | None]) -> None:
    shown = _texts(one_spelling(factor_of(texts)))
    keys = [folded(text) or None if text else None for text in texts]  # blanks alone are missing
    assert [text and folded(text) for text in shown] == keys
    assert len({text for text in shown if text}) == len({key for key in keys if key})
    assert _texts(one_spelling(factor_of(shown))) == shown
