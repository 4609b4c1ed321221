"""Whether replayed predictions know anything of a lead that the base rate does not."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata, t

from history.arrays import Floats, Ints
from training.evaluation.metrics import log_loss
from training.evaluation.out_of_fold import recentred

DRAWS = 400
SURE = 0.02  # chance at which a saving of log loss may be seen where none is
SURE_RANK = 0.05  # of the lower end of the AUC, which must also lie above USEFUL_AUC
USEFUL_AUC = 0.55


@dataclass(frozen=True)
class Signal:
    """What two tests found: gain, log loss saved a judged row (low, mean, high end); auc, lower end and value."""

    gain: tuple[float, float, float]
    auc: tuple[float, float]

    @property
    def usable(self) -> bool:
        """Either surely less log loss than the base rate, or surely a ranking that is worth acting on.

        Log loss needs many wins where wins are rare: at a rate of 2 % a perfect ranking of some 20 wins saves less
        than their chance spread. The AUC needs few, and its threshold keeps tiny effects of many rows out.
        """
        return self.gain[0] > 0 or self.auc[0] > USEFUL_AUC


def find_signal(logit: Floats, split: Ints, won: Floats, lead: Ints) -> Signal:
    """Tests calibrated log-odds (n,) of rows judged in several splits; rows of one lead count together."""
    return Signal(information_gain(logit, split, won, lead), ranking(logit, split, won, lead))


def information_gain(logit: Floats, split: Ints, won: Floats, lead: Ints) -> tuple[float, float, float]:
    """Log loss of the base rate minus that of the model, each at its split's own level: low end, mean, high end
    over leads.
    """
    model = log_loss(won, recentred(logit, won, split))
    base = log_loss(won, recentred(np.zeros(len(won)), won, split))
    return cluster_interval(base - model, lead, 2 * SURE)


def ranking(score: Floats, split: Ints, won: Floats, lead: Ints) -> tuple[float, float]:
    """AUC within splits, weighted by their wins: lower end at SURE_RANK, value; (0, 0.5) where none has both classes.

    Variance from placement values (DeLong, DeLong, Clarke-Pearson 1988), summed by lead over splits first; Student's t
    with one degree of freedom less than leads won, since so few tell the variance; one tells none: lower end 0.
    """
    pull = np.zeros(len(won))
    total, weight = 0.0, 0.0
    winners: set[int] = set()
    for s in np.unique(split):
        part = np.flatnonzero(split == s)
        wins, others = part[won[part] > 0], part[won[part] == 0]
        if not len(wins) or not len(others):
            continue
        rank = np.empty(len(won))
        rank[part] = rankdata(score[part])
        above = (rank[wins] - rankdata(score[wins])) / len(others)
        below = 1 - (rank[others] - rankdata(score[others])) / len(wins)
        auc = float(above.mean())
        total, weight = total + len(wins) * auc, weight + len(wins)
        winners.update(lead[wins].tolist())
        pull[wins] = above - auc
        pull[others] = (below - auc) * len(wins) / len(others)
    if not weight:
        return 0.0, 0.5
    _, index = np.unique(lead, return_inverse=True)
    deviation = float(np.sqrt(np.sum(np.bincount(index, pull) ** 2))) / weight
    auc = total / weight
    low = auc - float(t.isf(SURE_RANK, len(winners) - 1)) * deviation if len(winners) > 1 else 0.0
    return low, auc


def cluster_interval(
    values: Floats, cluster: Ints, outside: float, seed: int = 0
) -> tuple[float, float, float]:
    """Bootstrap interval of the mean of values (n,), whole clusters drawn: low end, mean, high end, `outside`
    of draws beyond.
    """
    names, index = np.unique(cluster, return_inverse=True)
    sums, sizes = np.bincount(index, values, len(names)), np.bincount(index, minlength=len(names))
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    means = (draws @ sums) / np.maximum(draws @ sizes, 1)
    low, high = np.quantile(means, [outside / 2, 1 - outside / 2])
    return float(low), float(values.mean()), float(high)
