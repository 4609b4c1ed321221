"""Cumulative incidence against a plain loop, against shares without censoring, and under censoring."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, logrank, norm

from funnel.survival import (
    CENSORED,
    COMPETING,
    EVENT,
    CumulativeIncidence,
    Durations,
    aalen_johansen,
    logrank_p_later,
)
from models.figures.intervals import rate_interval

rows = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([CENSORED, EVENT, COMPETING])), min_size=1, max_size=40
)


def incidence_of(pairs: list[tuple[int, int]]) -> CumulativeIncidence:
    return aalen_johansen(
        np.array([float(d) for d, _ in pairs]), np.array([outcome for _, outcome in pairs], dtype=np.int8)
    )


def plain(pairs: list[tuple[int, int]], until: float) -> tuple[float, float]:
    """Incidence of the event and share free of both at `until`, day by day."""
    incidence, free = 0.0, 1.0
    for t in sorted({d for d, _ in pairs}):
        if t > until:
            break
        n = sum(d >= t for d, _ in pairs)
        event = sum(d == t and o == EVENT for d, o in pairs)
        other = sum(d == t and o == COMPETING for d, o in pairs)
        incidence += free * event / n
        free *= 1 - (event + other) / n
    return incidence, free


@given(rows, st.integers(0, 13))
def test_incidence_equals_a_plain_loop(pairs: list[tuple[int, int]], until: int) -> None:
    curve = incidence_of(pairs)
    incidence, _ = plain(pairs, until)
    assert curve.at(until) == pytest.approx(incidence, abs=1e-12)
    assert curve.entered == curve.events + curve.competing + curve.censored == len(pairs)


@given(rows)
def test_incidences_and_event_free_share_sum_to_one(pairs: list[tuple[int, int]]) -> None:
    curve = incidence_of(pairs)
    swapped = incidence_of([(d, {EVENT: COMPETING, COMPETING: EVENT}.get(o, o)) for d, o in pairs])
    np.testing.assert_allclose(curve.incidence + swapped.incidence + curve.event_free, 1.0, atol=1e-12)
    assert np.all(np.diff(curve.incidence) >= -1e-15)


@given(rows)
def test_without_censoring_variance_is_binomial(pairs: list[tuple[int, int]]) -> None:
    curve = incidence_of([(d, o if o != CENSORED else COMPETING) for d, o in pairs])
    share = curve.events / curve.entered
    assert curve.final == pytest.approx(share, abs=1e-12)
    assert curve.variance[-1] == pytest.approx(share * (1 - share) / curve.entered, abs=1e-12)
    assert curve.interval() == pytest.approx(rate_interval(share, curve.entered))


@given(rows)
def test_variance_equals_the_double_sum(pairs: list[tuple[int, int]]) -> None:
    curve = incidence_of(pairs)
    total = 0.0
    before = 1.0
    for t, f in zip(curve.days.tolist(), curve.incidence.tolist(), strict=True):
        n = sum(d >= t for d, _ in pairs)
        event = sum(d == t and o == EVENT for d, o in pairs)
        every = sum(d == t and o != CENSORED for d, o in pairs)
        ahead = curve.final - f
        total += ahead**2 * every / (n * (n - every)) if n > every else 0.0
        total += before**2 * event * (n - event) / n**3 - 2 * ahead * before * event / n**2
        before *= 1 - every / n
    if len(curve.days):
        assert curve.variance[-1] == pytest.approx(max(total, 0.0), abs=1e-12)


@given(rows)
def test_censored_subjects_do_not_count_as_losses(pairs: list[tuple[int, int]]) -> None:
    curve = incidence_of(pairs)
    as_lost = incidence_of([(d, COMPETING if o == CENSORED else o) for d, o in pairs])
    assert curve.final >= as_lost.final - 1e-12


def test_quantiles_beyond_the_data_are_nan() -> None:
    curve = incidence_of([(1, EVENT), (2, EVENT), (3, CENSORED), (9, CENSORED)])
    assert (curve.quantile(0.25), curve.quantile(0.5)) == (1.0, 2.0)
    assert math.isnan(curve.quantile(0.75))
    assert curve.quantile_of_events(1.0) == 2.0


def test_incidence_without_subjects_is_nan() -> None:
    nobody = aalen_johansen(np.zeros(0), np.zeros(0, dtype=np.int8))
    assert math.isnan(nobody.final)
    assert math.isnan(nobody.at(3.0))


def test_intervals_cover_as_often_as_stated() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        won = rng.random(120) < 0.3
        ends, observed = rng.exponential(10.0, 120), rng.uniform(5.0, 60.0, 120)
        outcome = np.where(ends > observed, CENSORED, np.where(won, EVENT, COMPETING)).astype(np.int8)
        low, high = aalen_johansen(np.minimum(ends, observed), outcome).interval()
        covered += low <= 0.3 <= high
    assert 0.74 <= covered / 400 <= 0.86


@pytest.mark.parametrize("seed", range(5))
def test_logrank_is_that_of_scipy_stats(seed: int) -> None:
    """With many ties, and events while nobody else is at risk."""
    rng = np.random.default_rng(seed)
    for n, m in ((5, 9), (40, 300)):
        one, other = (
            Durations(rng.integers(1, 30, k).astype(np.float64), rng.random(k) < 0.7) for k in (n, m)
        )
        data = [CensoredData(uncensored=d.days[d.ended], right=d.days[~d.ended]) for d in (one, other)]
        assert logrank_p_later(one, other) == logrank(*data, alternative="less").pvalue


def test_logrank_of_many_subjects_does_not_overflow() -> None:
    days = np.tile(np.arange(1.0, 11.0), 20_000)
    everybody = Durations(days, np.ones(len(days), dtype=bool))
    assert logrank_p_later(everybody, everybody) == 0.5


def test_logrank_of_a_small_example() -> None:
    """Four against four, by hand: risks and expected events at days 1 to 4, the last two of one side still in view."""
    one = Durations(np.array([2.0, 4.0, 5.0, 5.0]), np.array([True, True, False, False]))
    other = Durations(np.array([1.0, 1.0, 2.0, 3.0]), np.array([True, True, True, True]))
    expected = 2 * 4 / 8 + 2 * 4 / 6 + 1 * 3 / 4 + 1 * 3 / 3
    spread = 2 * 0.5 * 0.5 * 6 / 7 + 2 * (4 / 6) * (2 / 6) * 4 / 5 + (3 / 4) * (1 / 4)
    z = (expected - 2) / spread**0.5
    assert logrank_p_later(one, other) == pytest.approx(norm.sf(z))
    assert logrank_p_later(other, one) == pytest.approx(norm.sf(-z))
