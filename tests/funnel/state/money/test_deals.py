"""Deals of the twenty leads counted by hand."""

from typing import Any

import pytest

from funnel.state.state import funnel_state
from tests.builders.leads.funnel_leads import Lead, history_of


def test_entered_leads_are_open_won_or_lost(state: dict[str, Any]) -> None:
    funnel = state["total"]["funnel"]
    assert {k: funnel[k] for k in ("entered", "open", "won", "lost")} == {
        "entered": 20,
        "open": 7,
        "won": 7,
        "lost": 6,
    }


def test_undone_decisions_count_in_flow_but_not_in_deals(state: dict[str, Any]) -> None:
    flow, deals = state["total"]["flow"], state["total"]["deals"]
    assert (flow["entered"], flow["reopened"], flow["won"], flow["lost"], flow["open_at_end"]) == (
        20,
        3,
        8,
        8,
        7,
    )
    assert (flow["moves_back"], flow["skips"]) == (2, 1)
    assert (deals["won"], deals["lost"]) == (7, 6)


def test_revenue_cycle_time_and_velocity(state: dict[str, Any]) -> None:
    deals, cycle, velocity = (state["total"][k] for k in ("deals", "cycle_time_days", "velocity"))
    assert deals["win_rate"] == pytest.approx(7 / 13)
    assert (deals["revenue"], deals["average_deal"], deals["unknown_amounts"]) == (1500.0, 250.0, 1)
    assert deals["win_rate_by_amount"] is None  # the losses have no amounts
    assert (cycle["calendar"]["n"], cycle["calendar"]["median"]) == (7, 8.0)
    assert cycle["calendar"]["mean"] == pytest.approx(65 / 7)
    assert velocity["revenue_per_day"] == pytest.approx(7 * (7 / 13) * 250 / (65 / 7))


def test_win_rate_by_amount_needs_amounts_of_losses() -> None:
    leads = [Lead(0, [], [(1, "won", 300)]), Lead(0, [], [(2, "lost", 100)]), Lead(0, [], [(2, "lost", 200)])]
    assert funnel_state(history_of(leads, 5))["total"]["deals"]["win_rate_by_amount"] == pytest.approx(0.5)
