"""One part of the work, as it travels to a worker and as the worker does it."""

import pickle
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Final, Self

from history.base.compiled import one_thread
from history.base.errors import EngineFailed

PACKAGES: Final = ("leadcast", "numpy", "numba", "scipy")  # those whose versions decide the last bit
LOSSES: Final = 3  # workers that one part may cost
PARTS_A_WORKER: Final = 4  # so that none waits long for the last
AHEAD: Final = 2  # parts of each worker that are made and sent in advance
# Waits for the result of a part that a worker has; raises LostWorker if the worker ended, and what the function raised.
Wait = Callable[[], Any]


class LostWorker(Exception):
    """A worker ended before its part was done."""


class Closed:
    """An engine in a `with` block, which closes it."""

    def close(self) -> None:
        """Gives back what the engine holds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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


def in_order(submit: Callable[[bytes], Wait], parts: Iterable[object], ahead: int) -> Iterator[Any]:
    """The results of parts in their order, with at most `ahead` parts submitted at a time.

    A part whose worker is lost is submitted again, at most LOSSES times.
    """
    waiting: deque[tuple[bytes, Wait]] = deque()
    for part in parts:
        content = pickle.dumps(part, protocol=5)
        waiting.append((content, submit(content)))
        if len(waiting) >= ahead:
            yield _first_result(waiting, submit)
    while waiting:
        yield _first_result(waiting, submit)


def _first_result(waiting: deque[tuple[bytes, Wait]], submit: Callable[[bytes], Wait]) -> Any:
    content, wait = waiting.popleft()
    for _ in range(LOSSES):
        try:
            return wait()
        except LostWorker:
            wait = submit(content)
    try:
        return wait()
    except LostWorker as lost:
        raise EngineFailed(
            f"{LOSSES + 1} workers ended at the same part of the work, perhaps for lack of memory: give workers more "
            "memory, or have fewer of them"
        ) from lost
