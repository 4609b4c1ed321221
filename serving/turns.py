"""Long work of one request done a little at a time, so that a worker's other requests are answered in between."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

AT_ONCE = 8

Value = TypeVar("Value")


async def in_turns(values: Iterable[Value]) -> list[Value]:
    """All values of an iterator that works for each; after every `AT_ONCE` of them others have their turn."""
    found = []
    for value in values:
        found.append(value)
        if len(found) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return found
