"""Agreement of a column with a fact: shares by side, and what chance alone gives."""

import numpy as np
import pytest

from tests.builders.worlds.audit_world import world
from training.audit.checks.agreement import Agreement, Pair, agreement_of, largest_share
from training.audit.leads import lead_states

W = world(1000, 3)
LEADS = lead_states(W.history)


def agreement(pair: Pair) -> Agreement:
    return agreement_of(LEADS, LEADS.decided, pair, np.equal)


def test_copy_of_the_fact_agrees_on_both_sides() -> None:
    fact = W.rng.integers(0, 50, 1000)
    result = agreement(Pair(fact, fact))
    assert (result.won, result.lost, result.share) == (1.0, 1.0, 1.0)
    assert (result.n_won, result.n_lost) == (LEADS.won.sum(), LEADS.lost.sum())
    assert result.by_chance == pytest.approx(1 / 50, abs=0.03)


def test_column_that_copies_one_side_agrees_there_alone() -> None:
    fact = W.rng.integers(0, 50, 1000)
    result = agreement(Pair(np.where(LEADS.won, fact, -1), fact))
    assert (result.won, result.lost) == (1.0, 0.0)
    assert result.share == pytest.approx(result.n_won / result.n)


def test_constant_agrees_by_chance_as_well() -> None:
    constant = np.zeros(1000)
    assert agreement(Pair(constant, constant)).by_chance == 1.0


def test_no_compared_lead_agrees_nowhere() -> None:
    nobody = np.zeros(1000, dtype=np.bool_)
    assert agreement_of(LEADS, nobody, Pair(np.zeros(1000), np.zeros(1000)), np.equal) == (
        0.0,
        0,
        0.0,
        0,
        0.0,
    )


@pytest.mark.parametrize(("values", "share"), [([1], 1.0), ([1, 1, 2, 3], 0.5), ([0.5, 0.5, 0.5], 1.0)])
def test_largest_share_is_that_of_the_mode(values: list[float], share: float) -> None:
    assert largest_share(np.array(values)) == share
