"""Signal is found with few wins that rank high, and rarely in noise."""

from typing import NamedTuple

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from history.base.arrays import Floats, Ints
from training.evaluation.signal import auc_within_splits, find_signal

REPEATS = 3  # rows of each lead


class Sample(NamedTuple):
    """Arguments of `find_signal`."""

    logit: Floats
    split: Ints
    won: Floats
    lead: Ints


def sample(random: np.random.Generator, rows: int, wins: int, strength: float, splits: int = 4) -> Sample:
    """`wins` of rows / REPEATS leads are won; their log-odds lie `strength` deviations higher."""
    leads = rows // REPEATS
    lead = np.tile(np.arange(leads), REPEATS)
    won = (lead < wins).astype(float)
    score = random.normal(size=leads)[lead] * 0.9 + random.normal(size=rows) * 0.4 + strength * won
    return Sample(score - 4.0, np.arange(rows) % splits, won, lead)


def usable(random: np.random.Generator, draws: int, rows: int, wins: int, strength: float) -> int:
    """Number of draws in which signal is found."""
    return sum(find_signal(*sample(random, rows, wins, strength)).is_usable for _ in range(draws))


def test_auc_of_one_split_is_the_plain_auc() -> None:
    logit, _, won, lead = sample(np.random.default_rng(3), 900, 40, 0.7)
    logit = np.round(logit, 1)  # ties count half
    one_split = np.zeros(len(won), dtype=np.int64)
    assert np.isclose(auc_within_splits(logit, one_split, won, lead).value, roc_auc_score(won, logit))


def test_auc_of_several_splits_is_weighted_by_wins() -> None:
    logit, split, won, lead = sample(np.random.default_rng(3), 900, 40, 0.7)
    wins, aucs = [], []
    for s in np.unique(split):
        rows = split == s
        wins.append(won[rows].sum())
        aucs.append(roc_auc_score(won[rows], logit[rows]))
    expected = np.average(aucs, weights=wins)
    assert np.isclose(auc_within_splits(logit, split, won, lead).value, expected)


def test_rows_of_one_lead_are_not_independent() -> None:
    logit, split, won, lead = sample(np.random.default_rng(4), 900, 40, 0.7)
    as_separate_leads = np.arange(len(won))
    low = auc_within_splits(logit, split, won, lead).low
    assert low < auc_within_splits(logit, split, won, as_separate_leads).low


def test_few_wins_are_enough_if_they_rank_high() -> None:
    assert usable(np.random.default_rng(5), draws=20, rows=6000, wins=20, strength=1.0) >= 18


def test_noise_is_rarely_signal() -> None:
    """2 % are expected; more than 6 of 60 happen by chance once in ten thousand times."""
    random = np.random.default_rng(6)
    for wins in (10, 60, 200):
        assert usable(random, draws=60, rows=1500, wins=wins, strength=0.0) <= 6, wins


def test_few_wins_of_noise_are_rarely_signal() -> None:
    """One winner ranks above .55 in 45 of 100 draws of noise, and its placement shows no spread at all.

    5 % are meant; 15 of 100 happen by chance less than once in a thousand times.
    """
    random = np.random.default_rng(7)
    for wins in (1, 2, 3, 5):
        signals = [find_signal(*sample(random, 900, wins, 0.0, splits=1)) for _ in range(100)]
        assert sum(signal.is_usable for signal in signals) <= 14, wins


@pytest.mark.parametrize("won", [np.zeros(5), np.ones(5)])
def test_single_class_has_no_signal(won: Floats) -> None:
    one_split = np.zeros(5, dtype=np.int64)
    assert auc_within_splits(np.zeros(5), one_split, won, np.arange(5)) == (0.0, 0.5)
