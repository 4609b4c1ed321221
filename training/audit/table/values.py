"""The groups of a column's values that the tests of the table compare, and how far they rank the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from training.audit.columns import NO_MOMENT, Column, Grouping, ranges
from training.audit.evidence import Z_ONE_SIDED

PRIOR_LEADS: Final = 2.0  # of the average win rate, in the rate of a group


def grouped(column: Column, created_us: Ints) -> Grouping:
    """The groups of a column; of a date, ranges of the days since its lead's creation."""
    if column.moment_us is None:
        return Grouping(column.group, column.names)
    days = np.round((column.moment_us - created_us) / DAY_US)
    by_day = ranges(np.where(column.moment_us == NO_MOMENT, np.nan, days))
    return Grouping(by_day.group, [*by_day.names[:2], *(f"{name} days" for name in by_day.names[2:])])


def log_odds(grouping: Grouping, won: Mask, learned: Mask) -> Floats:
    """By group, the log-odds of a win among the learned leads (mask of the m rows), less those of all of them."""
    groups, n = len(grouping.names), np.count_nonzero(learned)
    base_rate = np.clip(won[learned].mean(), 0.5 / n, 1 - 0.5 / n)
    leads = np.bincount(grouping.group[learned], minlength=groups)
    wins = np.bincount(grouping.group[learned & won], minlength=groups)
    rate = (wins + PRIOR_LEADS * base_rate) / (leads + PRIOR_LEADS)
    return np.asarray(np.log(rate / (1 - rate)) - np.log(base_rate / (1 - base_rate)))


@dataclass(frozen=True)
class Associations:
    """How k columns go with the outcome and with one another, over m decided leads.

    Each column stands for the log-odds of a win that its value gives in the other half of the leads. auc, auc_low (k,):
    how it ranks outcomes, with a lower bound. separation (k,): between the means of won and lost leads, in standard
    deviations of leads with one outcome. within (k, k): correlations among leads with one outcome. unrelated (k, k):
    what these would be if the two columns had nothing to do with each other and both were causes of the outcome.
    """

    leads: int
    auc: Floats
    auc_low: Floats
    separation: Floats
    within: Floats
    unrelated: Floats


def associations(groupings: Sequence[Grouping], won: Mask) -> Associations:
    """The associations of groups (m,) of decided leads; won (m,) has both outcomes in both halves.

    Two causes with covariance 0 over all leads have covariance -w (1 - w) times the product of their separations among
    leads with one outcome, w the share of wins: a weak lead that was won owes it to something else.
    """
    even = np.arange(len(won)) % 2 == 0
    scores = np.zeros((len(groupings), len(won)))
    for row, grouping in zip(scores, groupings, strict=True):
        for half in (even, ~even):
            row[~half] = log_odds(grouping, won, half)[grouping.group[~half]]
    auc = np.array([_auc(row, won) for row in scores])
    error = np.sqrt(auc * (1 - auc) / min(np.count_nonzero(won), np.count_nonzero(~won)))

    gap = scores[:, won].mean(axis=1) - scores[:, ~won].mean(axis=1)
    for side in (won, ~won):
        scores[:, side] -= scores[:, side].mean(axis=1, keepdims=True)
    spread = np.maximum(scores.std(axis=1), 1e-9)
    within = scores @ scores.T / len(won) / np.outer(spread, spread)
    separation, share = gap / spread, float(won.mean())
    unrelated = -share * (1 - share) * np.outer(separation, separation)
    return Associations(len(won), auc, auc - Z_ONE_SIDED * error, separation, within, unrelated)


def _auc(score: Floats, won: Mask) -> float:
    wins = np.count_nonzero(won)
    ranks = rankdata(score)[won].sum() - wins * (wins + 1) / 2
    return float(ranks / (wins * (len(won) - wins)))
