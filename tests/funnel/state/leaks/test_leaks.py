"""Planted leaks are found and sized; without leaks, false findings are rare."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from tests.builders.leads.funnel_leads import Lead
from tests.builders.worlds.leak_world import leaks, world


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
