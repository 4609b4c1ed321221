"""The end of the data: a few rows far after everything else do not move it, and no slow funnel loses its last row."""

import numpy as np
import pytest

from history.data_end import end_of_latest, latest_of, needed_count
from history.text.times import DAY_US


def days(*at: float) -> np.ndarray:
    return (np.array(at) * DAY_US).astype(np.int64)


DAILY = tuple(range(100))


@pytest.mark.parametrize(
    ("late", "end"),
    [
        ((), 99),
        ((128,), 128),
        ((131,), 99),
        ((131, 200), 99),
        ((131, 131, 4000), 99),
        ((131, 132, 133, 134), 134),
        ((110, 160), 110),
        ((120, 160), 160),
    ],
)
def test_rows_behind_a_gap(late: tuple[float, ...], end: float) -> None:
    assert latest_of(days(*DAILY, *late)).end() == end * DAY_US


@pytest.mark.parametrize(("late_count", "is_late"), [(1, True), (2, False)])
def test_each_late_row_needs_ten_others(late_count: int, is_late: bool) -> None:
    end = latest_of(days(*range(10), *(100 for _ in range(late_count)))).end()
    assert end == (9 if is_late else 100) * DAY_US


def test_many_rows_allow_more_late_ones() -> None:
    daily = np.arange(2000) * DAY_US
    for late_count, end in ((10, 1999), (11, 2100)):
        assert latest_of(np.concatenate([daily, np.full(late_count, 2100 * DAY_US)])).end() == end * DAY_US


def test_no_rows_have_no_end() -> None:
    assert latest_of(days()).end() is None
    assert latest_of(days(5)).end() == 5 * DAY_US


def test_rows_of_a_slow_funnel_are_rarely_late() -> None:
    rng = np.random.default_rng(3)
    moved = 0
    for _ in range(500):
        at = np.cumsum(rng.exponential(40, size=40) * DAY_US).astype(np.int64)
        moved += latest_of(at).end() != at.max()
    assert moved < 25


def test_the_latest_rows_decide_alone() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        count = int(rng.integers(1, 3000))
        times = rng.integers(0, 300, count) * DAY_US
        times[: int(rng.integers(0, 4))] += 400 * DAY_US
        latest = np.sort(times)[-needed_count(count) :]
        assert latest_of(times).end() == end_of_latest(latest, count)
