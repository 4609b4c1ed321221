"""Evidence of reasons: shares won of training rows by the groups of each feature, where they differ beyond chance."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from features.feature import Feature
from features.groups import groups_of, has_groups, split_of
from history.base.arrays import Floats, Ints, Mask
from models.figures.intervals import RateBounds, wilson_terms
from models.reasons.evidence import Comparison, Evidence, FeatureEvidence
from training.rows.dataset import GRID
from training.rows.training_set import TrainingSet

Z95 = 1.959963985  # normal quantile of a two-sided 95 % interval
FEWEST_LEADS = 30  # on either side
MOST_CATEGORIES = 30  # of one feature, the most frequent ones; further codes have no evidence


@dataclass(frozen=True)
class _Rows:
    """Rows of a training: won (n,) and the lead (n,) of each, numbered from 0."""

    won: Floats
    lead: Ints
    n_leads: int

    def comparison(self, inside: Mask) -> Comparison | None:
        """The rows inside (n,) against all others; None if either has too few leads or the shares may be equal."""
        n_with, n_without = self._leads(inside), self._leads(~inside)
        if min(n_with, n_without) < FEWEST_LEADS:
            return None
        share_with, share_without = float(self.won[inside].mean()), float(self.won[~inside].mean())
        if not differ(Share(share_with, n_with), Share(share_without, n_without)):
            return None
        return Comparison(share_with, n_with, share_without, n_without)

    def _leads(self, chosen: Mask) -> int:
        seen = np.zeros(self.n_leads, dtype=np.bool_)
        seen[self.lead[chosen]] = True
        return int(seen.sum())


class Share(NamedTuple):
    """A share seen on n leads."""

    share: float
    n: int


def differ(one: Share, other: Share) -> bool:
    """True if the 95 % interval of the difference of two shares excludes 0 (Newcombe 1998, method 10).

    n counts leads, although rows are averaged: the rows of one lead tell the same story.
    """
    difference = one.share - other.share
    first, second = _wilson(one), _wilson(other)
    low = difference - np.hypot(one.share - first.low, second.high - other.share)
    high = difference + np.hypot(first.high - one.share, other.share - second.low)
    return bool(low > 0 or high < 0)


def _wilson(seen: Share) -> RateBounds:
    """The 95 % interval of a share."""
    terms = wilson_terms(seen.share, seen.n, Z95)
    middle, half_width, divisor = float(terms.middle), Z95 * float(terms.root), float(terms.divisor)
    return RateBounds((middle - half_width) / divisor, (middle + half_width) / divisor)


def learn_evidence(training_set: TrainingSet) -> Evidence:
    """The groups of each feature that tell, over the grid's rows.

    Their horizon is over, as for all training rows, so that slow losses and fast wins count alike.
    """
    on_grid = np.flatnonzero(training_set.rows.origin == GRID)
    leads, lead = np.unique(training_set.rows.snapshot.lead[on_grid], return_inverse=True)
    rows = _Rows(training_set.won[on_grid], lead.astype(np.int64), len(leads))
    features = {}
    for j, feature in enumerate(training_set.features):
        if has_groups(feature):
            known = _of_feature(rows, feature, training_set.values[on_grid, j])
            if known.groups:
                features[feature.name] = known
    return Evidence(features)


def _of_feature(rows: _Rows, feature: Feature, values: Floats) -> FeatureEvidence:
    split = split_of(feature, values)
    group = groups_of(feature, values, split)
    found, counts = np.unique(group, return_counts=True)
    frequent = found[np.argsort(-counts, kind="stable")][:MOST_CATEGORIES]
    comparisons = {int(g): rows.comparison(group == g) for g in sorted(frequent.tolist())}
    return FeatureEvidence(split, {g: told for g, told in comparisons.items() if told is not None})
