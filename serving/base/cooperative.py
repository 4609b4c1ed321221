"""Cooperative yielding: long loops of one request let other requests run in between."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

ITEMS_PER_TURN = 8

Item = TypeVar("Item")


async def collect(items: Iterable[Item]) -> list[Item]:
    """The items of an iterator that computes each; yields to the event loop after every `ITEMS_PER_TURN`."""
    collected = []
    for item in items:
        collected.append(item)
        if len(collected) % ITEMS_PER_TURN == 0:
            await asyncio.sleep(0)
    return collected
