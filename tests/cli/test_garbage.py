"""Rare searches for garbage are searches still."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from cli.garbage import AFTER, collect_rarely


@pytest.fixture(autouse=True)
def threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Ring:
    """Refers to itself, so that only a search frees it."""

    def __init__(self) -> None:
        self.me = self


def test_garbage_goes_after_so_many_objects() -> None:
    collect_rarely()
    gc.collect()
    ring = weakref.ref(Ring())
    kept = [Ring() for _ in range(AFTER // 4)]
    assert ring() is not None
    kept += [Ring() for _ in range(AFTER)]
    assert ring() is None


def test_older_generations_are_searched_as_often_as_usual() -> None:
    """By their number of searches of younger ones: only that of new objects is rarer."""
    usual = gc.get_threshold()[1:]
    collect_rarely()
    assert gc.get_threshold() == (AFTER, *usual)
