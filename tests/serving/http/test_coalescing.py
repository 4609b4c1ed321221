"""Write coalescing: an answer is one write, and no byte is lost or reordered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from serving.http.coalescing import MAX_HELD_BYTES, CoalescingTransport


class Recorder:
    """A transport that records its writes, and None for its close."""

    def __init__(self) -> None:
        self.pieces: list[bytes | None] = []
        self.unsent = 0

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(None)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return None in self.pieces


def run(script: Callable[[CoalescingTransport, Recorder], Awaitable[None]]) -> None:
    async def main() -> None:
        below = Recorder()
        await script(CoalescingTransport(cast(Any, below), asyncio.get_running_loop()), below)

    asyncio.run(main())


def test_a_head_and_its_body_are_one_write() -> None:
    async def script(above: CoalescingTransport, below: Recorder) -> None:
        above.write(b"head")
        above.write(b"body")
        assert below.pieces == []
        above.flush()
        await asyncio.sleep(0)
        assert below.pieces == [b"headbody"]

    run(script)


def test_an_incomplete_answer_is_written_in_the_next_tick() -> None:
    async def script(above: CoalescingTransport, below: Recorder) -> None:
        above.write(b"head")
        await asyncio.sleep(0)
        above.write(b"part")
        await asyncio.sleep(0)
        assert below.pieces == [b"head", b"part"]

    run(script)


def test_at_most_max_held_bytes_are_held() -> None:
    async def script(above: CoalescingTransport, below: Recorder) -> None:
        above.write(b"head")
        above.write(bytes(MAX_HELD_BYTES))
        assert below.pieces == [b"head" + bytes(MAX_HELD_BYTES)]

    run(script)


def test_close_comes_after_the_held_bytes() -> None:
    async def script(above: CoalescingTransport, below: Recorder) -> None:
        above.write(b"last")
        above.close()
        await asyncio.sleep(0)
        assert below.pieces == [b"last", None]
        assert above.is_closing()

    run(script)
