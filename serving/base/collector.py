"""Stretches of work without Python's garbage collector, or without its full collections."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEVER: Final = 2**30  # collections of the middle generation before a full one


@contextmanager
def no_collections() -> Iterator[None]:
    """Keeps the garbage collector from walking through each batch again and again: a third of a bulk reading's time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def rare_full_collections() -> Iterator[None]:
    """Leaves full collections to explicit ones; those of young objects, which take a millisecond, go on."""
    young, middle, full = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, full)
