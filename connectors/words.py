"""Words of CRMs in their usual languages: booleans, wins and losses."""

from typing import Final

from history.outcome_words import folded

TRUE: Final = frozenset(
    ("true", "1", "1.0", "yes", "y", "t", "x", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sim", "vero", "tak",
     "igen", "是", "はい", "✓", "checked")
)  # fmt: skip
FALSE: Final = frozenset(
    ("false", "0", "0.0", "no", "n", "f", "nein", "falsch", "non", "faux", "não", "nao", "falso", "nee", "nie", "nem",
     "否",      "いいえ", "unchecked")
)  # fmt: skip
# English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Hungarian, Chinese, Japanese.
WON: Final = frozenset(
    ("won", "closed won", "closed - won", "closed/won", "closedwon", "gewonnen", "abgeschlossen und gewonnen",
     "geschlossen gewonnen", "gagné", "gagnée", "fermé gagné", "fermée gagnée", "clôturé gagné", "conclue", "ganado",
     "ganada", "cerrado ganado", "cerrada ganada", "ganho", "ganha", "fechado ganho", "fechada e ganha",
     "fechado e ganho", "vinto", "vinta", "chiuso vinto", "chiusa vinta", "chiusa - vinta", "gesloten gewonnen",
     "wygrana", "wygrane", "zamknięte wygrane", "zamknięta wygrana", "megnyert", "lezárt megnyert", "lezárva - nyert",
     "赢单", "已赢单", "成交", "已成交", "結束且獲得", "受注", "成立", "成約", "商談成立")
)  # fmt: skip
LOST: Final = frozenset(
    ("lost", "closed lost", "closed - lost", "closed/lost", "closedlost", "verloren", "abgeschlossen und verloren",
     "geschlossen verloren", "perdu", "perdue", "fermé perdu", "fermée perdue", "clôturé perdu", "perdido", "perdida",
     "cerrado perdido", "cerrada perdida", "fechado perdido", "fechada e perdida", "fechado e perdido", "perso",
     "persa", "chiuso perso", "chiusa persa", "chiusa - persa", "gesloten verloren", "przegrana", "przegrane",
     "zamknięte przegrane", "zamknięta przegrana", "elvesztett", "elveszett", "lezárt elvesztett", "lezárva - vesztett",
     "输单", "已输单", "丢单", "失注", "不成立", "商談不成立")
)  # fmt: skip


def is_true(word: str | None) -> bool | None:
    """The boolean that a word stands for; None for any other word."""
    if word is None:
        return None
    text = folded(word)
    return True if text in TRUE else False if text in FALSE else None


def outcome_of(word: str) -> str | None:
    """won, lost or None for a stage's label."""
    text = folded(word)
    return "won" if text in WON else "lost" if text in LOST else None
