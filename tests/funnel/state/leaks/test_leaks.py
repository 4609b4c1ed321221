"""Planted leaks are found and sized; without leaks, false findings are rare."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from funnel.state.state import funnel_state
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
    findings: dict[str, Any] = funnel_state(history_of(leads, AS_OF))["leaks"]
    return findings


def test_falling_conversion_is_found_and_sized() -> None:
    findings = leaks(world(1, drop=0.4))["found"]
    drop = next(leak for leak in findings if leak["kind"] == "conversion" and leak["subject"] == "new")
    assert drop["now"] == pytest.approx(0.3, abs=0.06)
    assert drop["before"] == pytest.approx(0.5, abs=0.06)
    # some 400 leads entered; a fifth fewer went on, half of which would have been won, at 100 each
    assert drop["lost_revenue"] == pytest.approx(400 * 0.2 * 0.5 * 100, rel=0.4)
    assert "it was" in drop["sentence"]


def test_slower_stage_is_found() -> None:
    kinds = {(leak["kind"], leak["subject"]) for leak in leaks(world(2, slower=3.0))["found"]}
    assert ("speed", "new") in kinds


def test_falling_entrances_are_found() -> None:
    subjects = {
        leak["subject"] for leak in leaks(world(3, drying=0.4))["found"] if leak["kind"] == "entrances"
    }
    assert "entrances" in subjects


def test_false_findings_are_rare() -> None:
    """A tenth of the worlds may show a false leak; of 15, five or more would be one case in eighty."""
    assert sum(bool(leaks(world(seed))["found"]) for seed in range(10, 25)) < 5


def test_few_leads_give_no_findings() -> None:
    record = leaks([Lead(0, [(0, "new")]), Lead(300, [(300, "new")])])
    assert record["found"] == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_false_discovery_control_is_the_step_up_rule(p: list[float]) -> None:
    values = np.array(p)
    q = false_discovery_control(values)
    for rate in (0.05, 0.1, 0.5):
        ordered = np.sort(values)
        below = np.flatnonzero(ordered <= rate * np.arange(1, len(p) + 1) / len(p) + 1e-15)
        limit = ordered[below[-1]] if len(below) else -1.0
        np.testing.assert_array_equal(q <= rate + 1e-12, values <= limit)
