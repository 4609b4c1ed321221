"""Column names that suggest a field is filled in after the lead's creation."""

import re

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")  # also splits camelCase

SUSPICIOUS = {
    *("status", "stage", "lifecycle", "disposition", "outcome", "result", "resolution", "reason"),
    *("score", "scoring", "index", "grade", "grading", "rating", "quality", "probability", "likelihood"),
    *("close", "closed", "closing", "won", "win", "lost", "loss", "converted", "conversion"),
    *("tag", "tags", "signed", "invoice", "paid", "modified", "updated", "duration"),
}
ACTIVITY = {
    *("activity", "contact", "contacted", "touch", "interaction", "engagement"),
    *("call", "email", "meeting", "reply", "seen"),
}
CONTRACT = {"contract", "order", "policy"}
ISSUED = {"number", "no", "nr", "signed", "date"}  # of a contract: it has one once it is concluded
PLANNED = {"planned", "plan", "expected", "estimated", "target", "forecast", "due"}
ABOUT_PEOPLE = {
    *("marital", "employment", "credit", "civil", "residence", "education"),
    *("housing", "immigration", "family"),
}
ECONOMIC = {"rate", "price", "consumer", "euribor"}  # before "index": a price index is no lead score


def suspicious_words(name: str) -> str | None:
    """The words of a column's name that suggest it is filled in later; None if there are none.

    Whole words count ("stage", not "stagecoach"). Names of plans and of facts about people are never suspicious:
    "expected close", "marital status".
    """
    words: list[str] = [word.lower() for word in _WORDS.findall(name)]
    known = set(words)
    if known & PLANNED or known & ABOUT_PEOPLE:
        return None
    if "last" in known and known & ACTIVITY:
        activity = next(word for word in words if word in ACTIVITY)
        return f"last {activity}"
    if known & CONTRACT and known & ISSUED:
        return " ".join(words)
    if {"days", "to"} <= known and known & {"close", "convert", "win", "closing"}:
        return " ".join(words)
    suspicious = [word for word in words if word in SUSPICIOUS]
    if suspicious == ["index"] and known & ECONOMIC:
        return None
    return suspicious[0] if suspicious else None
