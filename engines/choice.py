"""The engine that a person names: processes of this machine, or a cluster by its address."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from history.base.engine import Engine
from history.base.errors import InvalidInput

MOST_PROCESSES: Final = 256
_PROCESSES: Final = re.compile(r"processes(?::([1-9][0-9]{0,2}))?")


def check_address(address: str | None) -> None:
    """Raises InvalidInput unless the address is None or one that `open_engine` understands."""
    if address is not None:
        _processes(address)


@contextmanager
def open_engine(address: str | None) -> Iterator[Engine | None]:
    """The engine of an address until the block ends; None for None, which is this process alone.

    `processes` are as many as there are cores, `processes:N` are N. Raises InvalidInput for another address.
    """
    if address is None:
        yield None
        return
    from engines.processes import Processes

    with Processes(_processes(address)) as engine:
        yield engine


def _processes(address: str) -> int:
    """The number of processes of an address."""
    match = _PROCESSES.fullmatch(address)
    count = int(match[1] or os.cpu_count() or 1) if match else 0
    if not 1 <= count <= MOST_PROCESSES:
        raise InvalidInput(
            f"{address!r} is no engine: expected processes, or processes:N up to {MOST_PROCESSES}"
        )
    return count
