"""Paths of stored leads: an id may contain any character, slashes percent-encoded."""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from serving.base.limits import MAX_TEXT
from serving.base.problems import Problem, error, invalid


@dataclass(frozen=True)
class LeadPath:
    """The path of a stored lead, or of its history."""

    lead_id: str
    is_history: bool


def lead_path(request: Request, prefix: bytes) -> LeadPath:
    """The id after `prefix`, decoded once its slashes are split, so that an id may contain encoded slashes.

    Raises Problem 404 for a path of more parts, 422 for an invalid id.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = raw.partition(b"?")[0].partition(prefix)[2].split(b"/")
    is_history = len(parts) == 2 and parts[1] == b"history"
    if len(parts) > 1 and not is_history:
        raise unknown_lead()
    try:
        lead_id = unquote_to_bytes(parts[0]).decode()
    except UnicodeDecodeError:
        raise invalid([error(["path", "lead_id"], "not UTF-8")]) from None
    if not 1 <= len(lead_id) <= MAX_TEXT or not lead_id.strip() or "\0" in lead_id:
        message = f"expected 1 to {MAX_TEXT} characters, not all blank, without NUL"
        raise invalid([error(["path", "lead_id"], message)])
    return LeadPath(lead_id, is_history)


def unknown_lead() -> Problem:
    return Problem(404, "unknown-lead", "No lead is stored under this id.")
