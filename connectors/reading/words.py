"""Words of CRMs in their usual languages: booleans, and stages that are wins or losses."""

from typing import Final

from history.text import outcome_words
from history.text.folding import folded

TRUE: Final = frozenset(
    ("true", "1", "1.0", "yes", "y", "t", "x", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sim", "vero", "tak",
     "igen", "是", "はい", "✓", "checked")
)  # fmt: skip
FALSE: Final = frozenset(
    ("false", "0", "0.0", "no", "n", "f", "nein", "falsch", "non", "faux", "não", "nao", "falso", "nee", "nie", "nem",
     "否",      "いいえ", "unchecked")
)  # fmt: skip


def is_true(word: str | None) -> bool | None:
    """The boolean that a word stands for; None for any other word."""
    if word is None:
        return None
    text = folded(word)
    return True if text in TRUE else False if text in FALSE else None


def outcome_of(label: str) -> str | None:
    """won, lost or None for a stage's label."""
    state = outcome_words.outcome_of(label)
    return state if state in ("won", "lost") else None
