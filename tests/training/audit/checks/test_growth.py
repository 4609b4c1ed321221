"""Counters that grow while a lead is open are found; numbers known at creation are not, whatever they predict."""

import numpy as np
import pytest

from history.base.arrays import Floats, Ints
from history.text.times import DAY_US
from tests.builders.worlds.audit_world import World, days, only, world

SEEDS = range(3)


def open_days(w: World) -> Floats:
    ends_us = np.minimum(w.will_close_us, w.history.as_of_us)
    return np.asarray((ends_us - w.created_us) / DAY_US)


def texts(numbers: Ints | Floats) -> list[str]:
    return [f"{number:.3f}" for number in numbers.tolist()]


@pytest.mark.parametrize("seed", SEEDS)
def test_counter_that_closing_stops_is_suspected(seed: int) -> None:
    w = world(4000, seed)
    grown = w.rng.poisson(0.1 * open_days(w))
    columns = {
        "contacts": texts(1 + w.rng.poisson(0.1 * open_days(w))),
        "points": texts(30 + 20 * np.log1p(grown) + w.rng.normal(0, 5, len(w))),
    }
    assert w.audit(**columns) == dict.fromkeys(columns, "leakage_suspected")


@pytest.mark.parametrize("seed", SEEDS)
def test_number_that_grows_with_age_is_reported(seed: int) -> None:
    w = world(1500, seed)
    age_days = (w.history.as_of_us - w.created_us) / DAY_US
    assert "mails" in w.audit(mails=texts(w.rng.poisson(0.1 * age_days)))


@pytest.mark.parametrize("n", [600, 4000])
@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_known_at_creation_are_kept(seed: int, n: int) -> None:
    """They predict the time to the closing or the outcome, follow a trend, jump, or all of it."""
    w = world(n, seed)
    noise, date = w.rng.normal(size=n), (w.created_us - w.created_us[0]) / np.ptp(w.created_us)
    length = np.log((w.will_close_us - w.created_us) / DAY_US)
    verdicts = w.audit(
        slow=texts(length + 0.3 * noise),
        fast=texts(-length + noise),
        trend=texts(noise + 3 * date),
        decline=texts(noise - 3 * date),
        slow_and_declining=texts(length + noise - 2 * date),
        jump=texts(noise + 3 * (date > 0.8)),
        strong=texts(noise + w.will_win),
        visits=[str(count) for count in w.rng.poisson(w.rng.gamma(1, np.exp(length) / 20))],
    )
    assert verdicts == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_column_that_closing_clears_is_suspected(seed: int) -> None:
    """A next step; a field that was introduced lately is filled on open leads as well, and kept."""
    w = world(2000, seed)
    lately = w.created_us > np.quantile(w.created_us[~w.closed], 0.3)
    verdicts = w.audit(
        next_step=only(
            ~w.closed & w.chance(0.8), days(w.history.as_of_us + w.rng.integers(1, 20, len(w)) * DAY_US)
        ),
        new_field=only(lately & w.chance(0.8), ["x"] * len(w)),
    )
    assert verdicts == {"next_step": "leakage_suspected"}
