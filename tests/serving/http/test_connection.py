"""Callers with manners of their own, over real sockets: each is answered, none costs the others anything."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from serving.http import connection as connections
from serving.http import connection as joined
from serving.http.connection import Connection
from tests.serving.process.test_serve import until

GET = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 8_000_000


class Served:
    """An application that tells the path and the body of a request, `/large` with much more to read."""

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
        """A caller, with room for `buffer` bytes of answers that it has not read."""
        caller = socket.socket()
        caller.settimeout(60)
        if buffer is not None:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        caller.connect(self.bound.getsockname()[:2])
        return caller

    def held(self) -> int:
        """Requests that are parsed and wait for the answer to the one before them."""
        open_ones: Any = list(self.server.server_state.connections)
        return sum(len(one.pipeline) for one in open_ones)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    # uvicorn wants signal handlers, which only a main thread may set
    monkeypatch.setattr(uvicorn.Server, "install_signal_handlers", lambda _server: None, raising=False)
    service = Served()
    yield service
    service.server.should_exit = service.server.force_exit = True
    service.thread.join()


def read(caller: socket.socket, enough: Callable[[bytes], bool] = lambda _read: False) -> bytes:
    """What comes until it is enough or the connection ends."""
    found = b""
    while not enough(found) and (part := caller.recv(1 << 20)):
        found += part
    return found


@pytest.mark.parametrize("wish", [b"h2c", b"websocket", b"TLS/1.3, HTTP/1.1"])
def test_a_caller_that_would_rather_speak_another_protocol_keeps_its_body(
    served: Served, wish: bytes
) -> None:
    """Java's client asks for HTTP/2 with the first request of a connection: its body came for empty."""
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


def test_requests_sent_ahead_are_answered_in_order(served: Served) -> None:
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


def test_who_sends_without_reading_is_not_held_in_memory(served: Served) -> None:
    """Every request that was sent became an object of some kilobytes: seventy callers took 5 GB and all of the time."""
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
    assert most <= len(greedy) * connections.PARSED_AT_ONCE // len(GET % 7) + len(greedy)


def test_a_caller_that_has_said_all_is_still_answered(served: Served) -> None:
    with closing(served.call()) as caller:
        caller.sendall(GET % 1 + b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
        caller.shutdown(socket.SHUT_WR)
        found = read(caller)
    assert b"/1 0" in found
    assert found.endswith(b"/2 2")


def test_half_a_request_and_an_end_get_none(served: Served) -> None:
    with closing(served.call()) as caller:
        caller.sendall(b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        caller.shutdown(socket.SHUT_WR)
        assert read(caller) == b""


@pytest.mark.parametrize("more", [b"", b"a", b"\r\n"], ids=["nothing", "a byte of its body", "a line's end"])
def test_what_is_left_of_an_answered_request_does_not_keep_a_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.1)
    with closing(served.call()) as caller:
        caller.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n")
        assert b"/1 0" in read(caller, lambda found: b"/1 0" in found)
        caller.sendall(more)
        assert read(caller) == b""


def test_a_rest_that_comes_late_leaves_the_connection_to_the_next_request(served: Served) -> None:
    with closing(served.call()) as caller:
        caller.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        read(caller, lambda found: b"/1 0" in found)
        caller.sendall(b"cd" + GET % 2)
        assert b"/2 0" in read(caller, lambda found: b"/2 0" in found)


@pytest.mark.parametrize("end", [b"", b"Connection: close\r\n"])
def test_an_answer_that_nobody_takes_ends(
    served: Served, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    monkeypatch.setattr(joined, "STALL_SECONDS", 0.2)
    with closing(served.call(buffer=4096)) as caller:
        caller.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n" + end + b"\r\n")
        until(lambda: served.paths == ["/large"] and not served.server.server_state.connections)


def test_an_answer_that_is_taken_slowly_is_sent_whole(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the patience with one that is not taken at all."""
    monkeypatch.setattr(joined, "STALL_SECONDS", 2.0)
    with closing(served.call(buffer=4096)) as caller:
        caller.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        found, pause = 0, threading.Event()
        while part := caller.recv(100_000):
            found += len(part)
            pause.wait(0.001)
    assert found > LARGE


def ending(served: Served) -> bool:
    open_ones: Any = list(served.server.server_state.connections)
    return all(one._is_ending for one in open_ones)


@pytest.mark.parametrize("begun", [b"", b"GET /2 HTT"])
def test_a_request_that_is_on_its_way_at_the_end_is_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """The connection was closed at once: the caller could not know whether its request was heard."""
    monkeypatch.setattr(connections, "LINGER_SECONDS", 60.0)
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


def test_connections_without_a_request_end_with_the_service(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.0)
    with closing(served.call()) as fresh, closing(served.call()) as used:
        used.sendall(GET % 1)
        read(used, lambda found: b"/1 0" in found)
        served.server.should_exit = True
        assert read(fresh) == read(used) == b""
    served.thread.join()
