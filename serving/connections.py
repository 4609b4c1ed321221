"""One connection of a worker: uvicorn's, with a bound on headers, errors in our shape, answers sent in one piece."""

import asyncio
import os
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.problems import MEDIA_TYPE, Problem

HEADER_SECONDS = 15.0
MAX_HEADER_BYTES = 64 * 1024
MAX_HELD_BYTES = 64 * 1024


class Joined:
    """A transport that holds what is written until it is told to send, or to the next turn of the loop.

    uvicorn writes an answer's head and its body one after the other: two system calls, and the caller is woken for a
    head without a body.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self.send)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_HELD_BYTES:
            self.send()

    def close(self) -> None:
        """Sends what is held, then closes."""
        self.send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self) -> None:
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self._transport.write(b"".join(parts))


class Connection(HttpToolsProtocol):
    """Ends a connection whose request head is not whole after `HEADER_SECONDS` or is over `MAX_HEADER_BYTES`."""

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.joined = Joined(transport, self.loop)
        super().connection_made(self.joined)  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self.joined.send()
        super().on_response_complete()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        if self._waiting is None:
            self._wait()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._wait_no_more()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is not HTTP, or too much of it."""
        request_id = os.urandom(16).hex()
        if self._head_bytes > MAX_HEADER_BYTES:
            problem = Problem(
                431, "headers-too-large", f"A request's head may have {MAX_HEADER_BYTES} bytes."
            )
        else:
            problem = Problem(400, "not-http", "This is not a valid HTTP request.")
        content = problem.encoded(request_id)
        head = (
            f"content-type: {MEDIA_TYPE}\r\nx-request-id: {request_id}\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + content)
        self.transport.close()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES:
            raise httptools.HttpParserError("head too large")

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()
