"""Test for signal: do out-of-fold predictions know more about a lead than the base rate?"""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata, t

from history.base.arrays import Floats, Ints
from training.evaluation.bootstrap import draw_counts
from training.evaluation.metrics import log_loss
from training.evaluation.out_of_fold import recentred
from training.rows.weights import deviation_by_lead

DRAWS = 400
SURE = 0.02  # one-sided error of the log loss test; the two tests together pass noise in one case of fifty
SURE_RANK = 0.05  # one-sided error of the AUC's lower bound
USEFUL_AUC = 0.55  # which that bound must exceed: many rows make an AUC of 0.51 significant, but of no use


class MeanInterval(NamedTuple):
    """A mean and the ends of its bootstrap interval."""

    low: float
    mean: float
    high: float


class Auc(NamedTuple):
    """An AUC and its lower confidence bound at SURE_RANK."""

    low: float
    value: float


class Signal(NamedTuple):
    """Results of the two tests. gain: log loss saved a row, in nats."""

    gain: MeanInterval
    auc: Auc

    @property
    def is_usable(self) -> bool:
        """True if the model surely has less log loss than the base rate, or surely a useful ranking.

        Log loss needs many wins if wins are rare: at a rate of 2 % a perfect ranking of some 20 wins saves less
        than their spread by chance. The AUC needs few, and its threshold keeps tiny effects of many rows out
        (docs/decisions/0020).
        """
        return self.gain.low > 0 or self.auc.low > USEFUL_AUC


def find_signal(logit: Floats, split: Ints, won: Floats, lead: Ints) -> Signal:
    """Tests calibrated log-odds of rows evaluated in several splits; arrays (n,), rows of one lead count together."""
    return Signal(information_gain(logit, split, won, lead), auc_within_splits(logit, split, won, lead))


def information_gain(logit: Floats, split: Ints, won: Floats, lead: Ints) -> MeanInterval:
    """Log loss of the base rate minus that of the model, a row; both at each split's own win rate."""
    model = log_loss(won, recentred(logit, won, split))
    base_rate = log_loss(won, recentred(np.zeros(len(won)), won, split))
    return cluster_interval(base_rate - model, lead, 2 * SURE)


def auc_within_splits(score: Floats, split: Ints, won: Floats, lead: Ints) -> Auc:
    """Mean AUC of the splits, weighted by their wins; (0, 0.5) if no split has both classes.

    Variance from placement values (DeLong, DeLong, Clarke-Pearson 1988), summed by lead over splits first. The bound
    uses Student's t with one degree of freedom less than won leads, because few wins estimate the variance badly; a
    single one does not estimate it at all, and the bound is 0.
    """
    influence = np.zeros(len(won))
    total, weight = 0.0, 0.0
    winners: set[int] = set()
    for s in np.unique(split):
        rows = np.flatnonzero(split == s)
        wins, others = rows[won[rows] > 0], rows[won[rows] == 0]
        if not len(wins) or not len(others):
            continue
        placement = _placement_values(score, wins, others)
        auc = float(placement.of_wins.mean())
        total += len(wins) * auc
        weight += len(wins)
        winners.update(lead[wins].tolist())
        influence[wins] = placement.of_wins - auc
        influence[others] = (placement.of_others - auc) * len(wins) / len(others)
    if not weight:
        return Auc(0.0, 0.5)

    deviation = deviation_by_lead(influence, lead) / weight
    auc = total / weight
    if len(winners) < 2:
        return Auc(0.0, auc)
    quantile = float(t.isf(SURE_RANK, len(winners) - 1))
    return Auc(auc - quantile * deviation, auc)


class _Placement(NamedTuple):
    """Share of the other class that each row ranks above (wins) or below (others); ties count half."""

    of_wins: Floats
    of_others: Floats


def _placement_values(score: Floats, wins: Ints, others: Ints) -> _Placement:
    """Placement values of two sets of positions in score (n,)."""
    both = np.concatenate([wins, others])
    rank = rankdata(score[both])
    above = (rank[: len(wins)] - rankdata(score[wins])) / len(others)
    below = 1 - (rank[len(wins) :] - rankdata(score[others])) / len(wins)
    return _Placement(above, below)


def cluster_interval(values: Floats, cluster: Ints, outside: float, seed: int = 0) -> MeanInterval:
    """Mean of values (n,) with its bootstrap interval over whole clusters; `outside` of the draws lie beyond it."""
    names, index = np.unique(cluster, return_inverse=True)
    count = len(names)
    sums = np.bincount(index, values, count)
    sizes = np.bincount(index, minlength=count)
    draws = draw_counts(count, seed, DRAWS)
    means = (draws @ sums) / np.maximum(draws @ sizes, 1)
    low, high = np.quantile(means, [outside / 2, 1 - outside / 2])
    return MeanInterval(float(low), float(values.mean()), float(high))
