"""Daily hazards of winning and losing by age: censoring, shrinkage, bounds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.hazards import hazards
from funnel.known_leads import KnownLeads, Recording
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US
from tests.builders.leads.known_leads import NOW_US, known_leads_of


def test_ages_with_few_leads_take_the_rate_of_neighbours() -> None:
    """A steady 1 % a day; leads came over 200 days, and of those that few have reached the end nobody won there."""
    random = np.random.default_rng(3)
    born = np.sort(random.uniform(0, 200, 400))[::-1]  # days before T
    age = np.minimum(born, random.exponential(100, 400))
    state = np.where(age < born, WON, OPEN)
    state[:5], age[:5] = OPEN, born[:5]
    created = (NOW_US - born * DAY_US).astype(np.int64)
    end = (created + age * DAY_US).astype(np.int64)
    known = KnownLeads(NOW_US, np.arange(400), created, end, state.astype(np.int8), np.full(400, np.nan))
    won = hazards(known, 1e9).won
    assert 0.002 < won[-1] < 0.02
    assert won[:100].mean() == pytest.approx(0.01, rel=0.35)


def test_incidence_without_censoring_is_the_plain_share() -> None:
    random = np.random.default_rng(0)
    state = random.choice([WON, LOST], 300, p=[0.3, 0.7]).tolist()
    known = known_leads_of(random.uniform(0, 25, 300), state)
    won, lost = hazards(known, 1e9).incidence(200)
    assert won[-1] == pytest.approx(np.mean(np.array(state) == WON), abs=1e-3)
    assert won[-1] + lost[-1] <= 1 + 1e-12


def test_open_leads_do_not_count_as_lost() -> None:
    random = np.random.default_rng(1)
    decided = known_leads_of(random.uniform(0, 20, 200), [WON, LOST] * 100)
    young = known_leads_of(np.full(500, 0.5), [OPEN] * 500)
    both = KnownLeads(
        NOW_US,
        np.arange(700),
        created_us=np.concatenate((decided.created_us, young.created_us)),
        end_us=np.concatenate((decided.end_us, young.end_us)),
        state=np.concatenate((decided.state, young.state)),
        amount=np.concatenate((decided.amount, young.amount)),
    )
    alone, with_young = hazards(decided, 1e9).incidence(60)[0][-1], hazards(both, 1e9).incidence(60)[0][-1]
    assert alone == pytest.approx(0.5, abs=0.01)
    assert with_young > 0.3, "leads of half a day cannot halve the conversion"


@given(st.lists(st.tuples(st.floats(0, 300), st.sampled_from([OPEN, WON, LOST])), max_size=40))
@settings(max_examples=60, deadline=None)
def test_rates_are_probabilities_of_any_leads(leads: list[tuple[float, int]]) -> None:
    known = known_leads_of(np.array([age for age, _ in leads]), [s for _, s in leads])
    rates = hazards(known, 60.0)
    assert (rates.won >= 0).all()
    assert (rates.lost >= 0).all()
    assert (rates.won + rates.lost <= 1 + 1e-9).all()
    won, lost = rates.incidence(400)
    assert (np.diff(won) >= 0).all()
    np.testing.assert_allclose(won + lost + rates.open_share(400), 1.0, atol=1e-9)


def test_leads_are_at_risk_from_the_first_recorded_win_on() -> None:
    """Beside counting day by day, without shrinkage: exposure and wins of each age after that instant alone."""
    random = np.random.default_rng(5)
    n, from_us = 3_000, NOW_US - 50 * DAY_US
    created = (NOW_US - random.uniform(0, 150, n) * DAY_US).astype(np.int64)
    end = created + (random.exponential(25, n) * DAY_US).astype(np.int64)
    kept = end >= from_us
    created, end = created[kept], np.minimum(end[kept], NOW_US)
    state = np.where(end < NOW_US, WON, OPEN).astype(np.int8)
    known = KnownLeads(NOW_US, np.arange(len(end)), created, end, state, np.full(len(end), np.nan))
    late = replace(known, recording=Recording(from_us, 0, 0.0))

    exposure, won = np.zeros(30), np.zeros(30)
    for born, closed, is_won in zip(created.tolist(), end.tolist(), (state == WON).tolist(), strict=True):
        for age in range(max(-(-(from_us - born) // DAY_US), 0), 30):
            if (closed - born) // DAY_US < age:
                break
            last = (closed - born) // DAY_US == age
            exposure[age] += (closed - born) / DAY_US - age if last and not is_won else 1.0
            won[age] += last and is_won
    rates = hazards(late, 1e9).won[:30]
    assert (rates * exposure).sum() == pytest.approx(won.sum(), rel=0.03)
    np.testing.assert_allclose(rates, won / exposure, rtol=0.25)
    assert rates.mean() == pytest.approx(1 / 25, rel=0.08)
    assert hazards(known, 1e9).won[:30].mean() < 0.7 / 25, "days on which no win could be recorded count"
