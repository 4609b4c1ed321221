"""The kernel's bounds: a window is open at its start and closed at as_of, a late row waits until it is known."""

import numpy as np
import pytest

from features.declared.kernel import COUNT, declared_rows
from history.text.times import DAY_US

AS_OF_US = 100 * DAY_US


def count(time_us: int, known_us: int, window_days: int) -> float:
    """The count of one row of one lead at AS_OF_US."""
    none, codes = np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int32)
    out = np.empty((1, 1))
    declared_rows(
        out, 0, COUNT, window_days * DAY_US, np.zeros(1, dtype=np.int64), np.array([AS_OF_US]),
        np.array([0, 1]), np.array([time_us]), np.array([known_us]), np.ones(1, dtype=np.bool_), np.full(1, np.nan),
        codes, 1, np.zeros(1, dtype=np.int64), codes, np.zeros(2, dtype=np.int64), none, np.zeros(0, dtype=np.int32),
        np.zeros(1, dtype=np.int64), none,
    )  # fmt: skip
    return float(out[0, 0])


@pytest.mark.parametrize(
    ("time_us", "counts"),
    [
        (AS_OF_US, 1),
        (AS_OF_US + 1, 0),
        (AS_OF_US - 7 * DAY_US + 1, 1),
        (AS_OF_US - 7 * DAY_US, 0),
    ],
)
def test_window_is_open_at_its_start_and_closed_at_as_of(time_us: int, counts: int) -> None:
    assert count(time_us, time_us, window_days=7) == counts


def test_late_row_counts_from_the_time_it_is_known() -> None:
    assert count(AS_OF_US - DAY_US, AS_OF_US + 1, window_days=7) == 0
    assert count(AS_OF_US - DAY_US, AS_OF_US, window_days=7) == 1


def test_without_a_window_every_visible_row_counts() -> None:
    assert count(-(10**15), 0, window_days=0) == 1
