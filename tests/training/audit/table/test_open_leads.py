"""Values that closing writes are missing on young open leads; values known at creation are not, however strong."""

from dataclasses import replace

import numpy as np
import pytest

from history.base.arrays import Mask
from tests.builders.worlds.audit_world import World, world
from training.audit.columns import Grouping
from training.audit.leads import lead_states
from training.audit.table.open_leads import Side, cohorts_of, known_early, missing_on_open, sides_of

SEEDS = range(4)


def sides(w: World, has: Mask) -> tuple[Side, ...]:
    leads = lead_states(w.history)
    cohorts = cohorts_of(leads)
    assert cohorts is not None
    assert not (cohorts.young & cohorts.mature).any()
    return sides_of(Grouping(has.astype(np.int64), ["without", "with"]), leads, cohorts)


@pytest.mark.parametrize("seed", SEEDS)
def test_value_of_won_leads_is_missing_on_open_ones(seed: int) -> None:
    w = world(6000, seed)
    found = sides(w, w.won & w.chance(0.7) | w.chance(0.02))
    side = missing_on_open(found, 30)
    assert side is not None
    assert side.share < 0.5
    assert not known_early(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_value_known_at_creation_is_on_open_leads(seed: int) -> None:
    w = world(6000, seed)
    found = sides(w, w.will_win & w.chance(0.7) | w.chance(0.02))
    assert missing_on_open(found, 30) is None
    assert known_early(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_value_that_went_out_of_use_is_no_leak(seed: int) -> None:
    """Closed young leads lack it as well."""
    w = world(6000, seed)
    old = w.created_us < np.quantile(w.created_us, 0.7)
    assert missing_on_open(sides(w, old & (w.will_win & w.chance(0.7) | w.chance(0.2))), 30) is None


def test_value_that_is_used_less_is_expected_less() -> None:
    """Of a value at a third of its use by the closed young leads, a third is expected on the open ones."""
    rare = Side(found=12, expected=60, power=8, closed=1 / 3, closed_error=0.1)
    assert missing_on_open((replace(rare, closed=0.45),), 20) is None
    assert missing_on_open((replace(rare, closed=1.0),), 20) is not None


def test_few_open_leads_are_not_compared() -> None:
    w = world(3000, 0)
    assert cohorts_of(lead_states(w.closing_at(w.created_us + 1).history)) is None
