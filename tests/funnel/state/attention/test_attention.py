"""Leads that need attention: reasons, order, and length of the list."""

from collections import Counter
from dataclasses import replace

import numpy as np

from funnel.state.leads.probabilities import LeadProbabilities
from funnel.state.state import FunnelOptions, funnel_state
from models.reasons.pace import Pace
from tests.builders.leads.funnel_leads import CONFIG, Lead, history_of


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


def test_valuable_leads_are_untouched_only_if_touches_are_recorded() -> None:
    """Without a table of interactions the time since the creation is no silence."""
    chances = LeadProbabilities(np.linspace(0.1, 0.9, 20), np.linspace(0.1, 0.9, 20), np.full(20, 100.0))

    def reasons(touches: list[tuple[int, str]]) -> set[str]:
        leads = [Lead(0), *(Lead(0, touches=touches) for _ in range(19))]
        listed = funnel_state(history_of(leads, 30), probabilities=chances)["attention"]["list"]
        return {reason["code"] for lead in listed for reason in lead["reasons"]}

    assert "high_value_untouched" in reasons([(1, "out")])
    assert reasons([]) == set()


def test_stage_that_most_leads_never_left_makes_nobody_stuck() -> None:
    """Where losses are not recorded, the few leads that left tell nothing about the others."""
    left = [Lead(i, [(i, "new")], [(i + 2, "won", 9.0)]) for i in range(30)]
    stay = [Lead(i % 60, [(i % 60, "new")]) for i in range(200)]
    assert funnel_state(history_of([*left, *stay], 90))["attention"]["leads"] == 0
    listed = funnel_state(history_of([*left, *stay[:20]], 90))["attention"]["list"]
    assert "nine of ten leads that left it did so within 2 days" in listed[0]["reasons"][0]["sentence"]


def test_an_owner_has_no_more_than_the_budget() -> None:
    asking = [(5, "out"), (6, "in")]
    owners = ["Ann", "ann ", "Ann", "Bob", None, None, None]
    config = replace(CONFIG, display={"attention_per_owner": 2})
    history = history_of([Lead(0, touches=asking, owner=owner) for owner in owners], 30, config)
    chances = np.array([0.3, 0.2, 0.1, 0.05, 0.01, 0.02, 0.03])
    state = funnel_state(history, probabilities=LeadProbabilities(chances, chances, np.full(7, 100.0)))
    urgent = state["attention"]
    chosen = {lead["lead_id"]: lead["attention"] for lead in urgent["list"]}
    assert chosen == {
        **dict.fromkeys(("L1", "L2", "L4", "L6", "L7"), "unanswered"),
        **dict.fromkeys(("L3", "L5"), None),
    }
    assert (urgent["leads"], urgent["per_owner"], urgent["chosen"]) == (7, 2, 5)
    reasons = [code for code in chosen.values() if code is not None]
    assert {record["code"]: record["leads"] for record in urgent["by_reason"]} == Counter(reasons)


def test_each_lead_says_what_to_do_next() -> None:
    history = history_of([Lead(0, [(0, "new")], touches=[(5, "out"), (27, "in")])], 30)
    (lead,) = funnel_state(history)["attention"]["list"]
    assert (lead["next_action"], lead["next_fact"]) == (
        "Answer the call of Tuesday",
        "the limit for an answer is 24 hours",
    )


def test_limits_of_the_model_replace_those_of_the_leads() -> None:
    history = history_of([Lead(0, [(0, "new")], touches=[(5, "out")])], 30)
    assert funnel_state(history)["attention"]["leads"] == 0
    pace = Pace({"new": 6.0}, {"new": 10.0}, has_touches=True)
    (lead,) = funnel_state(history, pace=pace)["attention"]["list"]
    assert [reason["code"] for reason in lead["reasons"]] == ["silent", "stuck"]
    assert lead["next_action"] == "Call: silent for 25 days"
