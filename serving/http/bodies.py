"""Request bodies: what type they must have, and how much of them is read."""

import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope

from serving.base.problems import Problem, error, too_large
from serving.http.strict_json import read_json

BODY_SECONDS = 15.0
GONE = 499  # what logs call the status of an answer that nobody waits for


class Disconnected(Exception):
    """The client went away before its request was whole; nobody is there to answer."""


async def json_body(scope: Scope, receive: Receive, limit: int) -> tuple[Any, bytes]:
    """The JSON value of a request and its bytes.

    Raises Problem: 415 unless application/json without compression, 413 over `limit` bytes (counted as they arrive),
    408 when they take longer than `BODY_SECONDS`, 422 when they are not strict JSON.
    """
    _check_type(scope)
    body = await read_body(scope, receive, limit)
    return read_json(body), body


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """At most `limit` bytes of body, whatever Content-Length says; raises Problem 413 or 408."""
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > limit:
        raise _over(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                body: bytes = message.get("body", b"")
                if len(body) > limit:
                    raise _over(limit)
                return body
            return await _read_on(message, receive, limit)
    except TimeoutError:
        raise Problem(
            408, "slow-body", "The request's body took too long to arrive; send it again."
        ) from None


async def _read_on(message: Message, receive: Receive, limit: int) -> bytes:
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
    """The value of a header, the values of a repeated one joined by commas as HTTP says; None without it."""
    found: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            found = value if found is None else found + b", " + value
    return found


def _check_type(scope: Scope) -> None:
    kind = header(scope, b"content-type")
    if kind != b"application/json" and not _is_json(kind):
        raise _unsupported("content-type", "send Content-Type: application/json")
    encoding = header(scope, b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        raise _unsupported("content-encoding", "send the body without compression")


def _is_json(kind: bytes | None) -> bool:
    media, _, parameter = (kind or b"").lower().partition(b";")
    name, _, value = parameter.strip().partition(b"=")
    return media.strip() == b"application/json" and (
        not parameter.strip() or (name.strip() == b"charset" and value.strip(b' "') in (b"utf-8", b"utf8"))
    )


def _unsupported(name: str, msg: str) -> Problem:
    return Problem(
        415, "unsupported-media-type", "Only plain JSON is read here.", [error(["header", name], msg)]
    )


def _over(limit: int) -> Problem:
    return too_large(f"The request's body is over {limit} bytes, the most that is read here.")
