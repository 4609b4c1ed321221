"""One worker of `leadcast serve`: the BentoML service's application under uvicorn, on an inherited socket.

Run as `python -m serving.process.worker SOCKET_FD PARENT_PID PLACE WORKERS`; dies with its parent.
"""

import asyncio
import gc
import signal
import socket
import sys
from typing import Any, NamedTuple

import uvicorn

from serving.base.parent_death import die_with_parent
from serving.base.settings import read_settings
from serving.http.connection import Connection
from serving.http.sharing import Share, SharedConnection, serve_taken

KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 25  # less than the supervisor's 30, after which it kills


class Place(NamedTuple):
    """Which of how many workers this one is, from 0."""

    number: int
    workers: int


class _SharingServer(uvicorn.Server):
    """A server that shares its connections with the other workers."""

    def __init__(self, config: uvicorn.Config, share: Share) -> None:
        super().__init__(config)
        self._share = share
        self._taking: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._share.open(self._take)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._share.close(self._take)
        await asyncio.gather(*self._taking)
        await super().shutdown(sockets)

    def _take(self, taken: socket.socket) -> None:
        task = asyncio.ensure_future(serve_taken(taken, self._new_connection))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    def _new_connection(self) -> Connection:
        connection = SharedConnection(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        connection.is_taken = True
        return connection


def main(descriptor: int, parent_pid: int, place: Place) -> None:
    """Serves until SIGTERM, then answers the requests in progress."""
    die_with_parent(parent_pid)
    for number in (signal.SIGINT, signal.SIGHUP):  # reach the whole group; the supervisor sends SIGTERM
        signal.signal(number, signal.SIG_IGN)
    gc.disable()  # imports leave nothing to collect: 0.4 s; on again when the heap is frozen (serving/runtime.py)
    from serving.service import Leadcast

    service: Any = Leadcast
    share = _share(place)
    config = uvicorn.Config(
        service.to_asgi(),
        loop="uvloop",
        http=Connection if share is None else SharedConnection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = uvicorn.Server(config) if share is None else _SharingServer(config, share)
    server.run(sockets=[socket.socket(fileno=descriptor)])


def _share(place: Place) -> Share | None:
    """This worker's part in sharing; None if it is alone, or has no folder to meet the others in."""
    run_folder = read_settings().run_folder
    if place.workers == 1 or run_folder is None:
        return None
    SharedConnection.share = Share(run_folder, *place)
    return SharedConnection.share


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Place(int(sys.argv[3]), int(sys.argv[4])))
