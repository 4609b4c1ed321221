"""Comparisons of a stage with its own past: planted losses are found and sized."""

import pytest

from funnel.state.leads.paths import stage_paths
from funnel.state.leads.touches import touches_of
from funnel.state.leaks.stages import stage_comparisons
from funnel.state.leaks.windows import leak_windows
from tests.builders.leads.funnel_leads import Lead, history_of
from tests.builders.worlds.leak_world import AS_OF, leaks, world


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


def test_stage_with_few_leads_is_not_compared() -> None:
    leads = [Lead(i * 2.0, [(i * 2.0, "new")]) for i in range(160)]
    history = history_of(leads, AS_OF)
    paths = stage_paths(history)
    windows = leak_windows(paths, touches_of(paths, 0, history.as_of_us + 1), history.as_of_us + 1)
    assert windows is not None
    compared = [(c.kind, c.subject) for c in stage_comparisons(windows)]
    assert compared == [("conversion", "new"), ("speed", "new")]


def test_faster_stage_costs_nothing() -> None:
    leads = world(2, slower=0.5)
    kinds = {(leak["kind"], leak["subject"]) for leak in leaks(leads)["found"]}
    assert ("speed", "new") not in kinds
