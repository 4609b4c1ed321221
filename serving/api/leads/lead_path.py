"""Paths of stored leads: an id may contain any character, slashes percent-encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from serving.base.limits import MAX_TEXT
from serving.base.problems import Problem, error, invalid

HISTORY, NOTES, SNOOZE, CALLS, WHAT_IF = PARTS = ("history", "notes", "snooze", "calls", "what-if")


@dataclass(frozen=True)
class LeadPath:
    """The path of a stored lead, or of one of its parts, such as its history; part is "" for the lead itself."""

    lead_id: str
    part: str = ""


def lead_path(request: Request, prefix: bytes, parts_of_lead: Sequence[str] = PARTS) -> LeadPath:
    """The id after `prefix`, decoded once its slashes are split, so that an id may contain encoded slashes.

    Raises Problem 404 for a path of more parts, 422 for an invalid id.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = raw.partition(b"?")[0].partition(prefix)[2].split(b"/")
    part = parts[1].decode("latin-1") if len(parts) == 2 else ""
    if len(parts) > 2 or (len(parts) == 2 and part not in parts_of_lead):
        raise unknown_lead()
    try:
        lead_id = unquote_to_bytes(parts[0]).decode()
    except UnicodeDecodeError:
        raise invalid([error(["path", "lead_id"], "not UTF-8")]) from None
    if not 1 <= len(lead_id) <= MAX_TEXT or not lead_id.strip() or "\0" in lead_id:
        message = f"expected 1 to {MAX_TEXT} characters, not all blank, without NUL"
        raise invalid([error(["path", "lead_id"], message)])
    return LeadPath(lead_id, part)


def part_path(request: Request, prefix: bytes, part: str) -> LeadPath:
    """The path of this part of a lead; raises Problem 404 for any other: an id may end like the path of a part."""
    path = lead_path(request, prefix)
    if path.part != part:
        raise Problem(404, "not-found", "There is nothing at this path.")
    return path


def unknown_lead() -> Problem:
    return Problem(404, "unknown-lead", "No lead is stored under this id.")
