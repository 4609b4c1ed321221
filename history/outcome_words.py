"""The words of CRMs for won, lost, open and gone, in their usual languages."""

from collections.abc import Mapping, Sequence
from typing import Final

# English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Hungarian, Chinese, Japanese.
_USUAL: Final[Mapping[str, Sequence[str]]] = {
    "won": (
        "won", "closed won", "closed - won", "closed-won", "closed/won", "closed_won", "closedwon", "win",
        "gewonnen", "abgeschlossen und gewonnen", "geschlossen gewonnen", "gagné", "gagnée", "fermé gagné",
        "fermée gagnée", "clôturé gagné", "ganado", "ganada", "cerrado ganado", "cerrada ganada", "ganho",
        "ganha", "fechado ganho", "fechado e ganho", "fechada e ganha", "vinto", "vinta", "chiuso vinto",
        "chiusa vinta", "chiusa - vinta", "gesloten gewonnen", "wygrany", "wygrana", "wygrane",
        "zamknięta wygrana", "zamknięte wygrane", "megnyert", "lezárt megnyert", "lezárva - nyert", "赢单",
        "已赢单", "成交", "已成交", "受注", "成約", "商談成立",
    ),
    "lost": (
        "lost", "closed lost", "closed - lost", "closed-lost", "closed/lost", "closed_lost", "closedlost", "loss",
        "verloren", "abgeschlossen und verloren", "geschlossen verloren", "perdu", "perdue", "fermé perdu",
        "fermée perdue", "clôturé perdu", "perdido", "perdida", "cerrado perdido", "cerrada perdida",
        "fechado perdido", "fechado e perdido", "fechada e perdida", "perso", "persa", "chiuso perso",
        "chiusa persa", "chiusa - persa", "gesloten verloren", "przegrany", "przegrana", "przegrane",
        "zamknięta przegrana", "zamknięte przegrane", "elvesztett", "elveszett", "lezárt elvesztett",
        "lezárva - vesztett", "输单", "已输单", "丢单", "失注", "商談不成立",
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


def folded(word: str) -> str:
    """The form in which words are compared: without case, outer blanks and repeated blanks."""
    return " ".join(word.casefold().split())


_STATE_OF: Final = {folded(word): state for state, words in _USUAL.items() for word in words}


def states_of_words(own: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """State by folded word: the usual words, and before them those of `own` (state -> words)."""
    return {**_STATE_OF, **{folded(word): state for state, words in own.items() for word in words}}
