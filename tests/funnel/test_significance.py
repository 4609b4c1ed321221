"""Values of p against textbook tables and a plain step-up procedure."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import chi2, false_discovery_control, norm

from funnel.forecast.components.rhythm import PARTS, SIGNIFICANT
from funnel.significance import chi_squared_p_above, false_discovery_rates, normal_p_above, normal_p_below


def test_tails_are_those_of_the_tables() -> None:
    assert normal_p_above(1.959964) == pytest.approx(0.025, abs=1e-7)
    assert chi_squared_p_above(3.841459, 1) == pytest.approx(0.05, abs=1e-7)
    assert chi2.ppf(0.95, PARTS - 1) == SIGNIFICANT


def test_false_discovery_rates_are_those_of_the_step_up_procedure() -> None:
    p = [0.01, 0.04, 0.03, 0.5]
    ordered = sorted(p)
    steps = [min(ordered[j] * len(p) / (j + 1) for j in range(i, len(p))) for i in range(len(p))]
    assert false_discovery_rates(p) == pytest.approx([min(1.0, steps[ordered.index(value)]) for value in p])


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_scipy_stats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for z in rng.normal(0, 4, 50):
        assert (normal_p_above(z), normal_p_below(z)) == (norm.sf(z), norm.cdf(z))
        assert chi_squared_p_above(z * z, 3) == chi2.sf(z * z, 3)
    for n in (1, 2, 30):
        p = rng.random(n).round(1).tolist()
        assert false_discovery_rates(p) == false_discovery_control(p).tolist()


def test_the_service_starts_without_scipy_stats_and_the_connectors() -> None:
    """They take most of a second, and scipy.stats 40 MB of each process."""
    slow = ("scipy.stats", "connectors.run", "pandas")
    code = f"import serving.application, sys; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
