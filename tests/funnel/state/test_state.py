"""The twenty leads counted by hand, line by line, against the report."""

from dataclasses import replace
from typing import Any

import pytest

from funnel.state.state import FunnelOptions, funnel_state
from history.errors import InvalidInput
from tests.builders.funnel_leads import CONFIG, Lead, day, history_of
from tests.builders.twenty_leads import LEADS, twenty


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return funnel_state(twenty())


def stage(state: dict[str, Any], name: str | None) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in state["total"]["stages"] if s["stage"] == name)
    return found


def test_every_lead_that_entered_is_open_won_or_lost(state: dict[str, Any]) -> None:
    funnel = state["total"]["funnel"]
    assert {k: funnel[k] for k in ("entered", "open", "won", "lost")} == {
        "entered": 20,
        "open": 7,
        "won": 7,
        "lost": 6,
    }


def test_reopenings_and_undone_decisions_are_in_the_flow_and_not_in_the_deals(state: dict[str, Any]) -> None:
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


LEDGERS = {
    # entries, first, again, here, on, skipped, back, won, lost
    None: (3, 3, 0, 1, 1, 0, 0, 1, 0),
    "new": (18, 17, 1, 2, 13, 1, 0, 1, 2),
    "demo": (16, 12, 4, 3, 8, 0, 1, 0, 4),
    "offer": (10, 9, 1, 1, 0, 0, 1, 6, 2),
}
WAYS_IN = {
    # start, forward, skip, back, reopened
    None: (3, 0, 0, 0, 0),
    "new": (17, 0, 0, 1, 0),
    "demo": (1, 12, 0, 1, 2),
    "offer": (0, 8, 1, 0, 1),
}
NEXT = {
    None: {"new": 1},
    "new": {"demo": 12, "offer": 1},
    "demo": {"new": 1, "offer": 8},
    "offer": {"demo": 1},
}


@pytest.mark.parametrize("name", LEDGERS)
def test_the_ledger_of_each_stage(state: dict[str, Any], name: str | None) -> None:
    ledger = stage(state, name)["ledger"]
    keys = (
        "entries", "first_entries", "re_entries", "there_now", "moved_on", "skipped_ahead", "moved_back", "won", "lost",
    )  # fmt: skip
    assert tuple(ledger[k] for k in keys) == LEDGERS[name]
    assert tuple(ledger["entered_by"].values()) == WAYS_IN[name]
    assert ledger["next"] == NEXT[name]


def test_who_stands_where_and_for_how_long(state: dict[str, Any]) -> None:
    new, demo = stage(state, "new")["now"], stage(state, "demo")["now"]
    assert (new["leads"], new["days_there"]["median"]) == (2, 18.5)
    assert (demo["leads"], demo["days_there"]["median"]) == (
        3,
        10.0,
    )  # a reopened lead is there since its reopening
    assert demo["days_old"]["median"] == 26.0


def test_conversion_onward_survives_moves_back_and_reopenings(state: dict[str, Any]) -> None:
    onward = stage(state, "new")["conversion"]["onward"]
    assert (onward["leads"], onward["so_far"], onward["ended_otherwise"], onward["open"]) == (17, 13, 2, 2)
    assert onward["rate"] == pytest.approx(13 / 17)
    assert onward["median_days"] == 2.0


def test_conversion_to_the_win_counts_open_leads_for_what_they_are(state: dict[str, Any]) -> None:
    won = stage(state, "demo")["conversion"]["win"]
    assert (won["leads"], won["so_far"], won["ended_otherwise"], won["open"]) == (12, 5, 3, 4)
    assert won["rate"] == pytest.approx(
        11 / 24
    )  # not 5 / 12: a lead that left view after two days says little
    assert won["rate_in_horizon"] == pytest.approx(33 / 120)
    assert won["rate_low"] < 11 / 24 < won["rate_high"]


def test_days_in_stage_with_open_visits_censored(state: dict[str, Any]) -> None:
    days = stage(state, "demo")["days_in_stage"]
    assert (days["n"], days["ended"], days["open"]) == (16, 13, 3)
    assert (days["q25"], days["median"], days["q75"]) == (2.0, 3.0, 3.0)


def test_money(state: dict[str, Any]) -> None:
    deals, cycle, velocity = (state["total"][k] for k in ("deals", "cycle_time_days", "velocity"))
    assert deals["win_rate"] == pytest.approx(7 / 13)
    assert (deals["revenue"], deals["average_deal"], deals["unknown_amounts"]) == (1500.0, 250.0, 1)
    assert deals["win_rate_by_amount"] is None  # the losses have no amounts
    assert (cycle["calendar"]["n"], cycle["calendar"]["median"]) == (7, 8.0)
    assert cycle["calendar"]["mean"] == pytest.approx(65 / 7)
    assert velocity["revenue_per_day"] == pytest.approx(7 * (7 / 13) * 250 / (65 / 7))


