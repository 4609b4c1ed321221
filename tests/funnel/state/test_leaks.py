"""Planted leaks are found and sized; where nothing leaks, hardly anything is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from funnel.state.state import funnel_state
from funnel.survival import Durations, logrank_p_later
from tests.builders.funnel_leads import Lead, history_of

AS_OF = 330


def world(seed: int, *, drop: float = 0.0, drying: float = 0.0, slower: float = 1.0) -> list[Lead]:
    """Leads over 330 days; in the last 90 the step from new to demo, the entrances and the speed may be worse."""
    rng = np.random.default_rng(seed)
    leads = []
    for created in np.sort(rng.uniform(0, AS_OF, 1500)).tolist():
        late = created > AS_OF - 90
        if late and rng.random() < drying:
            continue
        stages, decisions = [(created, "new")], []
        moved = created + rng.exponential(4.0) * (slower if late else 1.0)
        if rng.random() < 0.5 * (1 - drop * late):
            stages.append((moved, "demo"))
            won = rng.random() < 0.5
        else:
            won = False
        closed = moved + rng.exponential(8.0)
        decisions = [(closed, "won" if won else "lost", 100.0)]
        source = str(rng.choice(["web", "fair"]))
        leads.append(
            Lead(
                created,
                [s for s in stages if s[0] <= AS_OF],
                [d for d in decisions if d[0] <= AS_OF],
                [],
                source,
            )
        )
    return leads


def leaks(leads: list[Lead]) -> dict[str, Any]:
    found: dict[str, Any] = funnel_state(history_of(leads, AS_OF))["leaks"]
    return found


def test_a_stage_that_converts_less_is_found_and_sized() -> None:
    found = leaks(world(1, drop=0.4))["found"]
    drop = next(leak for leak in found if leak["kind"] == "conversion" and leak["subject"] == "new")
    assert drop["now"] == pytest.approx(0.3, abs=0.06)
    assert drop["before"] == pytest.approx(0.5, abs=0.06)
    # some 400 leads entered; a fifth fewer went on, half of which would have been won, at 100 each
    assert drop["lost_revenue"] == pytest.approx(400 * 0.2 * 0.5 * 100, rel=0.4)
    assert "it was" in drop["sentence"]


def test_a_slower_stage_is_found() -> None:
    kinds = {(leak["kind"], leak["subject"]) for leak in leaks(world(2, slower=3.0))["found"]}
    assert ("speed", "new") in kinds


def test_drying_entrances_are_found() -> None:
    subjects = {
        leak["subject"] for leak in leaks(world(3, drying=0.4))["found"] if leak["kind"] == "entrances"
    }
    assert "entrances" in subjects


def test_where_nothing_leaks_hardly_anything_is_found() -> None:
    """A tenth of the worlds may show a false leak; of 15, five or more would be one case in eighty."""
    assert sum(bool(leaks(world(seed))["found"]) for seed in range(10, 25)) < 5


def handed_over(seed: int, direction: str) -> list[Lead]:
    """Leads that go on to another group after two days; half are touched on the third, six of ten of these are won on
    the twelfth, of the others two.
    """
    rng = np.random.default_rng(seed)
    leads = []
    for created in np.sort(rng.uniform(0, AS_OF - 15, 800)).tolist():
        touched = rng.random() < 0.5
        won = rng.random() < (0.6 if touched else 0.2)
        touches = [(created + 3, direction)] if touched else []
        stages = [(created, "new"), (created + 2, "demo")]
        leads.append(Lead(created, stages, [(created + 12, "won" if won else "lost", 100.0)], touches))
    return leads


def test_a_hand_over_that_ends_in_silence_is_found_and_sized() -> None:
    found = [leak for leak in leaks(handed_over(4, "out"))["found"] if leak["kind"] == "hand_over"]
    assert len(found) == 1
    assert found[0]["now"] == pytest.approx(0.2, abs=0.06)
    assert found[0]["before"] == pytest.approx(0.6, abs=0.06)
    # half of the 270 days' 685 leads were left alone, four of ten of which would have been won, at 100 each
    assert found[0]["lost_revenue"] == pytest.approx(685 / 2 * 0.4 * 100, rel=0.25)


@pytest.mark.parametrize("direction", ["in", ""])
def test_a_lead_that_speaks_to_us_is_no_hand_over_done_well(direction: str) -> None:
    kinds = {leak["kind"] for leak in leaks(handed_over(4, direction))["found"]}
    assert "hand_over" not in kinds


def test_few_leads_say_nothing() -> None:
    record = leaks([Lead(0, [(0, "new")]), Lead(300, [(300, "new")])])
    assert record["found"] == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_benjamini_hochberg_is_the_step_up_rule(p: list[float]) -> None:
    values = np.array(p)
    q = false_discovery_control(values)
    for rate in (0.05, 0.1, 0.5):
        ordered = np.sort(values)
        below = np.flatnonzero(ordered <= rate * np.arange(1, len(p) + 1) / len(p) + 1e-15)
        limit = ordered[below[-1]] if len(below) else -1.0
        np.testing.assert_array_equal(q <= rate + 1e-12, values <= limit)


def test_log_rank_of_a_small_example() -> None:
    """Four against four, by hand: risks and expected events at days 1 to 4, the last two of one side still in view."""
    one = Durations(np.array([2.0, 4.0, 5.0, 5.0]), np.array([True, True, False, False]))
    other = Durations(np.array([1.0, 1.0, 2.0, 3.0]), np.array([True, True, True, True]))
    expected = 2 * 4 / 8 + 2 * 4 / 6 + 1 * 3 / 4 + 1 * 3 / 3
    spread = 2 * 0.5 * 0.5 * 6 / 7 + 2 * (4 / 6) * (2 / 6) * 4 / 5 + (3 / 4) * (1 / 4)
    z = (expected - 2) / spread**0.5
    assert logrank_p_later(one, other) == pytest.approx(norm.sf(z))
    assert logrank_p_later(other, one) == pytest.approx(norm.sf(-z))


def test_attention_names_the_unanswered_and_the_stuck() -> None:
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
