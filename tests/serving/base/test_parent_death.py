"""A child whose parent is already dead ends at once; another asks the kernel for a signal."""

import ctypes
import os
import signal
from typing import Any

import pytest

from serving.base.parent_death import die_with_parent


class FakeLibrary:
    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def prctl(self, option: int, value: int) -> None:
        self.calls.append((option, value))


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary()
    given: Any = lambda *_arguments, **_options: fake  # noqa: E731
    monkeypatch.setattr(ctypes, "CDLL", given)
    monkeypatch.setattr("sys.platform", "linux")
    return fake


def test_child_asks_for_a_signal_at_its_parents_death(library: FakeLibrary) -> None:
    die_with_parent(os.getppid())
    assert library.calls == [(1, signal.SIGTERM)]


def test_child_of_a_dead_parent_ends(library: FakeLibrary) -> None:
    """The parent may die between the start of the child and its request."""
    with pytest.raises(SystemExit) as ended:
        die_with_parent(os.getppid() + 1)
    assert ended.value.code == 0
