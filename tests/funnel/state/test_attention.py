"""Leads that need attention: reasons, order, and length of the list."""

from dataclasses import replace

import numpy as np

from funnel.state.probabilities import LeadProbabilities
from funnel.state.state import FunnelOptions, funnel_state
from tests.builders.funnel_leads import Lead, history_of


def test_unanswered_and_stuck_leads_are_listed() -> None:
    leads = [Lead(i, [(i, "new")], [(i + 2, "lost", 1.0)]) for i in range(50)]
    leads += [Lead(i, [(i, "new")], [(i + 2, "won", 9.0)]) for i in range(50)]
    asking = Lead(57, [(57, "new")], [], [(57, "out"), (58, "in")])
    stuck = Lead(20, [(20, "new")])
    fresh = Lead(60, [(60, "new")])
    state = funnel_state(history_of([*leads, asking, stuck, fresh], 60))
    reasons = {lead["lead_id"]: {r["code"] for r in lead["reasons"]} for lead in state["attention"]["list"]}
    assert "unanswered" in reasons["L101"]
    assert "stuck" in reasons["L102"]
    assert "L103" not in reasons


def test_leads_rank_by_expected_revenue() -> None:
    asking = [(5, "out"), (6, "in")]
    history = history_of([Lead(0, touches=asking, source="web"), Lead(0, touches=asking, source="fair")], 30)
    chances = LeadProbabilities(np.array([0.2, 0.6]), np.array([0.2, 0.6]), np.full(2, 100.0))
    urgent = funnel_state(history, probabilities=chances)["attention"]["list"]
    assert [(lead["lead_id"], lead["expected_revenue"]) for lead in urgent] == [("L2", 60.0), ("L1", 20.0)]
    fallen = replace(chances, earlier=chances.now * 2)
    codes = {
        r["code"] for r in funnel_state(history, probabilities=fallen)["attention"]["list"][0]["reasons"]
    }
    assert "probability_fell" in codes


def test_list_is_cut_and_its_count_is_not() -> None:
    asking = [(5, "out"), (6, "in")]
    history = history_of([Lead(i % 5, touches=asking) for i in range(30)], 30)
    whole = funnel_state(history, FunnelOptions(attention=100))["attention"]
    assert (whole["leads"], len(whole["list"])) == (30, 30)
    for most in (0, 3):
        some = funnel_state(history, FunnelOptions(attention=most))["attention"]
        assert (some["leads"], some["list"]) == (30, whole["list"][:most])
    assert len(funnel_state(history)["attention"]["list"]) == 20
