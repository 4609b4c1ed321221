"""A test of leads that are still open: do they have the values that older leads of their kind came to have?

What is known at creation does not change when a lead closes: of the leads of one time, open and closed together, as
many have a value as of the leads of an earlier time. What closing writes is missing as long as leads are open.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import poisson

from history.base.arrays import Floats, Mask
from training.audit.columns import Grouping
from training.audit.evidence import MIN_EACH
from training.audit.leads import LeadStates
from training.audit.table.values import log_odds

COHORTS: Final = 40  # of creation
MATURE, YOUNG = 0.9, 0.6  # closed share of a cohort, relative to that of the oldest
MIN_MATURE: Final = 3  # cohorts
MOST_FOUND: Final = 0.5  # of the expected leads, for values to be lacking
# The more of the expected leads are found, the surer the difference: at least 2.5, and 1 + 8 times the share,
# standard errors.
LEAST_Z, Z_OF_NONE, Z_PER_SHARE = 2.5, 1.0, 8.0
FALSE_ALARM: Final = 0.01  # chance of any finding, over all columns
MIN_CLOSED: Final = 0.4  # of the closed young leads that would have the values: they are still written
LEAK_SHARE: Final = 0.4  # of the expected values on open leads: more than most leaks leave
# Of the expected values, for a column that is known early; standard errors above LEAK_SHARE.
KNOWN_SHARE, KNOWN_Z = 0.75, 1.0


@dataclass(frozen=True)
class Cohorts:
    """Masks over n leads: created so lately that many are open, and so long ago that few are."""

    young: Mask
    mature: Mask


@dataclass(frozen=True)
class Side:
    """The values of a column that speak for one outcome, weighted by their log-odds, on young open leads.

    found, expected: effective numbers of leads. power: the expected ones in standard errors of the difference. closed:
    the values on young closed leads, relative to those on older ones with the same outcome; closed_error: of closed.
    """

    found: float
    expected: float
    power: float
    closed: float
    closed_error: float

    @property
    def share(self) -> float:
        return self.found / max(self.expected, 1e-9)

    @property
    def in_use(self) -> float:
        """Share of the usual use that is left, by its upper bound: values go out of use for all leads."""
        return min(1.0, self.closed + self.closed_error)


def cohorts_of(leads: LeadStates) -> Cohorts | None:
    """The young and the mature leads; None if too few are open."""
    if np.count_nonzero(~leads.decided) < MIN_EACH:
        return None
    edges = np.quantile(leads.created_us, np.linspace(0, 1, COHORTS + 1)[1:-1])
    cohort = np.searchsorted(edges, leads.created_us, side="right")
    n = np.bincount(cohort, minlength=COHORTS)
    closed = np.bincount(cohort[leads.decided], minlength=COHORTS) / np.maximum(n, 1)
    usual = float(np.quantile(closed, 0.8))
    mature, young = closed >= MATURE * usual, closed <= YOUNG * usual
    if np.count_nonzero(mature) < MIN_MATURE or not young.any():
        return None
    return Cohorts(young[cohort], mature[cohort])


@dataclass(frozen=True)
class _Counts:
    """By group (groups,): found and expected young open leads, the variance of their difference, young closed leads."""

    found: Floats
    expected: Floats
    variance: Floats
    closed: Floats
    expected_closed: Floats


def sides_of(grouping: Grouping, leads: LeadStates, cohorts: Cohorts) -> tuple[Side, ...]:
    """The values that speak for a win, and those that speak for a loss; () if no young lead is open."""
    if not (cohorts.young & ~leads.decided).any():
        return ()
    counts = _count(grouping, leads, cohorts)
    odds = log_odds(grouping, leads.won, leads.decided)
    return tuple(_side(np.maximum(sign * odds, 0), counts) for sign in (1, -1))


def _count(grouping: Grouping, leads: LeadStates, cohorts: Cohorts) -> _Counts:
    group, young = grouping.group, cohorts.young

    def count(members: Mask) -> Floats:
        return np.bincount(group[members], minlength=len(grouping.names)).astype(np.float64)

    n_young, n_mature = np.count_nonzero(young), np.count_nonzero(cohorts.mature)
    found, closed = count(young & ~leads.decided), count(young & leads.decided)
    share = count(cohorts.mature) / n_mature
    remaining = np.maximum(share * n_young - closed, 0)
    expected = remaining * (found.sum() / max(float(remaining.sum()), 1.0))
    # How many are closed is random too: the variance is that of all young leads with the value.
    variance = share * n_young * (1 + n_young / n_mature)
    expected_closed = np.zeros_like(share)
    for outcome in (leads.won, leads.lost):
        mature = outcome & cohorts.mature
        each = np.count_nonzero(outcome & young) / max(int(np.count_nonzero(mature)), 1)
        expected_closed += count(mature) * each
    return _Counts(found, expected, variance, closed, expected_closed)


def _side(weight: Floats, counts: _Counts) -> Side:
    expected, found = float(weight @ counts.expected), float(weight @ counts.found)
    spread = float(np.sqrt(weight**2 @ counts.variance)) + 1e-9
    usual = float(weight @ counts.expected_closed)
    return Side(
        found=found * _effective(weight, counts.expected) / max(expected, 1e-9),
        expected=_effective(weight, counts.expected),
        power=expected / spread,
        closed=float(weight @ counts.closed) / max(usual, 1e-9),
        closed_error=float(1 / np.sqrt(max(_effective(weight, counts.expected_closed), 1e-9))),
    )


def _effective(weight: Floats, n: Floats) -> float:
    """Number of equally weighted leads whose total is as sure as that of n (groups,) with these weights."""
    return float(weight @ n) ** 2 / max(float(weight**2 @ n), 1e-9)


def missing_on_open(sides: tuple[Side, ...], columns: int) -> Side | None:
    """The side whose values open leads lack although closing leads still get them; columns: tested in all."""
    lacking = [side for side in sides if side.closed > MIN_CLOSED and _is_lacking(side, columns)]
    return min(lacking, key=lambda side: side.share) if lacking else None


def _is_lacking(side: Side, columns: int) -> bool:
    left, z = side.share / side.in_use, side.power * (side.in_use - side.share)
    if left >= MOST_FOUND or z < max(LEAST_Z, Z_OF_NONE + Z_PER_SHARE * left):
        return False
    expected = side.expected * side.in_use
    return bool(poisson.cdf(round(side.found), expected) < FALSE_ALARM / (2 * columns))


def known_early(sides: tuple[Side, ...]) -> bool:
    """True if open leads surely have the values of both sides, about as often as expected."""
    return bool(sides) and all(
        side.share > KNOWN_SHARE and side.power * (side.share - LEAK_SHARE) > KNOWN_Z for side in sides
    )
