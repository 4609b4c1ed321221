"""Connections shared evenly by workers: who accepts one too many hands it to the worker with the fewest.

All workers accept on one socket, and the system wakes any of them: of four connections, which stay open for hours, one
worker often got all. Numbers of connections stand on a board in shared memory, and an accepted connection travels as a
file descriptor over a Unix socket before a byte of it is read (SCM_RIGHTS, unix(7)).
"""

import asyncio
import mmap
import socket
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np

from serving.http.connection import Connection

BOARD = "connections"
LONGEST_MESSAGE = 16  # bytes: the number of the sender


class Board:
    """Numbers of connections of n workers in a file that all of them map; each cell is written by one worker alone.

    is_open (n,): 1 if a worker takes connections. held (n,): those it has. sent (n, n): those that a worker has handed
    to another; taken (n, n): those of them that the other has taken, so that one on its way counts for its taker.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        cells = 2 * workers + 2 * workers * workers
        with open(folder / BOARD, "a+b") as file:
            file.truncate(8 * cells)
            numbers = np.frombuffer(mmap.mmap(file.fileno(), 8 * cells), dtype=np.int64)
        self.is_open, self.held = numbers[:workers], numbers[workers : 2 * workers]
        self.sent, self.taken = numbers[2 * workers :].reshape(2, workers, workers)

    def loads(self) -> list[int]:
        """Connections (n,) of each worker, with those on their way to it."""
        loads: list[int] = (self.held + self.sent.sum(axis=0) - self.taken.sum(axis=0)).tolist()
        return loads

    def start(self, place: int) -> None:
        """Clears what an earlier worker at this place has left."""
        self.held[place] = 0
        self.taken[:, place] = self.sent[:, place]


class Share:
    """One worker's part in sharing: counts its connections, hands some over and takes those of others."""

    def __init__(self, folder: Path, place: int, workers: int) -> None:
        self._folder, self._place = folder, place
        self._board = Board(folder, workers)
        self._socket: socket.socket | None = None

    def open(self, take: Callable[[socket.socket], None]) -> None:
        """From now on takes connections of other workers; within a running event loop."""
        address = self._address(self._place)
        address.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(address))
        self._board.start(self._place)
        self._board.is_open[self._place] = 1
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._take_all, take)

    def close(self, take: Callable[[socket.socket], None]) -> None:
        """Takes what is on its way, and no more; hands nothing over either."""
        if self._socket is None:
            return
        self._board.is_open[self._place] = 0
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._take_all(take)
        self._socket.close()
        self._socket = None
        self._address(self._place).unlink(missing_ok=True)

    def count(self, change: int) -> None:
        """Counts a connection that this worker keeps (1), or that has ended (-1)."""
        self._board.held[self._place] += change

    def hand_over(self, descriptor: int) -> bool:
        """True if another worker with fewer connections gets this one, which is then not this worker's to read."""
        if self._socket is None:
            return False
        loads = self._board.loads()
        others = [place for place in np.flatnonzero(self._board.is_open).tolist() if place != self._place]
        target = min(others, key=loads.__getitem__, default=self._place)
        if loads[self._place] <= loads[target]:
            return False
        self._board.sent[self._place, target] += 1
        try:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [descriptor]))
            # Not socket.send_fds, which ignores the address.
            self._socket.sendmsg([str(self._place).encode()], [rights], 0, str(self._address(target)))
        except OSError:  # it has just ended, or its queue is full
            self._board.sent[self._place, target] -= 1
            return False
        return True

    def _take_all(self, take: Callable[[socket.socket], None]) -> None:
        while self._socket is not None:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._socket, LONGEST_MESSAGE, 1)
            except BlockingIOError:
                return
            for descriptor in descriptors:
                take(socket.socket(fileno=descriptor))
            self._board.taken[int(message), self._place] += 1

    def _address(self, place: int) -> Path:
        return self._folder / f"worker-{place}"


class SharedConnection(Connection):
    """A connection of one of several workers; `share` is set by the worker before it serves."""

    share: ClassVar[Share]
    is_taken = False  # from another worker: it is handed over once only
    _is_kept = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if not self.is_taken and self.share.hand_over(transport.get_extra_info("socket").fileno()):
            transport.abort()  # closes this worker's descriptor; the connection lives on in the other's
            return
        self._is_kept = True
        self.share.count(1)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._is_kept:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_kept:
            self.share.count(-1)
            super().connection_lost(exc)


async def serve_taken(taken: socket.socket, new_connection: Callable[[], Connection]) -> None:
    """Serves a connection that another worker has accepted."""
    taken.setblocking(False)
    with suppress(OSError):  # the client has left
        await asyncio.get_running_loop().connect_accepted_socket(new_connection, taken)
