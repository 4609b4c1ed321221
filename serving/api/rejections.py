"""Requests with a list of entries, of which some may be rejected without holding back the others."""

from collections.abc import Sequence
from typing import Any

from serving.base.event import EventProblem, RejectedEvent
from serving.base.problems import error, invalid, too_large


def entries_of(value: Any, key: str, most: int) -> list[Any]:
    """The list of a request {key: [...]}; raises Problem 422 for anything else, 413 for more than `most` entries."""
    if type(value) is not dict:
        raise invalid([error(["body"], f"expected an object with the key {key}")])
    errors = [error(["body", name], "unknown key") for name in value if name != key]
    entries = value.get(key)
    if type(entries) is not list:
        message = "missing" if key not in value else f"expected a list of {key}"
        errors.append(error(["body", key], message))
    if errors or type(entries) is not list:
        raise invalid(errors)
    if len(entries) > most:
        raise too_large(f"A request may have {most} {key}, this one has {len(entries)}; send several.")
    return entries


def rejections(rejected: Sequence[RejectedEvent], key: str) -> list[dict[str, Any]]:
    """Rejected entries as {index, errors: [{code, loc, msg}]}, loc within the whole request."""
    return [
        {"index": entry.index, "errors": [_entry(key, entry.index, problem) for problem in entry.problems]}
        for entry in rejected
    ]


def _entry(key: str, index: int, problem: EventProblem) -> dict[str, Any]:
    return {"code": problem.code, **error(["body", key, index, *problem.path], problem.message)}
