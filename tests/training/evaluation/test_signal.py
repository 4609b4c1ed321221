"""Signal is found where wins are rare, and not where there is none."""

import numpy as np
from sklearn.metrics import roc_auc_score

from history.arrays import Floats, Ints
from training.evaluation.signal import auc_within_splits, find_signal


def judged(
    random: np.random.Generator, rows: int, wins: int, strength: float, splits: int = 4, repeats: int = 3
) -> tuple[Floats, Ints, Floats, Ints]:
    """Rows of rows / repeats leads seen `repeats` times; a won lead's score lies `strength` deviations higher."""
    leads = rows // repeats
    lead = np.tile(np.arange(leads), repeats)
    won = (lead < wins).astype(float)
    score = random.normal(size=leads)[lead] * 0.9 + random.normal(size=rows) * 0.4 + strength * won
    return score - 4.0, np.arange(rows) % splits, won, lead


def test_ranking_is_the_auc_of_one_split_and_the_wins_weighted_mean_of_several() -> None:
    random = np.random.default_rng(3)
    score, split, won, lead = judged(random, 900, 40, 0.7)
    score = np.round(score, 1)  # ties count half
    one = auc_within_splits(score, np.zeros(len(won), dtype=np.int64), won, lead)[1]
    assert np.isclose(one, roc_auc_score(won, score))
    parts = [
        (won[split == s].sum(), roc_auc_score(won[split == s], score[split == s])) for s in np.unique(split)
    ]
    expected = sum(w * a for w, a in parts) / sum(w for w, _ in parts)
    assert np.isclose(auc_within_splits(score, split, won, lead)[1], expected)


def test_rows_of_one_lead_do_not_count_as_independent() -> None:
    random = np.random.default_rng(4)
    score, split, won, lead = judged(random, 900, 40, 0.7)
    assert (
        auc_within_splits(score, split, won, lead)[0]
        < auc_within_splits(score, split, won, np.arange(len(won)))[0]
    )


def test_few_wins_are_enough_where_they_rank_high() -> None:
    random = np.random.default_rng(5)
    found = [find_signal(*judged(random, 6000, 20, 1.0)).usable for _ in range(20)]
    assert sum(found) >= 18


def test_noise_is_rarely_taken_for_signal() -> None:
    random = np.random.default_rng(6)
    for wins in (10, 60, 200):
        found = [find_signal(*judged(random, 1500, wins, 0.0)).usable for _ in range(60)]
        assert sum(found) <= 6, (
            wins
        )  # 2 % are expected; more than 6 of 60 happen by chance once in ten thousand times


def test_a_handful_of_won_leads_is_rarely_taken_for_signal() -> None:
    """One winner ranks above .55 in 45 of 100 draws of noise, and its placement shows no spread at all."""
    random = np.random.default_rng(7)
    for wins in (1, 2, 3, 5):
        found = [find_signal(*judged(random, 900, wins, 0.0, splits=1)).usable for _ in range(100)]
        assert sum(found) <= 14, (
            wins
        )  # 5 % are meant; 15 of 100 happen by chance less than once in a thousand times


def test_without_both_classes_there_is_no_signal() -> None:
    zeros = np.zeros(5)
    assert auc_within_splits(zeros, np.zeros(5, dtype=np.int64), zeros, np.arange(5)) == (0.0, 0.5)
