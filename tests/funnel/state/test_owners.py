"""Owners' wins against the expected wins of their leads, under made-up probabilities."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import funnel.state.owners
from funnel.state.owners import owners
from history.history import Changes, History
from history.snapshot import Snapshot
from history.text.times import DAY_US
from models.figures.calibration import shifted_to_total
from tests.builders.leads.funnel_leads import CONFIG, Lead, day, factor, history_of, ints

BUNDLE: Any = SimpleNamespace(config=CONFIG, trained_through_us=day(5), version="1")


scored: list[History] = []


@pytest.fixture(autouse=True)
def fake_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lead from the fair has .6, others .2; all are worth 100."""

    def score(_bundle: object, snapshot: Snapshot, _reasons: int) -> Any:
        scored.append(snapshot.history)
        source = snapshot.history.attributes["source"]
        fair = np.array([source.text(i) == "fair" for i in snapshot.lead.tolist()])
        return SimpleNamespace(
            probability=np.where(fair, 0.6, 0.2), expected_amount=np.full(len(snapshot), 100.0)
        )

    monkeypatch.setattr(funnel.state.owners, "score", score)


def team() -> History:
    """Ann has ten leads from the fair and wins six; Bob ten from elsewhere and wins four, two more than promised."""
    ann = [Lead(i, [], [(i + 3, "won" if i < 6 else "lost", 9.0)], [], "fair", "Ann") for i in range(10)]
    bob = [Lead(i, [], [(i + 3, "won" if i < 4 else "lost", 9.0)], [], "web", "Bob") for i in range(10)]
    return history_of([*ann, *bob, Lead(29, [], [], [], "fair", "Bob")], 30)


def test_owners_rank_by_wins_above_expectation() -> None:
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
    records = owners(BUNDLE, team(), start_us + 3 * DAY_US, start_us + 5 * DAY_US)
    assert {r["owner"]: r["leads"] for r in records} == {"Ann": 2, "Bob": 2}


def test_owner_is_hidden_from_the_model() -> None:
    scored.clear()
    owners(BUNDLE, team())
    assert "owner" not in scored[-1].attributes


def test_change_of_owner_is_an_assignment() -> None:
    lead = Lead(0, [], [(8, "won", 1.0)], [], "web", "Ann")
    changes = Changes(ints([0, 1]), ints([day(4)]), ints([day(4)]), factor(["owner"]), factor(["Cy"]))
    records = owners(BUNDLE, replace(history_of([lead], 30), changes=changes))
    assert sorted((r["owner"], r["leads"], r["won"]) for r in records) == [("Ann", 1, 1), ("Cy", 1, 1)]
    later = replace(
        history_of([lead], 30), changes=replace(changes, time_us=ints([day(9)]), known_us=ints([day(9)]))
    )
    assert [r["owner"] for r in owners(BUNDLE, later)] == ["Ann"]  # it was closed by then


def test_repeated_owner_is_not_an_assignment() -> None:
    """A lead counted once more each time would promise, and win, several times."""
    lead = Lead(0, [], [(8, "won", 1.0)], [], "web", "Ann")
    at, names = ints([day(0), day(2), day(3), day(4)]), ["Ann", "Cy", "Cy", "Ann"]
    changes = Changes(ints([0, 4]), at, at, factor(["owner"] * 4), factor(names))
    records = owners(BUNDLE, replace(history_of([lead], 30), changes=changes))
    assert sorted((r["owner"], r["leads"], r["won"]) for r in records) == [("Ann", 2, 2), ("Cy", 1, 1)]


def test_owners_are_empty_without_assignments() -> None:
    assert owners(BUNDLE, history_of([Lead(0, source="web")], 30)) == []


def test_shifted_probabilities_keep_order_and_add_up() -> None:
    chance = np.array([0.1, 0.3, 0.8])
    moved = shifted_to_total(chance, 2.0)
    assert moved.sum() == pytest.approx(2.0)
    assert np.all(np.diff(moved) > 0)
    np.testing.assert_array_equal(shifted_to_total(chance, 3.0), chance)
