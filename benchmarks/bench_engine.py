"""Engines: scores and features of many leads by one worker and by two, of processes and of a Dask cluster on loopback.

Simulates a CRM and trains on a smaller one. Checks that every engine gives the bits of one process before it measures.
Times are wall clock, the best of several runs on workers that are warm: run it on a quiet machine.

    python -m benchmarks.bench_engine [--leads 40000] [--repeat 3]
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from distributed import Client

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import best_of, machine
from engines.dask_cluster import DaskCluster
from engines.processes import Processes
from features.by_parts import matrix_on
from history.base.engine import Engine
from history.read import read_folder
from history.snapshot import Snapshot
from history.text.times import DAY_US
from models.bundle import Bundle
from models.by_parts import score_on
from simulation.simulate import simulate
from training.train import TrainOptions, train

TRAINING_LEADS: Final = 4000
TARGET: Final = 1.6  # of two workers: .8 of linear
EQUAL: Final = "with one process, bit by bit"
ENGINES: Final = ("processes", "Dask workers")


@dataclass(frozen=True)
class Work:
    """One piece of work on an engine, None for this process; what it gives, as bytes; its target for two workers."""

    name: str
    run: Callable[[Engine | None], object]
    bits: Callable[[Engine | None], bytes]
    target: float | None


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, default=40_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    note(machine())
    with tempfile.TemporaryDirectory() as folder:
        bundle, snapshot = simulated(Path(folder), options.leads)
    note(f"{len(snapshot):,} leads, {len(bundle.features)} features; best of {options.repeat}, wall clock")
    report(compare(works_of(bundle, snapshot), options.repeat), options.json)


def simulated(folder: Path, leads: int) -> tuple[Bundle, Snapshot]:
    """A model of a small CRM, and each lead of a large one a week after its creation, when most are open."""
    simulate(folder / "small", leads=TRAINING_LEADS, months=18, end=date(2024, 12, 31))
    simulate(folder / "large", leads=leads, months=18, end=date(2026, 6, 30))  # all later than the training
    bundle = train(read_folder(folder / "small"), TrainOptions(trials=0)).bundle
    history = read_folder(folder / "large")
    return bundle, Snapshot(history, np.arange(len(history)), history.created_us + 7 * DAY_US)


def works_of(bundle: Bundle, snapshot: Snapshot) -> list[Work]:
    n = f"{len(snapshot):,}"
    return [
        Work(
            f"{n} scores with 5 reasons",
            lambda engine: score_on(engine, bundle, snapshot),
            lambda engine: repr(score_on(engine, bundle, snapshot).columns()).encode(),
            TARGET,
        ),
        Work(
            f"features of {n} leads",
            lambda engine: matrix_on(engine, snapshot, bundle.vocabulary),
            lambda engine: matrix_on(engine, snapshot, bundle.vocabulary).values.tobytes(),
            None,
        ),
    ]


def compare(works: list[Work], repeat: int) -> Iterator[Comparison]:
    """Each work by two workers beside one of the same engine, after this process."""
    expected = [work.bits(None) for work in works]
    for work in works:
        yield Comparison(f"{work.name}, this process", best_of(partial(work.run, None), repeat).wall, "s")
    seconds = {
        (kind, workers): timings(works, expected, engine_of(kind, workers), repeat)
        for kind in ENGINES
        for workers in (1, 2)
    }
    for kind in ENGINES:
        for work, one, two in zip(works, seconds[kind, 1], seconds[kind, 2], strict=True):
            comparison = Comparison(f"{work.name}, 2 {kind}", two, "s")
            yield comparison.beside("1 of them", one, work.target, EQUAL)


def timings(
    works: list[Work], expected: list[bytes], opened: AbstractContextManager[Engine], repeat: int
) -> list[float]:
    """Seconds of each work on an engine, after its results are found equal."""
    with opened as engine:
        for work, bits in zip(works, expected, strict=True):
            if work.bits(engine) != bits:
                raise SystemExit(f"{work.name}: an engine gives other bits than one process")
        return [best_of(partial(work.run, engine), repeat).wall for work in works]


def engine_of(kind: str, workers: int) -> AbstractContextManager[Engine]:
    return Processes(workers) if kind == ENGINES[0] else dask(workers)


@contextmanager
def dask(workers: int) -> Iterator[Engine]:
    """A scheduler and workers of one thread each, as processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    commands = (
        ("scheduler", "--host", host, "--port", port),
        ("worker", f"tcp://{address}", "--nworkers", str(workers), "--nthreads", "1"),
    )
    started = []
    try:
        for command in commands:
            words = [sys.executable, "-m", "dask", *command, "--no-dashboard"]
            started.append(subprocess.Popen(words, stderr=subprocess.DEVNULL, start_new_session=True))
        with Client(f"tcp://{address}", timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        with DaskCluster(address) as engine:
            yield engine
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


if __name__ == "__main__":
    main()
