"""One connection of a worker: uvicorn's, bounded in what it holds for its caller, with errors in our shape."""

import asyncio
import os
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.base.problems import MEDIA_TYPE, Problem

MAX_HELD_BYTES = 64 * 1024
STALL_SECONDS = 60.0  # a system buffer takes more only once a third of it is free


class Joined:
    """A transport that holds what is written until it is told to send, or to the next turn of the loop.

    uvicorn writes an answer's head and its body one after the other: two system calls, and the caller is woken for a
    head without a body. Once watched or closed, it is aborted where its caller takes nothing for `STALL_SECONDS`.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0
        self._watching: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self.send)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_HELD_BYTES:
            self.send()

    def close(self) -> None:
        """Sends what is held, then closes; what the caller has not taken yet is still sent, while it takes it."""
        self.send()
        self._transport.close()
        self.watch()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self) -> None:
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self._transport.write(b"".join(parts))

    def watch(self) -> None:
        """Begins to look whether the caller takes what is sent to it."""
        self.watch_no_more()
        left = self._transport.get_write_buffer_size()
        if left:
            self._watching = self._loop.call_later(STALL_SECONDS, self._look, left)

    def watch_no_more(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def _look(self, before: int) -> None:
        if self._transport.get_write_buffer_size() < before:
            self.watch()
        else:
            self._transport.abort()


HEADER_SECONDS = 15.0
MAX_HEADER_BYTES = 64 * 1024
PARSED_AT_ONCE = 4 * 1024
LINGER_SECONDS = 0.5
UPGRADES = (b"upgrade", b"http2-settings")


class _Reading(FlowControl):
    """Reads on only while no request waits for the answer to the one before it, whatever uvicorn asks for.

    uvicorn reads on after each answer, and would hold every request of a caller that sends and never reads.
    """

    def __init__(self, connection: "Connection") -> None:
        super().__init__(connection.transport)
        self._pipeline = connection.pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """Ends a connection whose request is not whole in time, whose head is too long, or whose answer nobody takes.

    A head has `HEADER_SECONDS` and `MAX_HEADER_BYTES`, and so long has what is left of a request that is answered
    already. Requests that come before the answer to an earlier one are parsed a few at a time.
    """

    joined: Joined
    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _unparsed = memoryview(b"")
    _is_whole = True
    _is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.joined = Joined(transport, self.loop)
        super().connection_made(self.joined)  # type: ignore[arg-type]
        self.flow = _Reading(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        self.joined.watch_no_more()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """True, to stay open for the answer, where the caller has said all and a request of it is not answered yet."""
        if self.cycle is None or self.cycle.response_complete or not self._is_whole:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        self._unparsed = memoryview(bytes(self._unparsed) + data)
        self._parse()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.joined.watch()

    def resume_writing(self) -> None:
        self.joined.watch_no_more()
        super().resume_writing()

    def on_response_complete(self) -> None:
        self.joined.send()
        super().on_response_complete()
        self._parse()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._is_whole = False
        self._wait()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_elsewhere():
            self._wait_no_more()
            super().on_headers_complete()
            if self._is_ending:
                self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if not self._is_elsewhere():
            self._is_whole = True
            self._wait_no_more()
            super().on_message_complete()

    def shutdown(self) -> None:
        """Ends with the answer at work, or else with one to a request that is under way already."""
        self._is_ending = True
        if self._is_idle():
            self.loop.call_later(LINGER_SECONDS, self._end_if_idle)
        elif self.cycle is not None:
            self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        return self._is_whole and (self.cycle is None or self.cycle.response_complete)

    def _end_if_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

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

    def _parse(self) -> None:
        """Parses what has come, piece by piece until a request waits for the answer to the one before it."""
        while self._unparsed and not self.pipeline and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            part, self._unparsed = self._unparsed[:PARSED_AT_ONCE], self._unparsed[PARSED_AT_ONCE:]
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade as asked:
                self._stay(part[asked.args[0] :])
            except httptools.HttpParserError:
                self.send_400_response("")
        self._rest()

    def _rest(self) -> None:
        """Sees to it that a connection with nothing to do ends some time, also where its caller said a little more."""
        if self.cycle is None or not self.cycle.response_complete or self.transport.is_closing():
            return
        if not self._is_whole:
            self._wait()
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _is_elsewhere(self) -> bool:
        """Whether the request asks to go on in another protocol; the parser then takes its body for none."""
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _stay(self, rest: memoryview) -> None:
        """Reads a request that asks for another protocol once more without that wish, which HTTP allows to ignore.

        Java's client asks for HTTP/2 with the first request of every connection, whatever its method and body.
        """
        version = self.parser.get_http_version().encode()
        kept = [b"%b: %b\r\n" % (name, value) for name, value in map(_without_upgrade, self.headers) if value]
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, b"".join(kept))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._unparsed = memoryview(head + rest + self._unparsed)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES:
            raise httptools.HttpParserError("head too large")

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._waiting = None
        if self._unparsed:
            self._wait()
        elif not self.transport.is_closing():
            self.transport.close()


def _without_upgrade(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A header of a request, its value empty where it only asks for another protocol."""
    name, value = header
    if name in UPGRADES:
        return name, b""
    if name == b"connection":
        tokens = (token.strip() for token in value.split(b","))
        return name, b", ".join(token for token in tokens if token.lower() not in UPGRADES)
    return name, value
