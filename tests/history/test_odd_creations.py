"""Odd creations: a few leads far before all others, and never the start of a real funnel."""

import numpy as np
import pytest

from history.odd_creations import first_creation_us, odd_creations
from history.text.times import DAY_US

DAILY = tuple(range(1000, 1100))


@pytest.mark.parametrize(
    ("early", "first"),
    [
        ((), 1000),
        ((0,), 1000),
        ((0, 500, 700), 1000),
        ((0, 1, 2, 3), 0),
        ((901,), 901),
        ((900,), 1000),
        ((0, 950), 950),
    ],
)
def test_leads_before_a_gap_wider_than_the_others_span(early: tuple[int, ...], first: int) -> None:
    created_us = np.array([*DAILY, *early], dtype=np.int64) * DAY_US
    assert first_creation_us(created_us) == first * DAY_US
    assert int(odd_creations(created_us).sum()) == sum(day < first for day in early)


def test_each_odd_creation_needs_ten_others() -> None:
    for others, odd_count in ((9, 0), (10, 1)):
        created_us = np.array([0, *range(1000, 1000 + others)], dtype=np.int64) * DAY_US
        assert odd_creations(created_us).sum() == odd_count


def test_pilot_shortly_before_a_young_funnel_is_usual() -> None:
    created_us = np.array([0, 1, *range(20, 40)], dtype=np.int64) * DAY_US
    assert not odd_creations(created_us).any()


def test_no_leads_have_no_odd_creation() -> None:
    assert odd_creations(np.zeros(0, dtype=np.int64)).shape == (0,)
    assert first_creation_us(np.array([5], dtype=np.int64)) == 5


def test_random_funnels_begin_with_their_first_lead() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        created_us = np.cumsum(rng.exponential(30 * DAY_US, int(rng.integers(1, 80)))).astype(np.int64)
        assert not odd_creations(created_us).any()
