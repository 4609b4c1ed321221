"""The pieces of a forecast alone: periods, daily rates, arrivals, draws, and what the replay teaches."""

import json
from dataclasses import replace
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.dates import local_date
from funnel.forecast.arrivals import arrivals
from funnel.forecast.draws import Expectation, simulate
from funnel.forecast.hazards import KnownLeads, hazards
from funnel.forecast.level import ComingSpans, fit_level, prior_level
from funnel.forecast.new_leads import mean_amount
from funnel.forecast.periods import KINDS, periods, periods_before
from history.arrays import Floats, Ints
from history.errors import InvalidInput
from history.history import DAY_US, LOST, OPEN, WON
from history.times import parse_time
from models.forecast_basis import ForecastBasis

NOW_US = 1_780_000_000_000_000  # 2026-05-28T20:26:40Z
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia")


@given(at=st.integers(700_000_000, 3_000_000_000), kind=st.sampled_from(KINDS), zone=st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
def test_periods_follow_each_other_and_the_first_contains_t(at: int, kind: str, zone: str) -> None:
    found = periods(at * 1_000_000, kind, 3, ZoneInfo(zone))
    assert found[0].start_us <= at * 1_000_000 < found[0].end_us
    assert all(a.end_us == b.start_us and a.end == b.start for a, b in pairwise(found))
    assert periods_before(found[1], kind, 1, ZoneInfo(zone)) == found[:1]


def test_periods_are_whole_in_the_zone_of_the_funnel() -> None:
    zone = ZoneInfo("Europe/Berlin")
    last_minute = parse_time("2026-03-31T23:30:00+02:00", zone)
    assert local_date(last_minute, zone) == date(2026, 3, 31)
    month = periods(last_minute, "month", 1, zone)[0]
    assert (month.start, month.end) == (date(2026, 3, 1), date(2026, 4, 1))
    assert month.end_us - month.start_us == 31 * DAY_US - 3_600_000_000  # the clock goes forward in March
    assert periods(last_minute, "quarter", 2, zone)[1].end == date(2026, 7, 1)
    assert periods(last_minute, "week", None, zone)[0].start == date(2026, 3, 30)


@pytest.mark.parametrize(("kind", "count"), [("day", 3), ("month", 0), ("week", 105)])
def test_a_period_that_makes_no_sense_is_refused(kind: str, count: int) -> None:
    with pytest.raises(InvalidInput):
        periods(NOW_US, kind, count, ZoneInfo("UTC"))


def made_lives(age: Floats, state: list[int], amount: float = 100.0) -> KnownLeads:
    """Leads that ended (or are open) at these ages; those decided were all created 400 days ago."""
    states = np.array(state, dtype=np.int8)
    created = np.where(states == OPEN, NOW_US - age * DAY_US, NOW_US - 400 * DAY_US).astype(np.int64)
    end = (created + age * DAY_US).astype(np.int64)
    amounts = np.where(states == WON, amount, np.nan)
    return KnownLeads(NOW_US, np.arange(len(age)), created, end, states, amounts)


def test_ages_that_few_leads_have_reached_take_the_rate_of_their_neighbours() -> None:
    """A steady 1 % a day; leads came over 200 days, and of those that few have reached the end nobody won there."""
    random = np.random.default_rng(3)
    born = np.sort(random.uniform(0, 200, 400))[::-1]  # days before T
    age = np.minimum(born, random.exponential(100, 400))
    state = np.where(age < born, WON, OPEN)
    state[:5], age[:5] = OPEN, born[:5]
    created = (NOW_US - born * DAY_US).astype(np.int64)
    end = (created + age * DAY_US).astype(np.int64)
    seen = KnownLeads(NOW_US, np.arange(400), created, end, state.astype(np.int8), np.full(400, np.nan))
    won = hazards(seen, 1e9).won
    assert 0.002 < won[-1] < 0.02
    assert won[:100].mean() == pytest.approx(0.01, rel=0.35)


def test_without_censoring_the_curve_is_the_plain_share() -> None:
    random = np.random.default_rng(0)
    state = random.choice([WON, LOST], 300, p=[0.3, 0.7]).tolist()
    seen = made_lives(random.uniform(0, 25, 300), state)
    won, lost = hazards(seen, 1e9).incidence(200)
    assert won[-1] == pytest.approx(np.mean(np.array(state) == WON), abs=1e-3)
    assert won[-1] + lost[-1] <= 1 + 1e-12


def test_open_leads_are_not_counted_as_lost() -> None:
    random = np.random.default_rng(1)
    decided = made_lives(random.uniform(0, 20, 200), [WON, LOST] * 100)
    young = made_lives(np.full(500, 0.5), [OPEN] * 500)
    both = KnownLeads(NOW_US, np.arange(700), *(
        np.concatenate((getattr(decided, n), getattr(young, n))) for n in ("created_us", "end_us", "state", "amount")
    ))  # fmt: skip
    alone, with_young = hazards(decided, 1e9).incidence(60)[0][-1], hazards(both, 1e9).incidence(60)[0][-1]
    assert alone == pytest.approx(0.5, abs=0.01)
    assert with_young > 0.3, "leads of half a day cannot halve the conversion"


@given(st.lists(st.tuples(st.floats(0, 300), st.sampled_from([OPEN, WON, LOST])), max_size=40))
@settings(max_examples=60, deadline=None)
def test_rates_are_chances_whatever_the_leads(leads: list[tuple[float, int]]) -> None:
    seen = made_lives(np.array([age for age, _ in leads]), [s for _, s in leads])
    rates = hazards(seen, 60.0)
    assert (rates.won >= 0).all()
    assert (rates.lost >= 0).all()
    assert (rates.won + rates.lost <= 1 + 1e-9).all()
    won, lost = rates.incidence(400)
    assert (np.diff(won) >= 0).all()
    np.testing.assert_allclose(won + lost + rates.open_share(400), 1.0, atol=1e-9)


def test_arrivals_keep_the_level_and_follow_the_weekday() -> None:
    days = np.arange(1, 211)
    daily = np.where(days % 7 == 0, 0, 5)  # none on one day of the week
    created = np.repeat(NOW_US - days * DAY_US + DAY_US // 2, daily).astype(np.int64)
    coming = arrivals(created, NOW_US, 28)
    assert coming.daily.sum() == pytest.approx(4 * 30, rel=0.08)
    quiet = coming.daily.reshape(4, 7)
    assert (quiet.min(axis=1) < 0.3 * quiet.mean(axis=1)).all()


def test_a_growing_stream_is_expected_to_grow_less_than_before() -> None:
    week = np.arange(60)
    created = np.repeat(NOW_US - (week + 0.5) * 7 * DAY_US, np.round(60 * 0.985**week).astype(int)).astype(
        np.int64
    )
    coming = arrivals(created, NOW_US, 26 * 7).daily.reshape(26, 7).sum(axis=1)
    assert coming[-1] > coming[0]
    assert coming[-1] < 60 * 0.985**-26
    assert coming[0] == pytest.approx(60, rel=0.1)


def weekly_creations(weeks: int, wave: float, phase: float = 0.0) -> Ints:
    """Creations of whole weeks back from now: about 60 a week times a yearly wave."""
    back = np.arange(weeks) + 0.5
    count = np.random.default_rng(1).poisson(
        60 * np.exp(wave * np.cos(2 * np.pi * (back - phase) * 7 / 365.25))
    )
    return np.repeat(NOW_US - (back * 7 * DAY_US).astype(np.int64), count)


def test_a_yearly_wave_returns() -> None:
    """Two years at their height now: half a year ahead they are at their lowest."""
    coming = arrivals(weekly_creations(104, 0.3), NOW_US, 52 * 7).daily.reshape(52, 7).sum(axis=1)
    assert coming[:4].mean() > 1.4 * coming[24:28].mean()
    assert coming[48:].mean() > 1.3 * coming[24:28].mean()


def test_a_year_not_seen_yet_makes_half_a_year_ahead_less_sure() -> None:
    short, long = (arrivals(weekly_creations(weeks, 0.0), NOW_US, 182) for weeks in (20, 150))
    assert short.deviation[-1] > 1.5 * long.deviation[-1]
    assert (np.diff(short.deviation) > -1e-3).all()
    assert short.daily.sum() == pytest.approx(26 * 60, rel=0.15)


def test_a_level_that_jumps_about_is_less_sure_than_a_steady_one() -> None:
    back = np.arange(100) + 0.5
    drift = np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.15, 100)))
    created = np.repeat(NOW_US - (back * 7 * DAY_US).astype(np.int64), np.round(80 * drift).astype(int))
    steady = arrivals(weekly_creations(100, 0.0), NOW_US, 91)
    assert arrivals(created, NOW_US, 91).deviation[-1] > 2 * steady.deviation[-1]


