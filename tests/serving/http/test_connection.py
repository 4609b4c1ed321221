"""Unusual clients over real sockets: each is answered, none costs the others memory or time."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from serving.http import coalescing, connection
from serving.http.connection import Connection
from tests.builders.service.running_service import until

GET = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 8_000_000


class Served:
    """An application that answers with the path and the size of the body; `/large` with 8 MB more."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bound = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self.app,
            interface="asgi3",
            loop="uvloop",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.bound]}, daemon=True)
        self.thread.start()
        until(lambda: self.server.started)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        body, more = b"", scope["method"] == "POST"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        content = b"%b %d" % (scope["path"].encode(), len(body)) + bytes(LARGE * (scope["path"] == "/large"))
        headers = [(b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def call(self, buffer: int | None = None) -> socket.socket:
        """A client socket whose system buffer has room for `buffer` unread bytes."""
        caller = socket.socket()
        caller.settimeout(60)
        if buffer is not None:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        caller.connect(self.bound.getsockname()[:2])
        return caller

    def held(self) -> int:
        """Parsed requests that wait for the answer to the one before them."""
        connections: Any = list(self.server.server_state.connections)
        return sum(len(one.pipeline) for one in connections)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    # uvicorn installs signal handlers, which only a main thread may do
    monkeypatch.setattr(uvicorn.Server, "install_signal_handlers", lambda _server: None, raising=False)
    service = Served()
    yield service
    service.server.should_exit = service.server.force_exit = True
    service.thread.join()


def read(caller: socket.socket, enough: Callable[[bytes], bool] = lambda _read: False) -> bytes:
    """The received bytes, until `enough` holds or the connection ends."""
    received = b""
    while not enough(received) and (part := caller.recv(1 << 20)):
        received += part
    return received


@pytest.mark.parametrize("wish", [b"h2c", b"websocket", b"TLS/1.3, HTTP/1.1"])
def test_an_upgrade_request_keeps_its_body(served: Served, wish: bytes) -> None:
    """Java's client asks for HTTP/2 in the first request of a connection: its body arrived empty."""
    asked = (
        b"POST /one HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " + wish
    )
    asked += b"\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\n"
    for pieces in ([asked + b"hello"], [asked, b"hel", b"lo"], [asked[:60], asked[60:] + b"hello"]):
        with closing(served.call()) as caller:
            for piece in pieces:
                caller.sendall(piece)
            assert b"200 OK" in read(caller, lambda found: b"/one 5" in found)
            caller.sendall(asked.replace(b"/one", b"/two") + b"hello" + GET % 3)
            assert b"/two 5" in read(caller, lambda found: b"/3 0" in found)


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    count = 3_000
    with closing(served.call()) as caller:
        sender = threading.Thread(
            target=caller.sendall, args=[b"".join(GET % i for i in range(count - 1)) + b"POST /last"]
        )
        sender.start()
        found = read(caller, lambda found: b"/%d 0" % (count - 2) in found)
        sender.join()
        caller.sendall(b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab")
        found += read(caller, lambda found: b"/last 2" in found)
    assert served.paths == [*(f"/{i}" for i in range(count - 1)), "/last"]
    assert found.count(b"200 OK") == count


def test_a_client_that_never_reads_costs_bounded_memory(served: Served) -> None:
    """Every request became an object of some kilobytes: seventy clients took 5 GB and all processor time."""
    greedy = [served.call() for _ in range(4)]
    for caller in greedy:
        caller.setblocking(False)
        try:
            while True:
                caller.send((GET % 7) * 2_000)
        except BlockingIOError:
            pass
    most = 0
    for _ in range(20):
        with closing(served.call()) as other:
            other.sendall(GET % 1)
            read(other, lambda found: b"/1 0" in found)
        most = max(most, served.held())
    for caller in greedy:
        caller.close()
    assert most <= len(greedy) * connection.PARSED_AT_ONCE // len(GET % 7) + len(greedy)


def test_a_half_closed_client_is_still_answered(served: Served) -> None:
    with closing(served.call()) as caller:
        caller.sendall(GET % 1 + b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
        caller.shutdown(socket.SHUT_WR)
        found = read(caller)
    assert b"/1 0" in found
    assert found.endswith(b"/2 2")


def test_half_a_request_before_the_close_gets_no_answer(served: Served) -> None:
    with closing(served.call()) as caller:
        caller.sendall(b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        caller.shutdown(socket.SHUT_WR)
        assert read(caller) == b""


@pytest.mark.parametrize("more", [b"", b"a", b"\r\n"], ids=["nothing", "a byte of its body", "a line's end"])
def test_the_rest_of_an_answered_request_has_a_time_limit(
    served: Served, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.1)
    with closing(served.call()) as caller:
        caller.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n")
        assert b"/1 0" in read(caller, lambda found: b"/1 0" in found)
        caller.sendall(more)
        assert read(caller) == b""


def test_a_late_rest_leaves_the_connection_usable(served: Served) -> None:
    with closing(served.call()) as caller:
        caller.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        read(caller, lambda found: b"/1 0" in found)
        caller.sendall(b"cd" + GET % 2)
        assert b"/2 0" in read(caller, lambda found: b"/2 0" in found)


@pytest.mark.parametrize("end", [b"", b"Connection: close\r\n"])
def test_a_client_that_takes_nothing_is_aborted(
    served: Served, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    monkeypatch.setattr(coalescing, "STALL_SECONDS", 0.2)
    with closing(served.call(buffer=4096)) as caller:
        caller.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n" + end + b"\r\n")
        until(lambda: served.paths == ["/large"] and not served.server.server_state.connections)


def test_a_slow_client_gets_its_whole_answer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer than STALL_SECONDS, but never stops."""
    monkeypatch.setattr(coalescing, "STALL_SECONDS", 2.0)
    with closing(served.call(buffer=4096)) as caller:
        caller.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        found, pause = 0, threading.Event()
        while part := caller.recv(100_000):
            found += len(part)
            pause.wait(0.001)
    assert found > LARGE


def ending(served: Served) -> bool:
    connections: Any = list(served.server.server_state.connections)
    return all(one._is_ending for one in connections)


@pytest.mark.parametrize("begun", [b"", b"GET /2 HTT"])
def test_a_request_under_way_at_shutdown_is_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """The connection was closed at once: the client could not know whether its request was processed."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 60.0)
    with closing(served.call()) as caller:
        caller.sendall(GET % 1)
        read(caller, lambda found: b"/1 0" in found)
        caller.sendall(begun)
        served.server.should_exit = True
        until(lambda: ending(served))
        caller.sendall(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n".removeprefix(begun))
        last = read(caller)
    assert b"connection: close" in last
    assert b"/2 0" in last
    served.thread.join()


def test_idle_connections_are_closed_at_shutdown(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.0)
    with closing(served.call()) as fresh, closing(served.call()) as used:
        used.sendall(GET % 1)
        read(used, lambda found: b"/1 0" in found)
        served.server.should_exit = True
        assert read(fresh) == read(used) == b""
    served.thread.join()
