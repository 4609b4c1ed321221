"""Leads as they were at an earlier instant, and their wins between two instants."""

import numpy as np
import pytest

from funnel.known_leads import KnownLeads, WinTotals
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US
from tests.builders.leads.known_leads import NOW_US


@pytest.fixture
def known() -> KnownLeads:
    """Four leads, created 40 to 10 days ago: won after 10 days, lost after 25, open, won after 5."""
    created_us = NOW_US - np.array([40, 30, 20, 10]) * DAY_US
    end_us = np.array([NOW_US - 30 * DAY_US, NOW_US - 5 * DAY_US, NOW_US, NOW_US - 5 * DAY_US])
    state = np.array([WON, LOST, OPEN, WON], dtype=np.int8)
    return KnownLeads(
        NOW_US, np.arange(4), created_us, end_us, state, np.array([70.0, np.nan, np.nan, np.nan])
    )


def test_an_earlier_instant_knows_no_later_lead_and_no_later_decision(known: KnownLeads) -> None:
    then = known.as_at(NOW_US - 15 * DAY_US)
    assert then.lead.tolist() == [0, 1, 2]
    assert then.state.tolist() == [WON, OPEN, OPEN]
    assert then.end_us.tolist() == [NOW_US - 30 * DAY_US, then.as_of_us, then.as_of_us]


def test_wins_between_count_without_an_amount_too(known: KnownLeads) -> None:
    assert known.won_between(NOW_US - 40 * DAY_US, NOW_US) == WinTotals(2, 70.0)
    assert known.won_between(NOW_US - 5 * DAY_US, NOW_US) == WinTotals(1, 0.0)
    assert known.won_between(NOW_US - 40 * DAY_US, NOW_US - 30 * DAY_US) == WinTotals(0, 0.0)
    assert known.first_win_us == NOW_US - 30 * DAY_US


def test_timing_is_unknown_if_most_decisions_are_undated(known: KnownLeads) -> None:
    assert known.has_timing
    undated = KnownLeads(**{**vars(known), "undated": np.array([True, True, False, False])})
    assert not undated.has_timing
    assert undated.undated_share == "2 of 3 decided leads have no closing time"
