"""The one error shape of the service: RFC 9457 problem+json."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

MAX_ERRORS = 20
MEDIA_TYPE = "application/problem+json"

Loc = Sequence[str | int]


class Problem(Exception):
    """An answer that is not the one asked for; `errors` are {loc, msg}, at most `MAX_ERRORS` of them are told.

    `code` names the kind of problem for programs (the last part of `type`); `detail` is for people and never repeats
    what the request carried.
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
        self.errors = [dict(e) for e in errors[:MAX_ERRORS]]
        self.headers = dict(headers or {})

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """The members of the problem document, `request_id` left out inside a batch's result."""
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
        return msgspec.json.encode(self.body(request_id))


def error(loc: Loc, msg: str) -> dict[str, Any]:
    """One entry of `errors`."""
    return {"loc": list(loc), "msg": msg}


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """422 with every problem found in the request, told up to `MAX_ERRORS`."""
    count = len(errors)
    told = f", the first {MAX_ERRORS} are listed" if count > MAX_ERRORS else ""
    detail = "The request has one problem." if count == 1 else f"The request has {count} problems{told}."
    return Problem(422, "invalid-request", detail, errors)


def too_large(detail: str) -> Problem:
    return Problem(413, "too-large", detail)


def unavailable(code: str, detail: str, retry_after: int) -> Problem:
    return Problem(503, code, detail, headers={"Retry-After": str(retry_after)})
