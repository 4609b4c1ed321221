"""What work by parts needs of those who share it: processes of this machine, or other machines."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Part = TypeVar("Part")
Result = TypeVar("Result")


class Engine(Protocol):
    """Workers that each call the same functions on parts of the work.

    Where a function takes `Engine | None`, None stands for this process alone.
    """

    @property
    def n_parts(self) -> int:
        """Into how many parts to split: several a worker, so that none waits long for the last."""

    def map(
        self, function: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Iterator[Result]:
        """function(shared, part) of each part, in their order; a part is made when a worker will soon be free.

        function is one of a module; shared goes to each worker once. What a lost worker had is done again. Raises
        EngineFailed if nobody is left to do it, and whatever the function raises.
        """


def map_on(
    engine: Engine | None, function: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
) -> Iterator[Result]:
    """`engine.map`; in this process without an engine."""
    if engine is None:
        return map(partial(function, shared), parts)
    return engine.map(function, shared, parts)