def test_over_many_levels_that_drift_as_many_come_as_expected() -> None:
    """The expectation is the mean of what may come; the median would be 2 % low here."""
    random, weeks, ahead = np.random.default_rng(5), 60, 26
    said, came = 0.0, 0
    for _ in range(150):
        count = random.poisson(30 * np.exp(np.cumsum(random.normal(0, 0.08, weeks + ahead))))
        week = np.repeat(np.arange(weeks), count[:weeks])
        created = NOW_US - ((weeks - week - random.random(len(week))) * 7 * DAY_US).astype(np.int64)
        said += arrivals(created, NOW_US, ahead * 7).daily.sum()
        came += int(count[weeks:].sum())
    assert said == pytest.approx(came, rel=0.015)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_history_still_gives_finite_arrivals(n: int) -> None:
    created = (NOW_US - np.arange(1, n + 1) * DAY_US).astype(np.int64)
    daily = arrivals(created, NOW_US, 90).daily
    assert np.isfinite(daily).all()
    assert 0 <= daily.sum() <= 90


def test_one_large_deal_moves_the_mean_amount_little() -> None:
    seen = made_lives(np.linspace(1, 390, 100), [WON] * 100)
    amounts = seen.amount.copy()
    amounts[-1] = 10_000.0  # the latest win
    weighted = mean_amount(replace(seen, amount=amounts), 30)
    assert 100 < weighted < 1.5 * amounts.mean()
    assert np.isnan(mean_amount(replace(seen, amount=np.full(100, np.nan)), 30))


