"""An answer leaves in one piece, and nothing that was written is lost or reordered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from serving.http.connection import MAX_HELD_BYTES, Joined


class Written:
    """A transport that remembers its writes, None for its end."""

    def __init__(self) -> None:
        self.pieces: list[bytes | None] = []
        self.left = 0

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(None)

    def get_write_buffer_size(self) -> int:
        return self.left

    def is_closing(self) -> bool:
        return None in self.pieces


def run(script: Callable[[Joined, Written], Awaitable[None]]) -> None:
    async def main() -> None:
        below = Written()
        await script(Joined(cast(Any, below), asyncio.get_running_loop()), below)

    asyncio.run(main())


def test_a_head_and_its_body_are_one_write() -> None:
    async def script(above: Joined, below: Written) -> None:
        above.write(b"head")
        above.write(b"body")
        assert below.pieces == []
        above.send()
        await asyncio.sleep(0)
        assert below.pieces == [b"headbody"]

    run(script)


def test_what_nobody_completes_leaves_with_the_next_turn_of_the_loop() -> None:
    async def script(above: Joined, below: Written) -> None:
        above.write(b"head")
        await asyncio.sleep(0)
        above.write(b"part")
        await asyncio.sleep(0)
        assert below.pieces == [b"head", b"part"]

    run(script)


def test_much_is_not_held() -> None:
    async def script(above: Joined, below: Written) -> None:
        above.write(b"head")
        above.write(bytes(MAX_HELD_BYTES))
        assert below.pieces == [b"head" + bytes(MAX_HELD_BYTES)]

    run(script)


def test_the_end_comes_after_what_is_held() -> None:
    async def script(above: Joined, below: Written) -> None:
        above.write(b"last")
        above.close()
        await asyncio.sleep(0)
        assert below.pieces == [b"last", None]
        assert above.is_closing()

    run(script)
