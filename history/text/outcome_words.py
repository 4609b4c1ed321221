"""The words of CRMs for won, lost, open and gone, in their usual languages."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from history.text.folding import folded

# The one list for outcomes, closing stages and imports.
# English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Hungarian, Chinese, Japanese.
_USUAL: Final[Mapping[str, Sequence[str]]] = {
    "won": (
        "won", "win", "closed won", "closedwon", "deal won", "closed as won", "gewonnen", "abgeschlossen und gewonnen",
        "geschlossen gewonnen", "gagné", "gagnée", "fermé gagné", "fermée gagnée", "clôturé gagné", "conclue",
        "ganado", "ganada", "cerrado ganado", "cerrada ganada", "ganho", "ganha", "fechado ganho", "fechado e ganho",
        "fechada e ganha", "vinto", "vinta", "chiuso vinto", "chiusa vinta", "gesloten gewonnen", "wygrany", "wygrana",
        "wygrane", "zamknięta wygrana", "zamknięte wygrane", "megnyert", "lezárt megnyert", "lezárva nyert", "赢单",
        "已赢单", "成交", "已成交", "結束且獲得", "受注", "成立", "成約", "商談成立",
    ),
    "lost": (
        "lost", "loss", "closed lost", "closedlost", "deal lost", "closed as lost", "verloren",
        "abgeschlossen und verloren", "geschlossen verloren", "perdu", "perdue", "fermé perdu", "fermée perdue",
        "clôturé perdu", "perdido", "perdida", "cerrado perdido", "cerrada perdida", "fechado perdido",
        "fechado e perdido", "fechada e perdida", "perso", "persa", "chiuso perso", "chiusa persa",
        "gesloten verloren", "przegrany", "przegrana", "przegrane", "zamknięta przegrana", "zamknięte przegrane",
        "elvesztett", "elveszett", "lezárt elvesztett", "lezárva vesztett", "输单", "已输单", "丢单", "失注", "不成立",
        "商談不成立",
    ),
    "open": (
        "open", "offen", "ouvert", "ouverte", "abierto", "abierta", "aberto", "aberta", "aperto", "aperta",
        "otwarty", "otwarta", "otwarte", "nyitott", "进行中", "進行中",
    ),
    "gone": (
        "gone", "merged", "deleted", "duplicate", "duplicated", "invalid", "test", "test record", "spam", "removed",
        "zusammengeführt", "gelöscht", "dublette", "duplikat", "ungültig", "fusionné", "fusionnée", "supprimé",
        "supprimée", "doublon", "invalide", "fusionado", "fusionada", "eliminado", "eliminada", "duplicado",
        "duplicada", "inválido", "inválida", "prueba", "mesclado", "mesclada", "excluído", "excluída", "teste",
        "eliminato", "eliminata", "duplicato", "duplicata", "non valido", "non valida", "samengevoegd", "verwijderd",
        "dubbel", "duplicaat", "ongeldig", "scalony", "scalona", "usunięty", "usunięta", "nieprawidłowy", "összevont",
        "törölt", "duplikált", "érvénytelen", "teszt", "已合并", "已删除", "重复", "无效", "测试", "統合済み",
        "削除済み", "重複", "無効", "テスト",
    ),
}  # fmt: skip


OutcomeWords = Mapping[str, tuple[str, ...]]  # state -> the words for it of [values.outcomes]
NO_WORDS: Final[OutcomeWords] = {}
_MARKS: Final = str.maketrans("-_/:", "    ")


def match_key(word: str) -> str:
    """The form in which words of outcomes and stages are compared: `folded`, with a blank for - _ / and :."""
    return folded(word.translate(_MARKS))


_STATE_OF: Final = {match_key(word): state for state, words in _USUAL.items() for word in words}


def usual_words(state: str) -> frozenset[str]:
    """The usual words for won, lost, open or gone, as `match_key` gives them."""
    return frozenset(map(match_key, _USUAL[state]))


@lru_cache(maxsize=4096)
def outcome_of(word: str) -> str | None:
    """won, lost, open or gone if the word is a usual one for it, else None."""
    return _STATE_OF.get(match_key(word))


def state_of(word: str, own: OutcomeWords) -> str | None:
    """won, lost, open or gone if the word is one of `own`, else as `outcome_of` says; None for any other."""
    state = _own_states(tuple(own.items())).get(match_key(word)) if own else None
    return outcome_of(word) if state is None else state


@lru_cache(maxsize=64)  # the words of a model's configuration
def _own_states(own: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, str]:
    return {match_key(word): state for state, words in own for word in words}


def states_of_words(own: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """State by the `match_key` of a word: the usual words, and before them those of `own` (state -> words)."""
    return {**_STATE_OF, **{match_key(word): state for state, words in own.items() for word in words}}
