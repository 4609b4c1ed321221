"""The compiled walk over stage entries: what must hold of any path, and the paths that are easy to misread."""

import numpy as np
import pytest
from hypothesis import given, settings

from features.matrix import build_matrix
from history.snapshot import Snapshot
from history.text.times import DAY_US
from tests.builders.feature_words import words
from tests.builders.leads import lead_histories as made
from tests.builders.leads.lead_histories import CALM, STAGES, START_US, Entry, Lead, history_of

WORDS = words()


def figures(lead: Lead, as_of: int) -> dict[str, float]:
    matrix = build_matrix(Snapshot(history_of([lead], as_of), np.array([0]), np.array([as_of])), WORDS)
    return {f.name: float(v) for f, v in zip(matrix.features, matrix.values[0], strict=True)}


def path(*steps: str) -> Lead:
    """A lead that enters one stage a day."""
    times = [START_US + k * DAY_US for k in range(len(steps))]
    return Lead(START_US, {}, entries=[Entry(t, t, s) for t, s in zip(times, steps, strict=True)])


@settings(CALM, max_examples=150)
@given(made.leads(), made.instants)
def test_days_in_stages_add_up_to_the_days_since_the_first(lead: Lead, as_of: int) -> None:
    known = [row for row in sorted(lead.entries, key=lambda r: r.time) if row.known <= as_of]
    seen = figures(lead, as_of)
    if known and all(row.stage in STAGES for row in known):
        total = sum(seen[f"days_at_{stage}"] for stage in STAGES)
        assert total == pytest.approx((as_of - known[0].time) / DAY_US, abs=1e-9)
        assert 1 <= seen["stage_position"] <= seen["furthest_position"] <= len(STAGES)
        assert seen["stages_visited"] <= seen["stage_moves"] + 1


def test_a_repeated_entry_is_not_a_move() -> None:
    seen = figures(path("new", "demo", "demo"), START_US + 2 * DAY_US)
    assert (seen["stage_moves"], seen["days_in_stage"], seen["stage_returns"]) == (1, 1, 0)


def test_going_back_skipping_and_returning_are_distinct() -> None:
    seen = figures(path("new", "offer", "new"), START_US + 3 * DAY_US)
    assert (seen["stage_skips"], seen["stage_regressions"], seen["stage_returns"]) == (1, 1, 1)
    assert (seen["stage_position"], seen["furthest_position"], seen["days_at_new"]) == (1, 3, 2)


def test_a_stage_the_model_does_not_know_comes_after_the_last() -> None:
    seen = figures(path("new", "elsewhere"), START_US + DAY_US)
    assert (seen["stage_position"], seen["stage"], seen["stages_visited"]) == (len(STAGES) + 1, 1, 1)
    assert np.isnan(seen["stage_pace"])


def test_pace_is_against_the_usual_days_of_the_stage() -> None:
    assert figures(path("new"), START_US + 5 * DAY_US)["stage_pace"] == 2.5


@pytest.mark.parametrize(("days", "moves"), [(7, 0), (6.999, 1), (0, 1)])
def test_move_of_exactly_seven_days_ago_is_out_of_the_window(days: float, moves: int) -> None:
    seen = figures(path("new", "demo"), START_US + DAY_US + round(days * DAY_US))
    assert seen["stage_moves_7d"] == moves


def test_entry_that_becomes_known_later_does_not_exist_before() -> None:
    lead = Lead(START_US, {}, entries=[Entry(START_US, START_US + 5 * DAY_US, "new")])
    assert figures(lead, START_US + 4 * DAY_US)["stage"] == 0
    assert figures(lead, START_US + 5 * DAY_US)["days_in_stage"] == 5
