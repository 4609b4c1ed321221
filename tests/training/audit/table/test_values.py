"""Associations of columns equal a plain computation; causes that are unrelated explain each other away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.base.arrays import Floats, Mask
from history.history import empty_factor
from history.text.times import DAY_US
from training.audit.columns import NO_MOMENT, Column, Grouping
from training.audit.table.values import associations, grouped


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(24, 40), st.integers(2, 4))
def test_associations_equal_loops(seed: int, n: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    won = rng.permutation(np.arange(n) % 3 == 0)
    groupings = [Grouping(rng.integers(0, groups, n), [f"g{k}" for k in range(groups)]) for _ in range(3)]
    found = associations(groupings, won)
    scores = [scores_by_loops(grouping, won) for grouping in groupings]
    for i, mine in enumerate(scores):
        pairs = [(a > b) + (a == b) / 2 for a in mine[won] for b in mine[~won]]
        assert found.auc[i] == pytest.approx(np.mean(pairs))
        for j, other in enumerate(scores):
            pooled = np.mean(centred(mine, won) * centred(other, won))
            spread = centred(mine, won).std() * centred(other, won).std()
            assert found.within[i, j] == pytest.approx(pooled / spread if spread > 1e-15 else 0.0, abs=1e-6)


def scores_by_loops(grouping: Grouping, won: Mask) -> Floats:
    """The log-odds of each lead's group in the other half, with two more leads at the average rate."""
    n, scores = len(won), np.zeros(len(won))
    for i in range(n):
        others = [j for j in range(n) if j % 2 != i % 2]
        base = min(max(float(np.mean(won[others])), 0.5 / len(others)), 1 - 0.5 / len(others))
        same = [won[j] for j in others if grouping.group[j] == grouping.group[i]]
        rate = (sum(same) + 2 * base) / (len(same) + 2)
        scores[i] = np.log(rate / (1 - rate)) - np.log(base / (1 - base))
    return scores


def centred(scores: Floats, won: Mask) -> Floats:
    return np.asarray(np.where(won, scores - scores[won].mean(), scores - scores[~won].mean()))


@pytest.mark.parametrize("seed", range(3))
def test_unrelated_causes_depend_on_each_other_within_outcomes(seed: int) -> None:
    """By as much as `unrelated` says, in the mean of many pairs."""
    rng = np.random.default_rng(seed)
    n, k = 20_000, 4
    causes = rng.integers(0, 4, (k, n))
    won = rng.random(n) < 1 / (1 + np.exp(-0.8 * (causes.sum(axis=0) - 1.5 * k)))
    found = associations([Grouping(cause, ["a", "b", "c", "d"]) for cause in causes], won)
    pairs = np.triu_indices(k, 1)
    assert found.within[pairs].mean() == pytest.approx(found.unrelated[pairs].mean(), rel=0.1)
    assert (found.unrelated[pairs] < -0.02).all()


def test_dates_are_grouped_by_days_since_creation() -> None:
    created = np.arange(100) * DAY_US
    moment = np.where(np.arange(100) % 4 == 0, NO_MOMENT, created + (np.arange(100) % 4) * DAY_US)
    column = Column(
        "due", "date", (moment != NO_MOMENT).astype(np.int64), ["none", "any"], moment, empty_factor(100)
    )
    grouping = grouped(column, created)
    assert [grouping.names[group] for group in grouping.group[:4]] == ["none", "1 days", "2 days", "3 days"]
