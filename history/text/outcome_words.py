"""The words of CRMs for won, lost, open and gone, in their usual languages."""

import re
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


# Words that may stand beside one for won or lost without changing it: "Geschlossen und gewonnen", "Cierre ganado".
_BESIDE: Final = frozenset(
    folded(word)
    for word in (
        "closed", "close", "closing", "geschlossen", "abgeschlossen", "geschlossene", "abgeschlossene", "fermé",
        "fermée", "fermeture", "clos", "close", "clôturé", "clôturée", "clôture", "cerrado", "cerrada", "cierre",
        "fechado", "fechada", "fechamento", "chiuso", "chiusa", "chiusura", "gesloten", "afgesloten", "zamknięty",
        "zamknięta", "zamknięte", "lezárt", "lezárva", "and", "as", "und", "als", "et", "y", "e", "en", "i", "és",
        "deal",
        "opportunity", "sale", "order", "geschäft", "abschluss", "verkaufschance", "verkauf", "auftrag", "transaction",
        "affaire", "opportunité", "vente", "negocio", "oportunidad", "trato", "venta", "negócio", "oportunidade",
        "venda", "trattativa", "opportunità", "affare", "vendita", "kans", "verkoopkans", "szansa", "transakcja",
        "lehetőség", "üzlet",
    )
)  # fmt: skip
OutcomeWords = Mapping[str, tuple[str, ...]]  # state -> the words for it of [values.outcomes]
NO_WORDS: Final[OutcomeWords] = {}
# How labels are numbered, and the chance beside them: "6 - Closed Won", "(7) Verloren", "Closed Won (100 %)".
_NUMBER: Final = re.compile(r"[(\[#]*[0-9]{1,3}[.)\]%]*|%[)\]]?")
_MARKS: Final = str.maketrans("-_/:", "    ")


def match_key(word: str) -> str:
    """The form in which words of outcomes and stages are compared: `folded`, with a blank for - _ / and :."""
    return folded(word.translate(_MARKS))


_STATE_OF: Final = {match_key(word): state for state, words in _USUAL.items() for word in words}


@lru_cache(maxsize=4096)
def outcome_of(word: str) -> str | None:
    """won, lost, open or gone if the word is a usual one for it, else None.

    Of several words one means won or lost, and the others are those of a deal and of its closing, or numbers.
    """
    key = match_key(word)
    return _STATE_OF.get(key) or _state_beside(key.split())


def _state_beside(words: Sequence[str]) -> str | None:
    telling = [word for word in words if word not in _BESIDE and not _NUMBER.fullmatch(word)]
    state = _STATE_OF.get(telling[0]) if len(telling) == 1 else None
    return state if state in ("won", "lost") else None


def state_of(word: str, own: OutcomeWords) -> str | None:
    """won, lost, open or gone if the word is one of `own`, else as `outcome_of` says; None for any other."""
    state = _own_states(tuple(own.items())).get(match_key(word)) if own else None
    return outcome_of(word) if state is None else state


@lru_cache(maxsize=64)  # the words of a model's configuration
def _own_states(own: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, str]:
    return {match_key(word): state for state, words in own for word in words}
