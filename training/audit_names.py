"""Names that columns have when a CRM fills them in along the way: weak evidence, for a name proves nothing."""

import re

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

TELLING = {
    *("status", "stage", "lifecycle", "disposition", "outcome", "result", "resolution", "reason"),
    *("score", "scoring", "index", "grade", "grading", "rating", "quality", "probability", "likelihood"),
    *("close", "closed", "closing", "won", "win", "lost", "loss", "converted", "conversion"),
    *("tag", "tags", "signed", "invoice", "paid", "modified", "updated", "duration"),
}
ACTIVITY = {
    "activity",
    "contact",
    "contacted",
    "touch",
    "interaction",
    "engagement",
    "call",
    "email",
    "meeting",
    "reply",
    "seen",
}
PLANNED = {"planned", "plan", "expected", "estimated", "target", "forecast", "due"}
ABOUT_PEOPLE = {
    "marital",
    "employment",
    "credit",
    "civil",
    "residence",
    "education",
    "housing",
    "immigration",
    "family",
}
QUALIFIED = {"index", "rate", "price", "consumer", "euribor"}


def telling(name: str) -> str | None:
    """The words of a column's name that tell of something filled in later, None for a name that tells nothing."""
    words: list[str] = [w.lower() for w in _WORDS.findall(name)]
    known = set(words)
    if known & PLANNED or known & ABOUT_PEOPLE:
        return None
    if "last" in known and known & ACTIVITY:
        return f"last {next(w for w in words if w in ACTIVITY)}"
    if {"days", "to"} <= known and known & {"close", "convert", "win", "closing"}:
        return " ".join(words)
    found = [w for w in words if w in TELLING]
    if found == ["index"] and known & QUALIFIED - {"index"}:
        return None
    return found[0] if found else None
