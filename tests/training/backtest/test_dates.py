"""Dates of a backtest: matured midnights that keep their distance."""

from itertools import pairwise

import pytest

from history.history import History
from history.text.times import DAY_US
from training.backtest.dates import default_dates, first_trainable_us


@pytest.mark.parametrize("count", [1, 2, 5, 12, 100])
def test_default_dates_are_matured_midnights(history: History, count: int) -> None:
    dates = default_dates(history, count)
    horizon_us, first_us = history.config.horizon_us, first_trainable_us(history)
    assert 1 <= len(dates) <= count
    assert dates == sorted(dates)
    assert all(at_us % DAY_US == 0 for at_us in dates)
    assert all(at_us + horizon_us <= history.as_of_us for at_us in dates)
    assert first_us is not None
    assert all(at_us >= first_us - DAY_US for at_us in dates)
    assert all(later - earlier >= horizon_us // 4 for earlier, later in pairwise(dates))
    assert history.as_of_us - horizon_us - dates[-1] < DAY_US
