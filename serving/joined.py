"""The transport of a connection as its answers see it: written to in one piece, given up where nobody reads."""

import asyncio
from typing import Any

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
