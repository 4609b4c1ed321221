"""Names that columns have when a CRM fills them in along the way: weak evidence, for a name proves nothing."""

import re

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

TELLING = {
    "status", "stage", "score", "scoring", "index", "grade", "grading", "rating", "quality", "probability", "likelihood",
    "closed", "close", "closing", "won", "lost", "win", "loss", "reason", "converted", "conversion", "outcome", "result",
    "disposition", "lifecycle", "tag", "tags", "signed", "invoice", "paid", "modified", "updated", "duration", "resolution",
}  # fmt: skip
ACTIVITY = {"activity", "contact", "contacted", "touch", "interaction", "engagement", "call", "email", "meeting", "reply", "seen"}
PLANNED = {"planned", "plan", "expected", "estimated", "target", "forecast", "due"}
ABOUT_PEOPLE = {"marital", "employment", "credit", "civil", "residence", "education", "housing", "immigration", "family"}
QUALIFIED = {"index", "rate", "price", "consumer", "euribor"}


def telling(name: str) -> str | None:
    """The word or words of a column's name that tell of something filled in later, None for a name that tells nothing."""
    words = [w.lower() for w in _WORDS.findall(name)]
    known = set(words)
    if known & PLANNED or known & ABOUT_PEOPLE:
        return None
    if "last" in known and known & ACTIVITY:
        return "last " + next(w for w in words if w in ACTIVITY)
    if {"days", "to"} <= known and known & {"close", "convert", "win", "closing"}:
        return " ".join(words)
    found = [w for w in words if w in TELLING]
    if found == ["index"] and known & QUALIFIED - {"index"}:
        return None
    return found[0] if found else None
