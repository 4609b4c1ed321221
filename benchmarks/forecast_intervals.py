"""Coverage and width of the forecast's intervals over worlds whose chances are known, beside the last periods' mean.

Each world is a funnel without a trained model (benchmarks/data/funnel_worlds.py): hundreds of them run in minutes. A
row pools the cells of all seeds of a funnel; ratios are of means, below 1 the forecast is better.

    python -m benchmarks.forecast_intervals [--seeds 5] [--first-seed 0] [--funnel NAME ...] [--by-step]
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.data.funnel_worlds import FixedModel, Funnel, World, make_world
from benchmarks.measurement.timing import machine
from funnel.forecast.forecast import ForecastOptions
from history.base.arrays import Floats, Ints
from history.config.config import FunnelConfig
from history.text.times import DAY_US
from models.forecast_basis import ForecastBasis
from training.backtest.forecast import forecast_cells, past_period_starts
from training.backtest.forecast_metrics import Cell, method_metrics
from training.evaluation.forecast_basis import LONGEST_DAYS, MAX_ORIGINS, STEP_DAYS, basis_at, concatenated

ORIGINS = 6
REPLAY_STEP_DAYS = 7
REPLAYED_HORIZONS = 2.0  # how far back from the last matured instant training evaluates by date, at most
MONTHS_AHEAD = ForecastOptions("month", 3)
SPANS = np.arange(STEP_DAYS, LONGEST_DAYS + 1, STEP_DAYS, dtype=np.float64)

FUNNELS = (
    Funnel("steady, 1,000 leads", leads=1_000),
    Funnel("steady, 10,000"),
    Funnel("steady, 100,000", leads=100_000),
    Funnel("steady, 100,000 in 10 months", leads=100_000, months=10, horizon_days=30, cycle_days=20),
    Funnel("decided in days, 60,000 in a year", 60_000, 12, win_rate=0.4, cycle_days=3, horizon_days=30),
    Funnel("shocks 10 %, 1,000", leads=1_000, shock=0.1),
    Funnel("shocks 10 %, 10,000", shock=0.1, arrival_shock=0.1),
    Funnel("shocks 10 %, 50,000", leads=50_000, shock=0.1, arrival_shock=0.1),
    Funnel("shocks 25 %, 10,000", shock=0.25, arrival_shock=0.2),
    Funnel("shocks 25 %, 50,000", leads=50_000, shock=0.25, arrival_shock=0.2),
    Funnel("lasting shocks 20 %, 10,000", shock=0.2, arrival_shock=0.2, memory=0.8),
    Funnel("season 30 %, 10,000", season=0.3, months=30),
    Funnel("season 30 %, first year", season=0.3, months=14),
    Funnel("growth, 10,000", trend=0.6, arrival_shock=0.1),
    Funnel("decline, 10,000", trend=-0.6, shock=0.1),
    Funnel("short cycle, 10,000", cycle_days=7, horizon_days=30, shock=0.1, arrival_shock=0.1),
    Funnel("long cycle, 10,000", cycle_days=120, horizon_days=180, months=36, shock=0.1),
    Funnel("heavy amounts, 1,000", leads=1_000, amount_sd=2.0),
    Funnel("heavy amounts, 10,000", amount_sd=2.0, shock=0.1),
    Funnel("price shocks 20 %, 10,000", amount_shock=0.2, shock=0.05),
    Funnel("few wins, 1,000", leads=1_000, win_rate=0.05),
    Funnel("young, 3,000 in 9 months", leads=3_000, months=9, horizon_days=30, cycle_days=20, shock=0.1),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--funnel", action="append", help="begin of a funnel's name; repeatable")
    parser.add_argument("--by-step", action="store_true", help="a row for each month ahead too")
    options = parser.parse_args()
    print(machine())
    print(
        f"{options.seeds} seeds, {ORIGINS} origins, {MONTHS_AHEAD.count} months ahead; "
        "in brackets the last periods' mean\n"
    )
    print("| funnel | measure | cells | wins a month | coverage | width | interval score | error |")
    print("|---|---|---|---|---|---|---|---|")
    for funnel in FUNNELS:
        if options.funnel and not funnel.name.startswith(tuple(options.funnel)):
            continue
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        cells = [cell for seed in seeds for cell in world_cells(make_world(funnel, seed))]
        for row in rows_of(funnel.name, cells, by_step=options.by_step):
            print(row, flush=True)


def world_cells(world: World) -> list[Cell]:
    """The backtest's cells of a world at its last ORIGINS months."""
    replays: dict[int, ForecastBasis] = {}
    cells = []
    for origin in past_period_starts(world.history, MONTHS_AHEAD, ORIGINS):
        model = _model(world, origin, replays).as_bundle()
        past = replace(world.history, as_of_us=origin)
        cells += forecast_cells(model, past, world.history, MONTHS_AHEAD, world.open_leads(origin))
    return cells


