"""The process of a lead: the exact chance is the share of many simulated futures, and states are whole."""

from datetime import date
from typing import NamedTuple

import numpy as np
import pytest

from history.base.arrays import Ints
from history.text.times import DAY_US
from simulation.leads import lead_batch
from simulation.process import (
    DWELLS,
    LOSE,
    RECENCIES,
    REOPEN,
    STATES,
    WIN,
    Starts,
    _ticked,
    _touched,
    paths,
    win_chance,
)
from simulation.world import HORIZON_DAYS, build_world, day_number

CUT_US = day_number(date(2026, 7, 1)) * DAY_US


class ChanceAndShare(NamedTuple):
    """The exact chance of a win, and the share of wins among simulated futures."""

    chance: float
    share: float


def simulated_futures(lead: int, runs: int) -> ChanceAndShare:
    """The chance of one lead on the day after its creation, and the share of wins among `runs` futures from there."""
    world = build_world(4, 500, 6, date(2026, 6, 30), CUT_US)
    starts = lead_batch(world, np.array([lead])).starts
    first = int(starts.day[0]) + 1
    month = np.full(len(world.calendar.month), -1)
    month[first - world.calendar.first_day] = 0
    calendar = world.calendar._replace(month=month)
    one = {name: np.repeat(column, runs, axis=0) for name, column in starts._asdict().items()}
    one["key"] = np.random.default_rng(lead).integers(0, 2**63, runs).astype(np.uint64)
    many = Starts(**one)
    states = np.full((runs, 1), -1, dtype=np.int64)
    events = np.zeros((runs * 60, 4), dtype=np.int64)
    tables = world.tables._replace(reopened=0.0)
    count = paths(many, tables, calendar, first + HORIZON_DAYS - 1, events, states)
    assert count <= len(events)
    wins = int((events[:count, 2] == WIN).sum())
    chance = win_chance(starts, world.tables, calendar, states[:1], (np.array([first]), HORIZON_DAYS))
    return ChanceAndShare(float(chance[0, 0]), wins / runs)


@pytest.mark.parametrize("lead", [3, 150, 322])
def test_exact_chances_are_the_shares_of_many_futures(lead: int) -> None:
    runs = 40_000
    futures = simulated_futures(lead, runs)
    error = np.sqrt(futures.chance * (1 - futures.chance) / runs)
    assert 0 < error < 0.005
    assert abs(futures.chance - futures.share) < 4.5 * error


SMALL = build_world(4, 500, 6, date(2026, 6, 30), CUT_US)


def run(room: int) -> tuple[int, Ints, Ints]:
    starts = lead_batch(SMALL, np.arange(200)).starts
    states = np.full((200, len(SMALL.months)), -1, dtype=np.int64)
    events = np.zeros((room, 4), dtype=np.int64)
    return int(paths(starts, SMALL.tables, SMALL.calendar, SMALL.last_day, events, states)), events, states


def test_array_too_small_holds_the_first_events() -> None:
    count, whole, _ = run(100_000)
    again, part, _ = run(50)
    assert again == count > 50
    assert part.tolist() == whole[:50].tolist()


def test_lead_has_no_event_between_its_closing_and_its_reopening() -> None:
    count, events, _ = run(100_000)
    for lead in range(200):
        is_open = True
        for _, _, code, _ in events[:count][events[:count, 0] == lead].tolist():
            assert is_open != (code == REOPEN)
            is_open = code not in (WIN, LOSE)


def test_every_state_is_one_of_an_open_lead() -> None:
    _, _, states = run(100_000)
    assert states.min() >= -1
    assert states.max() < STATES
    assert len(np.unique(states)) > 50


@pytest.mark.parametrize("state", [0, 57, STATES - 1])
def test_touch_changes_the_recency_alone(state: int) -> None:
    touched = _touched(state)
    assert touched // 2 % RECENCIES == 0
    assert touched % 2 == state % 2
    assert touched // (2 * RECENCIES) == state // (2 * RECENCIES)


def test_ticks_stop_at_the_last_week_and_half_week() -> None:
    state = 0
    for _ in range(20):
        state = _ticked(state, True, True)
    assert state == ((DWELLS - 1) * RECENCIES + RECENCIES - 1) * 2
    assert _ticked(state, True, True) == state
