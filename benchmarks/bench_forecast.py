"""The forecast of many leads: seconds with the scores included, and peak memory, beside the sum over
leads it must equal.

Makes a simulated CRM, trains on a small one of the same kind, checks that the groups add up to the whole and that draws
repeat, then measures.

    python -m benchmarks.bench_forecast [--leads 100000] [--months 30]
"""

import argparse
import os
import platform
import resource
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from funnel.forecast.forecast import ForecastOptions, forecast
from funnel.forecast.report import forecast_rows
from history.read import read_folder
from simulation.simulate import simulate
from training.train import TrainOptions, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=30)
    parser.add_argument("--runs", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        small, large = Path(name) / "small", Path(name) / "large"
        simulate(small, leads=3000, months=24, seed=1)
        bundle = train(read_folder(small), TrainOptions(trials=0)).bundle
        simulate(large, leads=given.leads, months=given.months, seed=2)
        started = perf_counter()
        history = read_folder(large, config=bundle.config)
        reading = perf_counter() - started
    made = forecast(bundle, history, ForecastOptions("month", 6))
    grouped = forecast(bundle, history, ForecastOptions("month", 6, "owner"))
    again = forecast(bundle, history, ForecastOptions("month", 6))
    np.testing.assert_allclose(grouped.wins.sum(axis=1), made.wins[:, 0])
    np.testing.assert_allclose(grouped.revenue.sum(axis=1), made.revenue[:, 0])
    assert forecast_rows(again) == forecast_rows(made)
    wall, cpu = [], []
    for _ in range(given.runs):
        a, b = perf_counter(), process_time()
        forecast(bundle, history, ForecastOptions("month", 6))
        wall.append(perf_counter() - a)
        cpu.append(process_time() - b)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(
        f"data: {len(history):,} leads, {len(history.interactions.time_us):,} interactions, {len(made.leads):,} open, "
        f"6 months ahead; best of {given.runs}"
    )
    print(f"reading {reading:.1f} s; forecast with scores {min(wall):.2f} s ({min(cpu):.2f} s of processor)")
    print(f"peak memory of all of it, training and simulating included: {peak:.2f} GB")


if __name__ == "__main__":
    main()