def _model(world: World, origin: int, replays: dict[int, ForecastBasis]) -> FixedModel:
    """The model with its replayed forecasts, as far as they were over at the origin."""
    config = FunnelConfig(horizon_days=world.funnel.horizon_days)
    bare = FixedModel(config, world.close_time)
    for at_us in replay_instants(world, origin):
        if at_us not in replays:
            replays[at_us] = basis_at(bare.as_bundle(), world.history, world.open_leads(at_us), at_us, SPANS)
    chosen = [replays[at_us] for at_us in replay_instants(world, origin)]
    return replace(bare, forecast=concatenated(chosen, SPANS) if chosen else None)


def replay_instants(world: World, origin: int) -> list[int]:
    """Weeks at which training would have evaluated by date, thinned to MAX_ORIGINS."""
    horizon = world.funnel.horizon_days
    first = int(world.history.created_us.min())
    furthest = int(REPLAYED_HORIZONS * horizon)
    back: Ints = np.arange(horizon, horizon + furthest + 1, REPLAY_STEP_DAYS)
    # A fit needs matured rows: two horizons of history before the first replay.
    at_us = (origin - back * DAY_US)[(origin - back * DAY_US) > first + 2 * horizon * DAY_US]
    week = (at_us // (7 * DAY_US)) * 7 * DAY_US
    week = week[week + horizon * DAY_US <= origin]
    if not len(week):
        return []
    chosen = np.unique(np.linspace(0, len(week) - 1, min(MAX_ORIGINS, len(week))).round().astype(int))
    return sorted(week[chosen].tolist())


def rows_of(name: str, cells: Sequence[Cell], *, by_step: bool) -> list[str]:
    """Rows of the table, by measure, and by step if wanted."""
    rows = []
    wins = float(np.mean([cell.actual for cell in cells if cell.measure == "wins"]))
    for measure in ("wins", "revenue"):
        of_measure = [cell for cell in cells if cell.measure == measure]
        rows.append(_row(name, measure, of_measure, wins))
        steps = sorted({cell.step for cell in of_measure}) if by_step else []
        for step in steps:
            of_step = [cell for cell in of_measure if cell.step == step]
            rows.append(_row(name, f"{measure}, {step} ahead", of_step, wins))
    return rows


def _row(name: str, label: str, cells: Sequence[Cell], wins: float) -> str:
    """Coverage, width over the mean actual, and interval score and error over those of the last periods' mean."""
    paired = [cell for cell in cells if np.isfinite(cell.estimates["last_periods"].p90)]
    own, last = (method_metrics(paired, method) for method in ("forecast", "last_periods"))
    actual: Floats = np.array([cell.actual for cell in paired])
    return (
        f"| {name} | {label} | {len(paired)} | {wins:,.0f} | {own['coverage']:.0%} ({last['coverage']:.0%}) | "
        f"{own['width'] / actual.mean():.0%} ({last['width'] / actual.mean():.0%}) | "
        f"{own['interval_score'] / last['interval_score']:.2f} | {own['mae'] / last['mae']:.2f} |"
    )


if __name__ == "__main__":
    main()
