"""One HTTP connection of a worker: uvicorn's protocol with bounds on time and memory, and errors as problems."""

import asyncio
import os

import httptools

from serving.base.problems import MEDIA_TYPE, Problem
from serving.http.bodies import IS_WHOLE
from serving.http.coalescing import CoalescingTransport
from serving.http.uvicorn_private import STATUS_LINE, FlowControl, HttpToolsProtocol

HEADER_SECONDS = 15.0
MAX_HEADER_BYTES = 64 * 1024
PARSED_AT_ONCE = 4 * 1024  # bytes: bounds how many pipelined requests are parsed before the first is answered
LINGER_SECONDS = 0.5
UPGRADE_HEADERS = (b"upgrade", b"http2-settings")


class _PipelineFlow(FlowControl):
    """Reads on only while no pipelined request waits.

    uvicorn resumes reading after each answer and would hold every request of a client that sends and never reads.
    """

    def __init__(self, connection: "Connection") -> None:
        super().__init__(connection.transport)
        self._pipeline = connection.pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """Closes a connection whose request does not arrive in time, whose head is too long, or whose client stalls.

    A head has `HEADER_SECONDS` and `MAX_HEADER_BYTES`; the rest of a request that is answered early has the same time.
    Pipelined requests are parsed a few at a time.
    """

    coalescing: CoalescingTransport
    _header_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _unparsed = memoryview(b"")
    _has_head = False  # of the request that is being read
    _is_whole = True
    _is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.coalescing = CoalescingTransport(transport, self.loop)
        super().connection_made(self.coalescing)  # type: ignore[arg-type]
        self.flow = _PipelineFlow(self)
        self._start_header_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_header_timer()
        self.coalescing.unwatch_stall()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """True keeps the connection open for the answer: the client closed its side after a whole request."""
        if self.cycle is None or self.cycle.response_complete or not self._is_whole:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        self._unparsed = memoryview(bytes(self._unparsed) + data)
        self._parse()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.coalescing.watch_stall()

    def resume_writing(self) -> None:
        self.coalescing.unwatch_stall()
        super().resume_writing()

    def on_response_complete(self) -> None:
        self.coalescing.flush()
        super().on_response_complete()
        self._parse()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._has_head = self._is_whole = False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._asks_for_upgrade():
            self._has_head = True
            self._stop_header_timer()
            super().on_headers_complete()
            if self._is_ending:
                self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if not self._asks_for_upgrade():
            self._is_whole = True
            self._stop_header_timer()
            super().on_message_complete()
            self.cycle.scope[IS_WHOLE] = True  # type: ignore[literal-required]

    def shutdown(self) -> None:
        """Closes after the answer in progress; an idle connection lingers for a request that is on its way."""
        self._is_ending = True
        if self._is_idle():
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
        elif self.cycle is not None:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Answers invalid HTTP with 400, too large a head with 431, both as problems, and closes."""
        request_id = os.urandom(16).hex()
        if self._head_bytes > MAX_HEADER_BYTES:
            detail = f"A request's head may have {MAX_HEADER_BYTES} bytes."
            problem = Problem(431, "headers-too-large", detail)
        else:
            problem = Problem(400, "not-http", "This is not a valid HTTP request.")
        content = problem.encoded(request_id)
        head = (
            f"content-type: {MEDIA_TYPE}\r\nx-request-id: {request_id}\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + content)
        self.transport.close()

    def _is_idle(self) -> bool:
        return self._is_whole and (self.cycle is None or self.cycle.response_complete)

    def _close_if_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

    def _parse(self) -> None:
        """Parses received bytes piece by piece, up to a request that has to wait for the answer before it."""
        while self._unparsed and not self.pipeline and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            piece, self._unparsed = self._unparsed[:PARSED_AT_ONCE], self._unparsed[PARSED_AT_ONCE:]
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                self._reparse_without_upgrade(piece[upgrade.args[0] :])
            except httptools.HttpParserError:
                self.send_400_response("")
        self._rearm_timeouts()

    def _rearm_timeouts(self) -> None:
        """Re-arms the timeouts of a connection without a request in progress, even after stray bytes."""
        if self.transport.is_closing():
            return
        if not self._is_whole and not self._has_head:  # only now: mostly a request arrives in one piece
            self._start_header_timer()
        if self.cycle is None or not self.cycle.response_complete:
            return
        if not self._is_whole:
            self._start_header_timer()
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _asks_for_upgrade(self) -> bool:
        """True if the request asks for another protocol; the parser then does not read its body."""
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _reparse_without_upgrade(self, rest: memoryview) -> None:
        """Re-parses the request without its Upgrade headers, which a server may ignore (RFC 9110, section 7.8).

        Java's HTTP client asks for HTTP/2 in the first request of every connection, whatever its method and body.
        """
        version = self.parser.get_http_version().encode()
        headers = [(name, value) for name, value in map(_without_upgrade, self.headers) if value]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, lines)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets it
        self._unparsed = memoryview(head + rest + self._unparsed)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES:
            raise httptools.HttpParserError("head too large")

    def _start_header_timer(self) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(HEADER_SECONDS, self._close_if_incomplete)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _close_if_incomplete(self) -> None:
        self._header_timer = None
        if self._unparsed:  # pipelined requests that wait for an answer: not the client's delay
            self._start_header_timer()
        elif not self.transport.is_closing():
            self.transport.close()


def _without_upgrade(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A request header without its wish for another protocol; its value is empty if nothing else is left."""
    name, value = header
    if name in UPGRADE_HEADERS:
        return name, b""
    if name == b"connection":
        tokens = (token.strip() for token in value.split(b","))
        return name, b", ".join(token for token in tokens if token.lower() not in UPGRADE_HEADERS)
    return name, value
