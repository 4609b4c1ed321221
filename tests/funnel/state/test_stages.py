"""Stages of the twenty leads counted by hand, line by line."""

from typing import Any

import pytest

from funnel.state.state import funnel_state
from tests.builders.leads.twenty_leads import twenty


def stage(state: dict[str, Any], name: str | None) -> dict[str, Any]:
    record: dict[str, Any] = next(s for s in state["total"]["stages"] if s["stage"] == name)
    return record


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
def test_ledger_of_each_stage(state: dict[str, Any], name: str | None) -> None:
    ledger = stage(state, name)["ledger"]
    keys = (
        "entries", "first_entries", "re_entries", "there_now", "moved_on", "skipped_ahead", "moved_back", "won", "lost",
    )  # fmt: skip
    assert tuple(ledger[k] for k in keys) == LEDGERS[name]
    assert tuple(ledger["entered_by"].values()) == WAYS_IN[name]
    assert ledger["next"] == NEXT[name]


def test_leads_in_stage_now_and_their_days(state: dict[str, Any]) -> None:
    new, demo = stage(state, "new")["now"], stage(state, "demo")["now"]
    assert (new["leads"], new["days_there"]["median"]) == (2, 18.5)
    assert (demo["leads"], demo["days_there"]["median"]) == (
        3,
        10.0,
    )  # a reopened lead is there since its reopening
    assert demo["days_old"]["median"] == 26.0


def test_onward_conversion_with_moves_back_and_reopenings(state: dict[str, Any]) -> None:
    onward = stage(state, "new")["conversion"]["onward"]
    assert (onward["leads"], onward["so_far"], onward["ended_otherwise"], onward["open"]) == (17, 13, 2, 2)
    assert onward["rate"] == pytest.approx(13 / 17)
    assert onward["median_days"] == 2.0


def test_win_conversion_censors_open_leads(state: dict[str, Any]) -> None:
    won = stage(state, "demo")["conversion"]["win"]
    assert (won["leads"], won["so_far"], won["ended_otherwise"], won["open"]) == (12, 5, 3, 4)
    assert won["rate"] == pytest.approx(
        11 / 24
    )  # not 5 / 12: a lead that left view after two days says little
    assert won["rate_in_horizon"] == pytest.approx(33 / 120)
    assert won["rate_low"] < 11 / 24 < won["rate_high"]


def test_days_in_stage_censor_open_visits(state: dict[str, Any]) -> None:
    days = stage(state, "demo")["days_in_stage"]
    assert (days["n"], days["ended"], days["open"]) == (16, 13, 3)
    assert (days["q25"], days["median"], days["q75"]) == (2.0, 3.0, 3.0)


def test_stage_groups_merge_visits(state: dict[str, Any]) -> None:
    state = funnel_state(twenty(groups={"top": ("new",), "bottom": ("demo", "offer")}))
    bottom = next(g for g in state["total"]["stage_groups"] if g["stage"] == "bottom")["ledger"]
    # 1 2 4 5 5 6 6 7 7 9 10 12 14 16 17 18 20: demo to offer and back is one visit
    assert (bottom["entries"], bottom["there_now"], bottom["moved_back"]) == (17, 4, 1)
    assert (bottom["won"], bottom["lost"]) == (6, 6)
    assert state["reconciliation"]["broken"] == []
