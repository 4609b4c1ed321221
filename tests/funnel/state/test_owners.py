"""Owners against the promise of their leads, and what falls, with chances that the test makes up."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import funnel.state.owners
import funnel.state.probabilities
from funnel.state.owners import owners, shifted_to_total
from funnel.state.probabilities import lead_probabilities
from funnel.state.state import FunnelOptions, funnel_state
from history.history import DAY_US, Changes, History
from history.snapshot import Snapshot
from tests.builders.funnel_leads import CONFIG, Lead, day, factor, history_of, ints

BUNDLE: Any = SimpleNamespace(config=CONFIG, trained_through_us=day(5), version="1")
seen: list[History] = []


@pytest.fixture(autouse=True)
def made_up_chances(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lead from the fair has .6, others .2; all are worth 100."""

    def score(_bundle: object, snapshot: Snapshot, _reasons: int) -> Any:
        seen.append(snapshot.history)
        source = snapshot.history.attributes["source"]
        fair = np.array([source.text(i) == "fair" for i in snapshot.lead.tolist()])
        return SimpleNamespace(
            probability=np.where(fair, 0.6, 0.2), expected_amount=np.full(len(snapshot), 100.0)
        )

    monkeypatch.setattr(funnel.state.owners, "score", score)
    monkeypatch.setattr(funnel.state.probabilities, "score", score)


def team() -> History:
    """Ann has ten leads from the fair and wins six; Bob ten from elsewhere and wins four, two more than promised."""
    ann = [Lead(i, [], [(i + 3, "won" if i < 6 else "lost", 9.0)], [], "fair", "Ann") for i in range(10)]
    bob = [Lead(i, [], [(i + 3, "won" if i < 4 else "lost", 9.0)], [], "web", "Bob") for i in range(10)]
    return history_of([*ann, *bob, Lead(29, [], [], [], "fair", "Bob")], 30)


def test_who_wins_more_of_poor_leads_is_above_who_wins_many_of_good_ones() -> None:
    """The lead that is younger than the horizon is not judged yet."""
    bob, ann = owners(BUNDLE, team())
    assert (bob["owner"], bob["leads"], bob["won"], ann["won"]) == (
        "Bob",
        10,
        4,
        6,
    )
    assert bob["above"] > 0 > ann["above"]
    assert bob["promised"] + ann["promised"] == pytest.approx(10.0)
    assert bob["promised_low"] < bob["promised"] < bob["promised_high"]
    assert bob["in_sample"] == 0.5


def test_only_assignments_in_the_period_count() -> None:
    """A lead a day for ten days: day 3 and day 4 lie in [3, 5)."""
    start_us = int(team().created_us.min())
    found = owners(BUNDLE, team(), start_us + 3 * DAY_US, start_us + 5 * DAY_US)
    assert {r["owner"]: r["leads"] for r in found} == {"Ann": 2, "Bob": 2}


def test_the_model_does_not_see_who_owned_the_lead() -> None:
    seen.clear()
    owners(BUNDLE, team())
    assert "owner" not in seen[-1].attributes


def test_a_change_of_owner_is_an_assignment() -> None:
    lead = Lead(0, [], [(8, "won", 1.0)], [], "web", "Ann")
    changes = Changes(ints([0, 1]), ints([day(4)]), ints([day(4)]), factor(["owner"]), factor(["Cy"]))
    found = owners(BUNDLE, replace(history_of([lead], 30), changes=changes))
    assert sorted((r["owner"], r["leads"], r["won"]) for r in found) == [("Ann", 1, 1), ("Cy", 1, 1)]
    later = replace(
        history_of([lead], 30), changes=replace(changes, time_us=ints([day(9)]), known_us=ints([day(9)]))
    )
    assert [r["owner"] for r in owners(BUNDLE, later)] == ["Ann"]  # it was closed by then


def test_a_change_that_states_the_owner_again_is_none() -> None:
    """A lead counted once more each time would promise, and win, several times."""
    lead = Lead(0, [], [(8, "won", 1.0)], [], "web", "Ann")
    at, names = ints([day(0), day(2), day(3), day(4)]), ["Ann", "Cy", "Cy", "Ann"]
    changes = Changes(ints([0, 4]), at, at, factor(["owner"] * 4), factor(names))
    found = owners(BUNDLE, replace(history_of([lead], 30), changes=changes))
    assert sorted((r["owner"], r["leads"], r["won"]) for r in found) == [("Ann", 2, 2), ("Cy", 1, 1)]


def test_nobody_owns_anything() -> None:
    assert owners(BUNDLE, history_of([Lead(0, source="web")], 30)) == []


def test_chances_rank_the_leads_that_need_attention() -> None:
    asking = [(5, "out"), (6, "in")]
    history = history_of([Lead(0, touches=asking, source="web"), Lead(0, touches=asking, source="fair")], 30)
    chances = lead_probabilities(BUNDLE, history)
    urgent = funnel_state(history, probabilities=chances)["attention"]["list"]
    assert [(lead["lead_id"], lead["expected_revenue"]) for lead in urgent] == [("L2", 60.0), ("L1", 20.0)]
    fallen = replace(chances, earlier=chances.now * 2)
    codes = {
        r["code"] for r in funnel_state(history, probabilities=fallen)["attention"]["list"][0]["reasons"]
    }
    assert "probability_fell" in codes


def test_levelled_chances_keep_their_order_and_add_up() -> None:
    chance = np.array([0.1, 0.3, 0.8])
    moved = shifted_to_total(chance, 2.0)
    assert moved.sum() == pytest.approx(2.0)
    assert np.all(np.diff(moved) > 0)
    np.testing.assert_array_equal(shifted_to_total(chance, 3.0), chance)


def test_the_list_is_the_most_valuable_and_its_count_is_that_of_all() -> None:
    asking = [(5, "out"), (6, "in")]
    history = history_of([Lead(i % 5, touches=asking) for i in range(30)], 30)
    whole = funnel_state(history, FunnelOptions(attention=100))["attention"]
    assert (whole["leads"], len(whole["list"])) == (30, 30)
    for most in (0, 3):
        some = funnel_state(history, FunnelOptions(attention=most))["attention"]
        assert (some["leads"], some["list"]) == (30, whole["list"][:most])
    assert len(funnel_state(history)["attention"]["list"]) == 20
