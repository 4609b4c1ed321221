"""The world of a simulation: random numbers by stream and index, its period, owners and calendar."""

from datetime import date, timedelta

import numpy as np
import pytest

from history.text.times import DAY_US
from simulation.world import (
    EPOCH,
    HORIZON_DAYS,
    World,
    build_world,
    day_number,
    keys,
    normal,
    pick,
    stream,
    uniform,
)

INDEX = np.arange(20_000)


def small_world(leads: int = 100, months: int = 6, end: date = date(2026, 6, 30)) -> World:
    return build_world(1, leads, months, end, (day_number(end) + 1) * DAY_US - 1)


def test_number_of_an_index_is_the_same_in_every_piece() -> None:
    whole = uniform(3, "city", INDEX)
    assert uniform(3, "city", INDEX[500:700]).tobytes() == whole[500:700].tobytes()
    assert len(np.unique(keys(3, "city", INDEX))) == len(INDEX)


def test_streams_are_independent() -> None:
    assert stream(3, "city") != stream(4, "city") != stream(4, "owner")
    correlation = np.corrcoef(uniform(3, "city", INDEX), uniform(3, "owner", INDEX))[0, 1]
    assert abs(correlation) < 4 / np.sqrt(len(INDEX))


def test_numbers_follow_their_distributions() -> None:
    u, z = uniform(5, "a", INDEX), normal(5, "b", INDEX)
    assert 0 < u.min() < u.max() < 1
    assert u.mean() == pytest.approx(0.5, abs=4 * 0.29 / np.sqrt(len(INDEX)))
    assert (z.mean(), z.std()) == pytest.approx((0.0, 1.0), abs=0.03)


@pytest.mark.parametrize(("u", "position"), [(0.0, 0), (0.2499, 0), (0.25, 1), (0.9999, 2), (1.0, 2)])
def test_pick_falls_on_the_weights(u: float, position: int) -> None:
    assert pick(np.array([u]), (1, 1, 2)).tolist() == [position]


def test_weight_of_zero_is_never_picked() -> None:
    assert set(pick(uniform(1, "x", INDEX), (0, 1, 0, 1)).tolist()) == {1, 3}


@pytest.mark.parametrize("months", [1, 2, 13])
def test_period_has_whole_calendar_months(months: int) -> None:
    world = small_world(months=months)
    first = EPOCH + timedelta(days=world.first_day)
    last = EPOCH + timedelta(days=world.last_day)
    assert first.day == 1
    assert (last.year - first.year) * 12 + last.month - first.month == months - 1
    assert world.first_day < world.drift_day <= world.last_day


def test_month_starts_are_firsts_of_months_in_the_calendar() -> None:
    world = small_world()
    starts = [EPOCH + timedelta(days=day) for day in world.months.tolist()]
    assert all(start.day == 1 for start in starts)
    marked = np.flatnonzero(world.calendar.month >= 0) + world.calendar.first_day
    assert marked.tolist() == world.months.tolist()
    assert world.calendar.first_day + len(world.calendar.moves) > world.last_day + HORIZON_DAYS


def test_calendar_rests_at_weekends() -> None:
    calendar = small_world().calendar
    weekday = [(EPOCH + timedelta(days=calendar.first_day + i)).weekday() for i in range(len(calendar.moves))]
    assert (calendar.moves == 0).tolist() == [day >= 5 for day in weekday]
    assert calendar.monday.tolist() == [day == 0 for day in weekday]
    assert calendar.half_week.tolist() == [day in (0, 3) for day in weekday]


def test_partner_of_every_owner_is_a_senior() -> None:
    world = small_world(leads=9000)
    assert len(set(world.owners)) == len(world.owners)
    assert (world.partner % 3 != 0).all(), "every third owner is a junior"
    own = world.partner == np.arange(len(world.owners))
    assert own.tolist() == [i % 3 != 0 for i in range(len(world.owners))]


def test_rates_are_finite_and_lead_to_stages_that_exist() -> None:
    tables = small_world().tables
    assert np.isfinite(tables.rates).all()
    assert (tables.rates >= 0).all()
    by_stage = tables.rates.reshape(4, -1, 5)
    assert not by_stage[3, :, 2].any(), "nothing lies ahead of the last stage"
    assert not by_stage[2:, :, 3].any(), "a skip needs two stages ahead"
    assert not by_stage[0, :, 4].any(), "nothing lies behind the first stage"
