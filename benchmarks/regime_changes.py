"""Changes of regime: how many are found, how well they are dated, and how many are seen where none is.

Funnels whose chances are known (benchmarks/data/funnel_worlds.py), with noise of a model's size on them. In some, wins
become rarer or more frequent from a month on; some have other moves, which should not be named: shocks shared by the
leads of a month, a season, growth. T lies at the end of month 22.

    python -m benchmarks.regime_changes [--first-seed 0] [--seeds 16]
"""

import argparse
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks.data.funnel_worlds import MONTH_DAYS, START_US, Funnel, World, make_world
from history.history import WON
from history.snapshot import open_leads
from history.text.times import DAY_US
from models.figures.calibration import log_odds
from training.evaluation.regime import Change, Predicted, surest_change

MONTHS = 22
NOISE = 0.5  # of a lead's log-odds
HORIZONS, STEPS_PER_HORIZON = 9, 6
SMALL, LARGE = Funnel("1,500 leads", leads=1_500), Funnel("6,000 leads", leads=6_000)
RARE = Funnel("6,000 leads, 4 % won", leads=6_000, win_rate=0.04)
SHOCKS = replace(LARGE, name="shocks of 10 %", shock=0.1)
CHANGES = ((16, -0.7), (18, -0.7), (19, -0.7), (20, -0.7), (18, 0.4), (19, 0.4))
STILL = (
    SMALL,
    LARGE,
    RARE,
    SHOCKS,
    replace(LARGE, name="shocks of 25 %", shock=0.25),
    replace(LARGE, name="lasting shocks of 20 %", shock=0.2, memory=0.8),
    replace(LARGE, name="season of 30 %", season=0.3),
    replace(LARGE, name="growth", trend=0.7),
    replace(LARGE, name="decline", trend=-0.7),
)
HEADER = f"{'funnel':<24}{'month':>6}{'step':>6}{'found':>7}{'z':>7}{'months off':>12}"


class Outcome(NamedTuple):
    """Whether a change is named, its standard errors from 0, and how many months its date is late."""

    named: bool
    strength: float
    late: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=16)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    print(HEADER)
    moved = [
        replace(funnel, step=step, step_month=month)
        for funnel in (SMALL, LARGE, RARE, SHOCKS)
        for month, step in CHANGES
    ]
    for funnel in (*STILL, *moved):
        print(_line(funnel, [measured(funnel, seed) for seed in seeds]), flush=True)


def measured(funnel: Funnel, seed: int) -> Outcome:
    at_us = START_US + int(MONTHS * MONTH_DAYS) * DAY_US
    rows = _predicted(make_world(funnel, seed), at_us, np.random.default_rng(seed))
    change = surest_change(rows, at_us, funnel.horizon_days * DAY_US)
    if change is None:
        return Outcome(False, 0.0, np.nan)
    return Outcome(change.is_sure, change.shift / change.error, _month(change) - funnel.step_month)


def _month(change: Change) -> float:
    return (change.at_us - START_US) / DAY_US / MONTH_DAYS


def _predicted(world: World, at_us: int, random: np.random.Generator) -> Predicted:
    """The open leads of a grid of instants whose horizon is over, with their chances at the mean level."""
    horizon = world.funnel.horizon_days
    outcomes, won_us = world.history.outcomes, np.full(len(world.chance), np.inf)
    wins = outcomes.state == WON
    won_us[outcomes.lead[wins]] = outcomes.time_us[wins]
    noise = NOISE * random.standard_normal(len(world.chance))
    parts = []
    for back in range(horizon, horizon * HORIZONS, horizon // STEPS_PER_HORIZON):
        then_us = at_us - back * DAY_US
        lead = open_leads(world.history, then_us).lead
        days = (won_us[lead] - then_us) / DAY_US
        margin = log_odds(np.clip(world.chances(lead, then_us), 1e-5, 1 - 1e-5)) + noise[lead]
        instants = np.full(len(lead), then_us, dtype=np.int64)
        parts.append(Predicted(instants, lead, margin, (days <= horizon).astype(np.float64), days))
    return Predicted(
        *(np.concatenate(column) for column in zip(*(vars(part).values() for part in parts), strict=True))
    )


def _line(funnel: Funnel, outcomes: list[Outcome]) -> str:
    named = [outcome for outcome in outcomes if outcome.named]
    strength = float(np.mean([abs(outcome.strength) for outcome in outcomes]))
    moment = f"{funnel.step_month:6}{funnel.step:+6.1f}" if funnel.step else " " * 12
    off = f"{np.mean([abs(outcome.late) for outcome in named]):12.1f}" if named and funnel.step else ""
    return f"{funnel.name:<24}{moment}{len(named) / len(outcomes):7.0%}{strength:7.1f}{off}"


if __name__ == "__main__":
    main()
