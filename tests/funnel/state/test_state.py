"""Reports as a whole: periods, groups, targets, almost empty data."""

from dataclasses import replace

import pytest

from funnel.state.state import FunnelOptions, funnel_state
from history.base.errors import InvalidInput
from tests.builders.leads.funnel_leads import CONFIG, Lead, day, history_of
from tests.builders.leads.twenty_leads import twenty, twenty_by_source


def test_period_is_half_open_and_reconciles() -> None:
    state = funnel_state(twenty(), FunnelOptions(from_us=day(5), to_us=day(15)))
    flow, deals = state["total"]["flow"], state["total"]["deals"]
    keys = ("open_at_start", "entered", "reopened", "won", "lost", "open_at_end")
    assert tuple(flow[k] for k in keys) == (8, 9, 1, 5, 5, 8)
    assert (deals["won"], deals["lost"], deals["revenue"]) == (4, 3, 300.0)
    assert state["reconciliation"]["broken"] == []


def test_groups_of_a_column_add_up() -> None:
    state = twenty_by_source()
    assert [g["group"] for g in state["groups"]] == ["fair", "web", None]
    assert sum(g["funnel"]["entered"] for g in state["groups"]) == 20
    assert state["reconciliation"]["broken"] == []


@pytest.mark.parametrize(("target", "since"), [(0.6, None), (0.65, "2023-11-01")])
def test_targets_have_gap_and_first_missed_month(target: float, since: str | None) -> None:
    """November: 4 won of 8. December: 3 of 5, so a target of .6 was met again."""
    targets = {"win_rate": target, "cycle_time_days": 9.0, "stage_conversion": {"demo": 0.9}}
    win_rate, cycle, demo = funnel_state(twenty(targets=targets))["total"]["targets"]
    assert win_rate["gap"] == pytest.approx(7 / 13 - target)
    assert (win_rate["met"], win_rate["missed_since"]) == (False, since)
    assert (cycle["actual"], cycle["met"]) == (8.0, True)
    assert (demo["stage"], demo["met"]) == ("demo", False)


def test_single_lead_without_stages_or_outcomes() -> None:
    state = funnel_state(history_of([Lead(0)], 3, replace(CONFIG, stages=(), currency=None)))
    assert state["total"]["funnel"]["open"] == 1
    assert state["total"]["deals"]["win_rate"] is None
    assert {w["code"] for w in state["warnings"]} == {"no_stages", "no_outcomes"}
    assert state["reconciliation"]["broken"] == []


def test_empty_history_gives_an_empty_report() -> None:
    state = funnel_state(history_of([], 3), FunnelOptions(by="source"))
    assert (state["total"]["funnel"]["entered"], state["groups"], state["attention"]["list"]) == (0, [], [])
    assert state["reconciliation"]["broken"] == []


def test_values_beyond_fifty_share_a_group() -> None:
    leads = [Lead(0, owner=f"owner {i % 60}") for i in range(100)]
    groups = funnel_state(history_of(leads, 1), FunnelOptions(by="owner"))["groups"]
    assert (len(groups), groups[-1]["group"]) == (50, "(other)")
    assert sum(g["funnel"]["entered"] for g in groups) == 100


def test_quiet_period_is_reported_and_reversed_one_refused() -> None:
    history = twenty()
    quiet = funnel_state(history, FunnelOptions(from_us=day(29), to_us=day(29.5)))
    assert quiet["total"]["flow"]["entered"] == 0
    assert quiet["total"]["stages"][0]["conversion"]["win"]["rate"] is None
    with pytest.raises(InvalidInput, match="is empty"):
        funnel_state(history, FunnelOptions(from_us=day(9), to_us=day(9)))
    with pytest.raises(InvalidInput, match="after the data's as-of"):
        funnel_state(history, FunnelOptions(from_us=day(31)))
    with pytest.raises(InvalidInput, match=r"no column 'team'.*owner, source"):
        funnel_state(history, FunnelOptions(by="team"))
