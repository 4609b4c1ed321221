"""Words of outcomes: each stands for one state, a folder's own words come first."""

from collections import Counter

import pytest

from history.config.schema import OUTCOMES
from history.text.folding import folded
from history.text.outcome_words import _USUAL, NO_WORDS, match_key, outcome_of, state_of


def test_no_word_stands_for_two_states() -> None:
    assert set(_USUAL) == set(OUTCOMES)
    states = Counter(word for words in _USUAL.values() for word in {match_key(word) for word in words})
    assert set(states.values()) == {1}


@pytest.mark.parametrize("word", ["WON", " won ", "Closed  Won", "closed\u00a0won", "STRASSE"])
def test_folding_twice_changes_nothing(word: str) -> None:
    assert folded(folded(word)) == folded(word) == folded(word.lower())


def test_own_words_precede_the_usual_ones() -> None:
    own = {"lost": ("Won",), "won": ("Signed",)}
    assert [state_of(word, own) for word in ("won", "signed", "closed won")] == ["lost", "won", "won"]
    assert state_of("won", {}) == "won"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Closed-Won", "won"),
        ("closed / lost", "lost"),
        ("CLOSED_LOST", "lost"),
        ("Chiusa - vinta", "won"),
        ("Closed: won", "won"),
        ("商談不成立", "lost"),
        (" Merged ", "gone"),
        ("Geschlossen und gewonnen", "won"),
        ("Abgeschlossen - verloren", "lost"),
        ("Clôturée gagnée", "won"),
        ("Cierre perdido", "lost"),
        ("Deal gewonnen", "won"),
        ("Gagnée/Clôturée", "won"),
        ("7 - Closed Won", "won"),
        ("08. closed lost", "lost"),
        ("(9) Verloren", "lost"),
        ("Closed Won (100 %)", "won"),
        ("100%", None),
        ("won back", None),
        ("won and lost", None),
        ("deal closed", None),
        ("merged deal", None),
        ("", None),
    ],
)
def test_usual_words_in_any_form(word: str, state: str | None) -> None:
    assert outcome_of(word) == state


@pytest.mark.parametrize(
    ("word", "state"), [("signed ", "won"), ("WON", "lost"), ("closed-lost", "lost"), ("perhaps", None)]
)
def test_state_of_a_word_is_that_of_the_own_words_first(word: str, state: str | None) -> None:
    own = {"lost": ("Won",), "won": ("Signed",)}
    assert state_of(word, own) == state
    assert state_of(word, NO_WORDS) == outcome_of(word)
