"""One part of the work, as it travels to a worker and as the worker does it."""

import pickle
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Protocol

from history.base.compiled import one_thread
from history.base.errors import EngineFailed

PACKAGES: Final = ("leadcast", "numpy", "numba", "scipy")  # those whose versions decide the last bit
LOSSES: Final = 3  # workers that one part may cost


class LostWorker(Exception):
    """A worker ended before its part was done."""


class Pending(Protocol):
    """A part that a worker has."""

    def result(self) -> Any:
        """Waits for the result; raises LostWorker if the worker ended, and what the function raised."""


def versions() -> dict[str, str]:
    """Versions of Python and of PACKAGES in this process, "none" for one that is not installed."""
    of_python = ".".join(platform.python_version_tuple()[:2])
    return {"python": of_python, **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def packed(function: Callable[[Any, Any], Any], shared: object) -> bytes:
    """The function and what all parts share, for `run`."""
    return pickle.dumps((versions(), pickle.dumps((function, shared), protocol=5)), protocol=5)


def run(job: bytes, part: bytes) -> Any:
    """The function's result for one part, on one thread.

    Raises EngineFailed, before it reads further, if the job comes from another version.
    """
    function, shared = _unpacked(job)
    with one_thread():
        return function(shared, pickle.loads(part))


@lru_cache(maxsize=2)
def _unpacked(job: bytes) -> tuple[Callable[[Any, Any], Any], Any]:
    """The function and what parts share, read once a worker."""
    theirs, content = pickle.loads(job)
    refuse_other_versions(theirs, versions(), platform.node())
    function, shared = pickle.loads(content)
    return function, shared


def refuse_other_versions(ours: dict[str, str], theirs: dict[str, str], worker: str) -> None:
    """Raises EngineFailed if a worker's versions differ from those of the command."""
    other = [f"{name} {theirs.get(name, 'none')} instead of {ours[name]}" for name in ours]
    other = [text for name, text in zip(ours, other, strict=True) if theirs.get(name) != ours[name]]
    if other:
        raise EngineFailed(
            f"worker {worker} has {', '.join(other)}: results could differ; install the same versions there"
        )


def in_order(submit: Callable[[bytes], Pending], parts: Iterable[object], ahead: int) -> Iterator[Any]:
    """The results of parts in their order, with at most `ahead` parts submitted at a time.

    A part whose worker is lost is submitted again, at most LOSSES times.
    """
    waiting: deque[tuple[bytes, Pending]] = deque()
    for part in parts:
        content = pickle.dumps(part, protocol=5)
        waiting.append((content, submit(content)))
        if len(waiting) >= ahead:
            yield _first_result(waiting, submit)
    while waiting:
        yield _first_result(waiting, submit)


def _first_result(waiting: deque[tuple[bytes, Pending]], submit: Callable[[bytes], Pending]) -> Any:
    content, pending = waiting.popleft()
    for _ in range(LOSSES):
        try:
            return pending.result()
        except LostWorker:
            pending = submit(content)
    try:
        return pending.result()
    except LostWorker as lost:
        raise EngineFailed(
            f"{LOSSES + 1} workers ended at the same part of the work, perhaps for lack of memory: give workers more "
            "memory, or have fewer of them"
        ) from lost