def test_win_rate_by_amount_needs_the_amounts_of_losses() -> None:
    leads = [Lead(0, [], [(1, "won", 300)]), Lead(0, [], [(2, "lost", 100)]), Lead(0, [], [(2, "lost", 200)])]
    assert funnel_state(history_of(leads, 5))["total"]["deals"]["win_rate_by_amount"] == pytest.approx(0.5)


def test_follow_ups_and_responses(state: dict[str, Any]) -> None:
    activity = state["total"]["activity"]
    assert (activity["touches"], activity["follow_ups"], activity["waiting_for_answer"]) == (7, 1, 1)
    response, first = activity["response_hours"], activity["first_response_hours"]
    assert (response["n"], response["answered"], response["q25"], response["median"]) == (3, 1, 48.0, None)
    assert (first["n"], first["answered"]) == (20, 2)


def test_a_period_is_half_open_and_reconciles() -> None:
    state = funnel_state(twenty(), FunnelOptions(from_us=day(5), to_us=day(15)))
    flow, deals = state["total"]["flow"], state["total"]["deals"]
    keys = ("open_at_start", "entered", "reopened", "won", "lost", "open_at_end")
    assert tuple(flow[k] for k in keys) == (8, 9, 1, 5, 5, 8)
    assert (deals["won"], deals["lost"], deals["revenue"]) == (4, 3, 300.0)
    assert state["reconciliation"]["broken"] == []


def test_groups_merge_their_stages(state: dict[str, Any]) -> None:
    state = funnel_state(twenty(groups={"top": ("new",), "bottom": ("demo", "offer")}))
    bottom = next(g for g in state["total"]["stage_groups"] if g["stage"] == "bottom")["ledger"]
    # 1 2 4 5 5 6 6 7 7 9 10 12 14 16 17 18 20: demo to offer and back is one visit
    assert (bottom["entries"], bottom["there_now"], bottom["moved_back"]) == (17, 4, 1)
    assert (bottom["won"], bottom["lost"]) == (6, 6)
    assert state["reconciliation"]["broken"] == []


def test_a_column_splits_the_whole() -> None:
    leads = [replace(lead, source=("web", "fair", None)[i % 3]) for i, lead in enumerate(LEADS)]
    state = funnel_state(history_of(leads, 30), FunnelOptions(by="source"))
    assert [g["group"] for g in state["groups"]] == ["fair", "web", None]
    assert sum(g["funnel"]["entered"] for g in state["groups"]) == 20
    assert state["reconciliation"]["broken"] == []


@pytest.mark.parametrize(("target", "since"), [(0.6, None), (0.65, "2023-11-01")])
def test_targets_say_gap_and_since_when(target: float, since: str | None) -> None:
    """November: 4 won of 8. December: 3 of 5, so a target of .6 was met again."""
    targets = {"win_rate": target, "cycle_time_days": 9.0, "stage_conversion": {"demo": 0.9}}
    win_rate, cycle, demo = funnel_state(twenty(targets=targets))["total"]["targets"]
    assert win_rate["gap"] == pytest.approx(7 / 13 - target)
    assert (win_rate["met"], win_rate["missed_since"]) == (False, since)
    assert (cycle["actual"], cycle["met"]) == (8.0, True)
    assert (demo["stage"], demo["met"]) == ("demo", False)


def test_a_lead_alone_no_stages_no_outcomes() -> None:
    state = funnel_state(history_of([Lead(0)], 3, replace(CONFIG, stages=(), currency=None)))
    assert state["total"]["funnel"]["open"] == 1
    assert state["total"]["deals"]["win_rate"] is None
    assert {w["code"] for w in state["warnings"]} == {"no_stages", "no_outcomes"}
    assert state["reconciliation"]["broken"] == []


def test_an_empty_store_is_an_empty_funnel() -> None:
    state = funnel_state(history_of([], 3), FunnelOptions(by="source"))
    assert (state["total"]["funnel"]["entered"], state["groups"], state["attention"]["list"]) == (0, [], [])
    assert state["reconciliation"]["broken"] == []


def test_months_are_those_of_the_funnels_time_zone() -> None:
    """1 December begins in Auckland at 11:00 UTC of 30 November, day 15."""
    leads = [Lead(15.45), Lead(15.46)]
    months = funnel_state(history_of(leads, 20, replace(CONFIG, timezone="Pacific/Auckland")))["total"][
        "months"
    ]
    assert [(m["month"], m["entered"]) for m in months] == [("2023-11-01", 1), ("2023-12-01", 1)]


def test_beyond_fifty_values_the_smallest_share_a_group() -> None:
    leads = [Lead(0, owner=f"owner {i % 60}") for i in range(100)]
    groups = funnel_state(history_of(leads, 1), FunnelOptions(by="owner"))["groups"]
    assert (len(groups), groups[-1]["group"]) == (50, "(other)")
    assert sum(g["funnel"]["entered"] for g in groups) == 100


def test_a_period_without_events_is_answered_and_a_reversed_one_refused() -> None:
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
