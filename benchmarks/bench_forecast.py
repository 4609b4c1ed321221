"""Forecast of many leads: seconds with scoring included, and peak memory.

Simulates a CRM and trains on a small one of the same kind. Checks that groups add up to the whole and that the draws
repeat before it measures; times are the best of several runs.

    python -m benchmarks.bench_forecast [--leads 100000] [--months 30]
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import best_of, machine, peak_mb
from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.report import forecast_rows
from history.history import History
from history.read import read_folder
from models.bundle import Bundle
from simulation.simulate import simulate
from training.train import TrainOptions, train

SIX_MONTHS = ForecastOptions("month", 6)


@dataclass(frozen=True)
class Data:
    """A model, the history to forecast, and the seconds that reading it took."""

    bundle: Bundle
    history: History
    reading_s: float


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=30)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    note(machine())
    report(comparisons(options.leads, options.months, options.runs), options.json)


def comparisons(leads: int, months: int, runs: int) -> Iterator[Comparison]:
    data = simulated(leads, months)
    whole = check_equal(data)
    timing = best_of(lambda: forecast(data.bundle, data.history, SIX_MONTHS), runs)
    note(
        f"{len(data.history):,} leads, {len(data.history.interactions.time_us):,} interactions, "
        f"{len(whole.leads):,} open, 6 months ahead; best of {runs}, processor time"
    )
    note(f"peak memory of all of it, training and simulating included: {peak_mb() / 1024:.2f} GB")
    work = f"a forecast of {len(data.history):,} leads, {len(whole.leads):,} of them scored"
    equality = "groups add up; again the same"
    yield Comparison(work, timing.processor, "s", equality=equality)
    yield Comparison(f"{len(data.history):,} leads read from CSV", data.reading_s, "s")


def simulated(leads: int, months: int) -> Data:
    with tempfile.TemporaryDirectory() as name:
        small, large = Path(name) / "small", Path(name) / "large"
        simulate(small, leads=3000, months=24, seed=1)
        bundle = train(read_folder(small), TrainOptions(trials=0)).bundle
        simulate(large, leads=leads, months=months, seed=2)
        begin = perf_counter()
        history = read_folder(large, config=bundle.config)
        return Data(bundle, history, perf_counter() - begin)


def check_equal(data: Data) -> Forecast:
    """The forecast; raises AssertionError if its groups do not add up to it or its draws do not repeat."""
    whole = forecast(data.bundle, data.history, SIX_MONTHS)
    by_owner = forecast(data.bundle, data.history, ForecastOptions("month", 6, "owner"))
    again = forecast(data.bundle, data.history, SIX_MONTHS)
    np.testing.assert_allclose(by_owner.wins.sum(axis=1), whole.wins[:, 0])
    np.testing.assert_allclose(by_owner.revenue.sum(axis=1), whole.revenue[:, 0])
    assert forecast_rows(again) == forecast_rows(whole)
    return whole


if __name__ == "__main__":
    main()
