"""Time proxies are masked: tomorrow's running number is higher than any in training."""

import numpy as np
import pytest

from features.feature import Feature
from history.text.times import DAY_US
from training.rows.time_proxies import MIN_KNOWN, masked, time_proxy_columns


def column(name: str, kind: str = "number", block: str = "attributes", unit: str = "number") -> Feature:
    return Feature(name, unit, kind, 0, block, "", "")


COLUMNS = (
    column("ticket_number"),
    column("size"),
    column("owner_n_leads", unit="leads"),
    column("owner_win_rate", unit="rate"),
    column("region", kind="category"),
    column("days_since_created", block="progression"),
    column("countdown"),
    column("constant"),
    column("hardly_ever"),
)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("n", [400, 50_000])
def test_only_time_proxies_are_detected(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    at = np.sort(random.integers(0, 10**12, n))
    day = at / 1e12
    rare = np.where(np.arange(n) < MIN_KNOWN // 2, day, np.nan)
    random.shuffle(rare)
    values = np.column_stack(
        [
            1e6 * day + random.normal(0, 1e4, n),
            random.lognormal(3, 1, n) * (1 + 0.2 * day),
            day + random.normal(0, 0.6, n),
            random.random(n),
            np.round(9 * day),
            day,
            -day + random.normal(0, 0.05, n),
            np.full(n, 3.0),
            rare,
        ]
    )
    values[random.random(n) < 0.2, 0] = np.nan
    order = random.permutation(n)
    assert time_proxy_columns(values[order], COLUMNS, at[order]) == [0, 2, 6]


def test_one_instant_has_no_time_proxy() -> None:
    values = np.random.default_rng(1).normal(size=(200, len(COLUMNS)))
    assert time_proxy_columns(values, COLUMNS, np.zeros(200, dtype=np.int64)) == []
    assert time_proxy_columns(values[:0], COLUMNS, np.zeros(0, dtype=np.int64)) == []


def test_masking_copies_the_values() -> None:
    values = np.random.default_rng(2).normal(size=(5, 4))
    before = values.copy()
    out = masked(values, [1, 3])
    assert np.isnan(out[:, [1, 3]]).all()
    np.testing.assert_array_equal(out[:, [0, 2]], before[:, [0, 2]])
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(masked(values, []), before)


@pytest.mark.parametrize(
    ("days", "blanked"), [(0, [0, 1]), (60, [0, 1]), (61, [1]), (182, [1]), (183, []), (2000, [])]
)
def test_countdowns_need_two_cycles(days: int, blanked: list[int]) -> None:
    columns = [
        column(name, block="calendar", unit="calendar days")
        for name in ("days_to_month_end", "days_to_quarter_end", "as_of_weekday")
    ]
    at = np.linspace(0, days * DAY_US, 300).astype(np.int64)
    day = at // DAY_US
    values = np.column_stack([30 - day % 31, 90 - day % 91, day % 7]).astype(np.float64)
    assert time_proxy_columns(values, columns, at) == blanked
