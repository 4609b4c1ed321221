"""Folded texts: equal for spellings that differ by case and blanks alone; the shown text keeps its case."""

from hypothesis import given
from hypothesis import strategies as st

from history.text.folding import fold, folded, trimmed

blanks = st.text(" \t\u00a0", max_size=3)


@given(st.lists(st.text("aZß", min_size=1), min_size=1), blanks, blanks)
def test_case_and_blanks_do_not_tell_texts_apart(words: list[str], before: str, between: str) -> None:
    text = before + f" {between}".join(words)
    assert folded(text.upper()) == folded(" ".join(words).upper()) == fold(text.upper())


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_trimmed_keeps_case_and_texts_of_blanks() -> None:
    assert trimmed("  ACME \u00a0 Ltd ") == "ACME Ltd"
    assert trimmed(" \t") == " \t"
