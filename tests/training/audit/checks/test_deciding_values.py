"""The two-fold AUC of groups equals a comparison of all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.base.arrays import Ints, Mask
from training.audit.checks.deciding_values import two_fold_auc


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(8, 60))
def test_two_fold_auc_counts_pairs(seed: int, groups: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    won = rng.random(n) < 0.5
    expected = np.mean([auc_by_pairs(group, won, parity) for parity in (0, 1)])
    assert two_fold_auc(group, won, groups) == pytest.approx(expected)


def auc_by_pairs(group: Ints, won: Mask, parity: int) -> float:
    """Every winner against every loser of one half, by the shrunken win rates of the other half."""
    is_ranked = np.arange(len(won)) % 2 == parity
    rate = {}
    for g in set(group.tolist()):
        learned = won[~is_ranked & (group == g)]
        rate[g] = (learned.sum() + 2 * won.mean()) / (len(learned) + 2)
    winners = [rate[g] for g in group[is_ranked & won].tolist()]
    losers = [rate[g] for g in group[is_ranked & ~won].tolist()]
    if not winners or not losers:
        return 0.5
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in winners for b in losers]
    return float(np.mean(pairs))