def expectation(open_wins: float, new_wins: float, shock: float = 0.0) -> Expectation:
    one, flat = np.ones((1, 1)), np.full(1, shock)
    return Expectation(
        2 * one, 20 * one, open_wins * one, new_wins * one, open_wins * 0.3 * one, 10 * open_wins * one,
        10 * new_wins * one, flat, flat, np.zeros(1), 0.5,
    )  # fmt: skip


def test_draws_lie_around_the_expectation_and_widen_with_the_shock() -> None:
    calm, shaken = simulate(expectation(60.0, 30.0)), simulate(expectation(60.0, 30.0, 0.3))
    assert calm.wins[1, 0, 0] == pytest.approx(92, abs=2)
    assert calm.revenue[1, 0, 0] == pytest.approx(920, rel=0.03)
    deviation = np.sqrt(60 * 0.7 + 30)
    assert calm.wins[2, 0, 0] - calm.wins[0, 0, 0] == pytest.approx(2 * 1.28 * deviation, rel=0.1)
    assert np.ptp(shaken.wins[:, 0, 0]) > 1.5 * np.ptp(calm.wins[:, 0, 0])


def test_nothing_expected_is_nothing_drawn() -> None:
    found = simulate(expectation(0.0, 0.0, 0.2))
    assert (found.wins == 2).all()
    assert (found.revenue == 20).all()


def basis(ratio: float, origins: int = 8) -> ForecastBasis:
    """Origins a month apart at which 100 wins a month were expected and ratio times as many came."""
    days = np.arange(7.0, 183.0, 7.0)
    grown = np.tile(days * 100 / 30, (origins, 1))
    at = NOW_US - (np.arange(origins, 0, -1) + 6) * 30 * DAY_US
    rate = np.full(origins, 100 / 30)
    return ForecastBasis(
        at,
        days,
        grown / 2,
        grown / 2,
        grown * 5,
        grown * 5,
        grown * ratio,
        grown * 10 * ratio,
        rate,
        rate * 10,
    )


AHEAD = ComingSpans(np.array([0.0, 30.0, 170.0]), np.array([30.0, 60.0, 200.0]), np.full(3, 100.0), 100 / 30)


def test_a_replay_that_was_right_corrects_nothing_and_one_that_was_low_lifts() -> None:
    right, low = (fit_level(basis(r), AHEAD, 30, NOW_US, revenue=False) for r in (1.0, 1.3))
    assert right.measured
    np.testing.assert_allclose(right.factor, 1.0, atol=1e-9)
    assert (low.factor > 1.02).all()
    assert (low.factor < 1.3).all()
    assert (low.deviation > right.deviation).all()


def test_what_was_not_over_by_t_teaches_nothing() -> None:
    early = int(basis(1.3).as_of_us[0]) + 20 * DAY_US
    unknown = fit_level(basis(1.3), AHEAD, 30, early, revenue=False)
    assert not unknown.measured
    np.testing.assert_array_equal(unknown.factor, 1.0)
    assert not fit_level(None, AHEAD, 30, NOW_US, revenue=True).measured


def test_the_fewer_wins_are_known_the_wider_is_what_is_assumed() -> None:
    """Twelve wins tell a rate within 29 % of itself; a thousand within 3 %, beside the 8 % that are assumed anyway."""
    few, many, sure = (prior_level(replace(AHEAD, known_wins=n)).deviation[0] for n in (12.0, 1000.0, np.inf))
    np.testing.assert_allclose([few, many, sure], np.sqrt(0.0064 + np.array([1 / 12, 1 / 1000, 0.0])))
    judged = [
        fit_level(basis(1.3), replace(AHEAD, known_wins=n), 30, NOW_US, revenue=False).deviation
        for n in (12.0, 1000.0)
    ]
    assert (judged[0] > judged[1]).all()


def test_the_less_of_a_year_was_seen_the_wider_is_what_is_assumed() -> None:
    none, half, whole = (prior_level(replace(AHEAD, unseen_year=1 - y)).deviation[0] for y in (0.0, 0.5, 1.0))
    np.testing.assert_allclose([none, half, whole], np.sqrt(0.0064 + 0.04 * np.array([1.0, 0.5, 0.0])))


def test_the_basis_survives_json() -> None:
    kept = basis(1.1)
    wins = kept.wins.copy()
    wins[-1, -3:] = np.nan
    kept = replace(kept, wins=wins)
    back = ForecastBasis.from_dict(json.loads(json.dumps(kept.to_dict(), allow_nan=False)))
    for name, value in vars(kept).items():
        np.testing.assert_allclose(getattr(back, name), value, rtol=1e-3)
