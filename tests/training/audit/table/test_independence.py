"""A column that the outcome wrote depends on nothing else at the same outcome; causes and what they make do."""

import numpy as np
import pytest

from history.base.arrays import Floats, Ints, Mask
from training.audit.columns import Grouping
from training.audit.table.independence import written_by_outcome
from training.audit.table.values import associations

SEEDS = range(4)
CAUSES = 6


def quantiles(values: Floats) -> Ints:
    return np.searchsorted(np.quantile(values, np.linspace(0, 1, 9)[1:-1]), values)


def causes_of(n: int, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """Causes (6, n) of a win, some of them alike, and the wins."""
    causes = rng.normal(size=(CAUSES, n)) + 0.4 * rng.normal(size=n)
    logit = np.array([0.9, -0.7, 0.6, 0.5, -0.5, 0.4]) @ causes - 0.8
    return causes, rng.random(n) < 1 / (1 + np.exp(-logit))


def found(
    columns: list[Ints], won: Mask, leaks: tuple[int, ...] = (), honest: tuple[int, ...] = ()
) -> set[int]:
    table = associations([Grouping(c, [str(k) for k in range(int(c.max()) + 1)]) for c in columns], won)
    numbers = np.arange(len(columns))
    return set(written_by_outcome(table, np.isin(numbers, leaks), np.isin(numbers, honest)))


@pytest.mark.parametrize("seed", SEEDS)
def test_columns_written_by_the_outcome_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 3000
    causes, won = causes_of(n, rng)
    columns = [quantiles(cause) for cause in causes]
    columns += [
        (won & (rng.random(n) < 0.5) | (rng.random(n) < 0.02)).astype(np.int64),
        quantiles(1.5 * won + rng.normal(size=n)),
    ]
    assert found(columns, won) == {CAUSES, CAUSES + 1}
    assert found(columns, won, leaks=(CAUSES,)) == {CAUSES + 1}
    assert found(columns, won, honest=(CAUSES,)) >= {CAUSES + 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_strong_causes_and_scores_of_causes_are_kept(seed: int) -> None:
    """Also a score made of the other columns, and a cause that all but decides."""
    rng = np.random.default_rng(seed)
    n = 3000
    causes, won = causes_of(n, rng)
    score = causes.sum(axis=0) + rng.normal(size=n)
    decisive = rng.random(n) < 0.1
    won |= decisive & (rng.random(n) < 0.95)
    columns = [*(quantiles(cause) for cause in causes), quantiles(score), decisive.astype(np.int64)]
    assert found(columns, won) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_kept(seed: int) -> None:
    rng = np.random.default_rng(seed)
    won = rng.random(400) < 0.3
    assert found([rng.integers(0, 5, 400) for _ in range(80)], won) == set()
