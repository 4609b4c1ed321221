"""Machine, clocks and statistics that the benchmarks share."""

import os
import platform
import resource
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time


@dataclass(frozen=True)
class Timing:
    """Seconds of wall clock and of processor time; the latter is steadier if neighbours use the machine."""

    wall: float
    processor: float


def machine() -> str:
    """Processor, cores, load and Python version, for the first line of a benchmark."""
    processor = platform.processor() or platform.machine()
    load = os.getloadavg()[0]
    return (
        f"machine: {processor}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    )


def timed(work: Callable[[], object]) -> Timing:
    """Time of a single call."""
    wall, processor = perf_counter(), process_time()
    work()
    return Timing(perf_counter() - wall, process_time() - processor)


def best_of(work: Callable[[], object], runs: int) -> Timing:
    """The least wall clock and the least processor time of several calls."""
    timings = [timed(work) for _ in range(runs)]
    return Timing(min(timing.wall for timing in timings), min(timing.processor for timing in timings))


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
