"""The error shape of the service: application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

MAX_ERRORS = 20
MEDIA_TYPE = "application/problem+json"

Loc = Sequence[str | int]


class Problem(Exception):
    """An error answer. `code` is for programs (the last part of `type`), `detail` for people.

    `errors` are {loc, msg}, of which `MAX_ERRORS` are sent. `detail` never repeats a value of the request.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = [dict(entry) for entry in errors[:MAX_ERRORS]]
        self.headers = dict(headers or {})

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """The members of the problem document, without `request_id` in the results of a batch."""
        document: dict[str, Any] = {
            "type": f"urn:leadcast:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "errors": self.errors,
        }
        if request_id is not None:
            document["request_id"] = request_id
        return document

    def encoded(self, request_id: str) -> bytes:
        """The problem document as JSON."""
        return msgspec.json.encode(self.body(request_id))


def error(loc: Loc, msg: str) -> dict[str, Any]:
    """One entry of `errors`."""
    return {"loc": list(loc), "msg": msg}


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """422 with every problem of the request, of which `MAX_ERRORS` are listed."""
    count = len(errors)
    if count == 1:
        return Problem(422, "invalid-request", "The request has one problem.", errors)
    listed = f", the first {MAX_ERRORS} are listed" if count > MAX_ERRORS else ""
    return Problem(422, "invalid-request", f"The request has {count} problems{listed}.", errors)


def too_large(detail: str) -> Problem:
    return Problem(413, "too-large", detail)


def unavailable(code: str, detail: str, retry_after: int) -> Problem:
    """503; `retry_after` in seconds."""
    return Problem(503, code, detail, headers={"Retry-After": str(retry_after)})
