"""Row weights: half after each half-life, one a lead; the effective number of leads; sums and deviations by lead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.base.arrays import Ints
from history.text.times import DAY_US
from training.rows.weights import (
    concentration,
    deviation_by_lead,
    recency_weight,
    sums_by_lead,
    weight_per_lead,
)

leads = st.lists(st.integers(0, 9), min_size=1, max_size=40).map(lambda rows: np.array(rows, dtype=np.int64))


def test_weight_halves_with_each_half_life() -> None:
    horizon_us = 90 * DAY_US
    age_us = np.array([0, 180, 360], dtype=np.int64) * DAY_US
    np.testing.assert_allclose(recency_weight(age_us, horizon_us, 2.0), [1.0, 0.5, 0.25])


@given(leads)
def test_weights_sum_to_one_for_each_lead(lead: Ints) -> None:
    sums = np.bincount(lead, weight_per_lead(lead))
    np.testing.assert_allclose(sums[np.unique(lead)], 1.0)


@given(leads)
def test_equal_leads_are_their_own_effective_number(lead: Ints) -> None:
    assert concentration(weight_per_lead(lead), lead) == pytest.approx(1 / len(np.unique(lead)))


def test_a_dominant_lead_concentrates_the_weight() -> None:
    weight, lead = np.array([98.0, 1.0, 1.0]), np.arange(3)
    assert concentration(weight, lead) == pytest.approx((98**2 + 2) / 100**2)


@given(leads)
def test_sums_by_lead_are_those_of_a_loop(lead: Ints) -> None:
    values = np.arange(1.0, len(lead) + 1)
    sums = {key: sum(values[lead == key]) for key in sorted(set(lead.tolist()))}
    np.testing.assert_allclose(sums_by_lead(values, lead), list(sums.values()))


def test_equal_scores_of_one_lead_add_up_and_those_of_many_do_not() -> None:
    scores = np.ones(16)
    assert deviation_by_lead(scores, np.zeros(16, dtype=np.int64)) == 16.0
    assert deviation_by_lead(scores, np.arange(16)) == 4.0
