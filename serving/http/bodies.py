"""Request bodies: media type, size limit and time limit."""

import asyncio
from typing import Any, NamedTuple

from starlette.types import Message, Receive, Scope

from serving.base.problems import Problem, error, too_large
from serving.http.strict_json import read_json

BODY_SECONDS = 15.0
IS_WHOLE = "leadcast.is_whole"  # in the scope of a request whose body has arrived before its application runs
CLIENT_CLOSED_REQUEST = 499  # nginx's status for logs: no answer was sent


class Disconnected(Exception):
    """The client disconnected before its request was complete."""


class JsonBody(NamedTuple):
    """The JSON value of a request, and the bytes that encode it."""

    value: Any
    content: bytes


async def json_body(scope: Scope, receive: Receive, limit: int) -> JsonBody:
    """The body of a request as strict JSON; raises what `json_content` raises, and Problem 422 unless strict JSON."""
    body = await json_content(scope, receive, limit)
    return JsonBody(read_json(body), body)


async def json_content(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The bytes of a body that claims to be JSON.

    Raises Problem: 415 unless application/json without compression, 413 over `limit` bytes, 408 after `BODY_SECONDS`;
    Disconnected.
    """
    _check_type(scope)
    return await read_body(scope, receive, limit)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The body, at most `limit` bytes as counted on arrival; raises Problem 413 or 408, or Disconnected."""
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > limit:
        raise _over(limit)
    if IS_WHOLE in scope:  # the usual case; to arm a timeout costs 10 us
        return await _read(receive, limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, limit)
    except TimeoutError:
        detail = "The request's body took too long to arrive; send it again."
        raise Problem(408, "slow-body", detail) from None


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _over(limit)
        return body
    return await _read_chunks(message, receive, limit)


async def _read_chunks(message: Message, receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _over(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header, None if absent; repeated fields are joined by commas (RFC 9110, section 5.2)."""
    joined: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            joined = value if joined is None else joined + b", " + value
    return joined


def _check_type(scope: Scope) -> None:
    media_type = header(scope, b"content-type")
    if media_type != b"application/json" and not _is_json(media_type):
        raise _unsupported("content-type", "send Content-Type: application/json")
    encoding = header(scope, b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        raise _unsupported("content-encoding", "send the body without compression")


def _is_json(media_type: bytes | None) -> bool:
    """True for application/json with at most the parameter charset=utf-8, in any spelling."""
    kind, _, parameter = (media_type or b"").lower().partition(b";")
    if kind.strip() != b"application/json":
        return False
    if not parameter.strip():
        return True
    name, _, value = parameter.strip().partition(b"=")
    return name.strip() == b"charset" and value.strip(b' "') in (b"utf-8", b"utf8")


def _unsupported(name: str, message: str) -> Problem:
    errors = [error(["header", name], message)]
    return Problem(415, "unsupported-media-type", "Only uncompressed JSON is accepted.", errors)


def _over(limit: int) -> Problem:
    return too_large(f"The request's body is over the limit of {limit} bytes.")
