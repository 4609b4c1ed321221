"""Connections of several workers: even numbers, none lost on its way, and none to a worker that is gone."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn
import uvloop

from serving.http.sharing import Board, Share, SharedConnection, serve_taken


def in_loop(steps: Callable[[], object]) -> None:
    """Runs the steps within an event loop."""

    async def run() -> None:
        steps()

    asyncio.run(run())


def refuse(taken: socket.socket) -> None:
    raise AssertionError("nothing was to be taken")


def test_a_connection_goes_to_the_worker_with_the_fewest(tmp_path: Path) -> None:
    def steps() -> None:
        taken: list[socket.socket] = []
        shares = [Share(tmp_path, place, 3) for place in range(3)]
        for share in shares:
            share.open(taken.append)
        ours, theirs = socket.socketpair()
        assert not shares[0].hand_over(ours.fileno()), "all have none"
        shares[0].count(1)
        shares[1].count(1)
        assert shares[0].hand_over(ours.fileno())
        assert Board(tmp_path, 3).loads() == [1, 1, 1], "it counts for its taker before it arrives"
        assert not shares[0].hand_over(ours.fileno()), "all have one"
        ours.close()
        shares[2].close(taken.append)
        (arrived,) = taken
        theirs.sendall(b"asked")
        assert arrived.recv(5) == b"asked"
        assert Board(tmp_path, 3).loads() == [1, 1, 0], "who takes it counts it when it is served"
        for one in (theirs, arrived):
            one.close()
        for share in shares[:2]:
            share.close(refuse)

    in_loop(steps)


def test_new_connections_spread_evenly_whoever_accepts_them(tmp_path: Path) -> None:
    def steps() -> None:
        shares = [Share(tmp_path, place, 3) for place in range(3)]
        served = [0, 0, 0]

        def taker(place: int) -> Callable[[socket.socket], None]:
            def take(taken: socket.socket) -> None:
                taken.close()
                shares[place].count(1)
                served[place] += 1

            return take

        for place, share in enumerate(shares):
            share.open(taker(place))
        ours, theirs = socket.socketpair()
        for _ in range(20):
            if not shares[0].hand_over(ours.fileno()):
                shares[0].count(1)
                served[0] += 1
        for place, share in enumerate(shares):
            share.close(taker(place))
        assert sorted(served) == [6, 7, 7]
        assert Board(tmp_path, 3).loads() == served
        ours.close()
        theirs.close()

    in_loop(steps)


def test_a_worker_that_was_killed_gets_nothing_and_its_successor_starts_at_none(tmp_path: Path) -> None:
    def steps() -> None:
        first, killed = Share(tmp_path, 0, 2), Share(tmp_path, 1, 2)
        first.open(refuse)
        killed.open(refuse)
        ours, theirs = socket.socketpair()
        first.count(2)
        assert first.hand_over(ours.fileno())
        killed.count(7)
        assert killed._socket is not None
        asyncio.get_running_loop().remove_reader(killed._socket.fileno())
        killed._socket.close()
        first.count(30)
        assert not first.hand_over(ours.fileno())
        assert Board(tmp_path, 2).loads() == [32, 8]
        successor = Share(tmp_path, 1, 2)
        successor.open(refuse)
        assert Board(tmp_path, 2).loads() == [32, 0]
        for share in (first, successor):
            share.close(refuse)
        assert not first.hand_over(ours.fileno()), "it is closed"
        ours.close()
        theirs.close()

    in_loop(steps)


async def _application(scope: object, receive: object, send: Callable[..., object]) -> None:
    head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    await send(head)  # type: ignore[misc]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[misc]


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_connection_is_served_by_one_worker_and_counted_until_it_ends(
    tmp_path: Path, is_taken: bool
) -> None:
    """Accepted here or by another; the other's descriptor is closed without an end of the connection."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(_application, interface="asgi3", ws="none", lifespan="off", log_config=None)
        state = uvicorn.server.ServerState()
        here, there = Share(tmp_path, 0, 2), Share(tmp_path, 1, 2)
        arrived: list[socket.socket] = []
        here.open(refuse)
        there.open(arrived.append)
        SharedConnection.share = here
        if is_taken:
            here.count(1)

        def connection() -> SharedConnection:
            return SharedConnection(config=config, server_state=state, app_state={})

        server = await loop.create_server(connection, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        if is_taken:
            while not arrived:
                await asyncio.sleep(0.01)
            SharedConnection.share = there

            def of_there() -> SharedConnection:
                taken = connection()
                taken.is_taken = True
                return taken

            await serve_taken(arrived[0], of_there)
        assert await asyncio.wait_for(reader.readuntil(b"ok"), 5)
        assert Board(tmp_path, 2).loads() == ([1, 1] if is_taken else [1, 0])
        writer.close()
        while sum(Board(tmp_path, 2).loads()) > is_taken:
            await asyncio.sleep(0.01)
        server.close()
        here.close(refuse)
        there.close(refuse)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
