"""Write coalescing: the head and body of an answer leave in one system call."""

import asyncio
from typing import Any

MAX_HELD_BYTES = 64 * 1024
STALL_SECONDS = 60.0  # a full system buffer accepts bytes again only once a third of it is free


class CoalescingTransport:
    """A transport wrapper that sends head and body in one write and aborts clients that stop reading.

    uvicorn writes them one after the other: two system calls, and the client wakes up for a head without a body. Bytes
    are held until `flush`, the next tick of the event loop, or `MAX_HELD_BYTES`. Once watched or closed, the
    connection is aborted if the client takes nothing for `STALL_SECONDS`.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing  # asked for several times a request
        self._loop = loop
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._stall_timer: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MAX_HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes the held bytes."""
        if self._held:
            held, self._held, self._held_bytes = self._held, [], 0
            self._transport.write(b"".join(held))

    def close(self) -> None:
        """Flushes, then closes once the client has taken everything, or stalls."""
        self.flush()
        self._transport.close()
        self.watch_stall()

    def watch_stall(self) -> None:
        """Aborts the connection unless the client takes bytes within `STALL_SECONDS`."""
        self.unwatch_stall()
        unsent = self._transport.get_write_buffer_size()
        if unsent:
            self._stall_timer = self._loop.call_later(STALL_SECONDS, self._abort_if_stalled, unsent)

    def unwatch_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _abort_if_stalled(self, unsent_before: int) -> None:
        if self._transport.get_write_buffer_size() < unsent_before:
            self.watch_stall()
        else:
            self._transport.abort()
