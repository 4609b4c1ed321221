"""Forecast arrivals: level, weekday, trend, yearly wave, and their uncertainty."""

import numpy as np
import pytest

from funnel.forecast.components.arrivals import arrivals
from history.base.arrays import Ints
from history.text.times import DAY_US
from tests.builders.leads.known_leads import NOW_US


def test_arrivals_keep_the_level_and_the_weekday_pattern() -> None:
    days = np.arange(1, 211)
    daily = np.where(days % 7 == 0, 0, 5)  # none on one day of the week
    created = np.repeat(NOW_US - days * DAY_US + DAY_US // 2, daily).astype(np.int64)
    coming = arrivals(created, NOW_US, 28)
    assert coming.daily.sum() == pytest.approx(4 * 30, rel=0.08)
    quiet = coming.daily.reshape(4, 7)
    assert (quiet.min(axis=1) < 0.3 * quiet.mean(axis=1)).all()


def test_growth_is_damped() -> None:
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


def test_yearly_wave_is_repeated() -> None:
    """Two years at their height now: half a year ahead they are at their lowest."""
    coming = arrivals(weekly_creations(104, 0.3), NOW_US, 52 * 7).daily.reshape(52, 7).sum(axis=1)
    assert coming[:4].mean() > 1.4 * coming[24:28].mean()
    assert coming[48:].mean() > 1.3 * coming[24:28].mean()


def test_short_history_is_less_certain_about_the_season() -> None:
    short, long = (arrivals(weekly_creations(weeks, 0.0), NOW_US, 182) for weeks in (20, 150))
    assert short.deviation[-1] > 1.5 * long.deviation[-1]
    assert (np.diff(short.deviation) > -1e-3).all()
    assert short.daily.sum() == pytest.approx(26 * 60, rel=0.15)


def test_unsteady_level_is_less_certain() -> None:
    back = np.arange(100) + 0.5
    drift = np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.15, 100)))
    created = np.repeat(NOW_US - (back * 7 * DAY_US).astype(np.int64), np.round(80 * drift).astype(int))
    steady = arrivals(weekly_creations(100, 0.0), NOW_US, 91)
    assert arrivals(created, NOW_US, 91).deviation[-1] > 2 * steady.deviation[-1]


def test_arrivals_are_unbiased_under_a_drifting_level() -> None:
    """The expectation is the mean of what may come; the median would be 2 % low here."""
    random, weeks, ahead = np.random.default_rng(5), 60, 26
    expected, actual = 0.0, 0
    for _ in range(150):
        count = random.poisson(30 * np.exp(np.cumsum(random.normal(0, 0.08, weeks + ahead))))
        week = np.repeat(np.arange(weeks), count[:weeks])
        created = NOW_US - ((weeks - week - random.random(len(week))) * 7 * DAY_US).astype(np.int64)
        expected += arrivals(created, NOW_US, ahead * 7).daily.sum()
        actual += int(count[weeks:].sum())
    assert expected == pytest.approx(actual, rel=0.015)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_arrivals_are_finite_with_hardly_any_history(n: int) -> None:
    created = (NOW_US - np.arange(1, n + 1) * DAY_US).astype(np.int64)
    daily = arrivals(created, NOW_US, 90).daily
    assert np.isfinite(daily).all()
    assert 0 <= daily.sum() <= 90
