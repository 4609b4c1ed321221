"""Test of values alone: do they settle the outcome, with which confidence and support, and how well do they rank it?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints, Mask
from training.audit.columns import FIRST_LEVEL, Column
from training.audit.evidence import (
    ANY_VALUE,
    MIN_DECIDED,
    MIN_EACH,
    STRONG,
    WEAK,
    Z_ONE_SIDED,
    Evidence,
    wilson_bounds,
)
from training.audit.leads import LeadStates

MIN_SUPPORT = 30  # leads with a value, for it to settle anything
CERTAIN = 0.2  # a value settles an outcome if its bound is wrong in at most this part of the average share
Z_CERTAIN = 2.0  # of that bound: 97.5 % one-sided
EXACT = 0.01  # a value is exact if it loses at most this part of the average
MIN_MISSED = 50  # losses that exact values would have at the average rate: fewer could be luck
EXACT_WINS = 0.5  # of all wins have an exact value: strong evidence even with closing times
PLANNED_SHARE = 0.5  # of the wins' fill rate: a date that open leads have as often is a plan
HIGH_AUC = 0.85
CLOSING_WORDS = re.compile(
    r"\b(closed?|won|lost|converted|disqualified|unqualified|rejected|signed)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class CertainValues:
    """The values of a column that all but settle the outcome: as text, and how many leads have them, as shares.

    won_share, lost_share: of decided leads, with a value certain to win or to lose. wins: of all wins, with a value
    certain to win; losses: of all losses, with a value certain to lose. closing_words: of decided leads, with a certain
    value that names a closing. exact_wins: of all wins, with a value that hardly ever loses.
    """

    texts: list[str]
    won_share: float
    lost_share: float
    wins: float
    losses: float
    closing_words: float
    exact_wins: float


@dataclass(frozen=True)
class Decision:
    """How far a column's values decide the outcome: AUC with its lower bound, and the values that settle it."""

    auc: float
    auc_low: float
    certain: CertainValues

    @property
    def covered(self) -> float:
        """Share of decided leads with a value that all but settles the outcome."""
        return self.certain.won_share + self.certain.lost_share

    @property
    def settles_much(self) -> bool:
        return self.covered >= 1 / 3 or max(self.certain.wins, self.certain.losses) >= 0.5

    @property
    def settles_both_ways(self) -> bool:
        return min(self.certain.won_share, self.certain.lost_share) >= 0.02

    @property
    def names_closings(self) -> bool:
        return self.certain.closing_words >= 0.05


@dataclass(frozen=True)
class SettlingRule:
    """Values settle the outcome if the condition holds and AUC and its lower bound reach these bounds."""

    name: str
    condition: Callable[[Decision], bool]
    needs_suspicious_name: bool
    auc: float = 0.0
    auc_low: float = -np.inf


# On flat tables (no closing times) each of these leaves a column out (docs/reference/leakage.md).
SETTLING_RULES = (
    SettlingRule("much", lambda d: d.settles_much, needs_suspicious_name=False, auc=HIGH_AUC, auc_low=0.8),
    SettlingRule("both ways", lambda d: d.settles_both_ways, needs_suspicious_name=True, auc=0.75),
    SettlingRule("ranking", lambda d: True, needs_suspicious_name=True, auc_low=HIGH_AUC),
    SettlingRule("closing words", lambda d: d.names_closings, needs_suspicious_name=False, auc=0.75),
)


def deciding_values(column: Column, leads: LeadStates, name_is_suspicious: bool) -> Evidence | None:
    """Values that all but settle the outcome.

    Without closing times this is the only evidence, and strong if a settling rule holds. With closing times, tests of
    time are sharper, and only exact values of half of all wins are strong.
    """
    decision = decision_of(column, leads)
    if decision is None:
        return None
    exact_wins = decision.certain.exact_wins
    exact = exact_wins >= EXACT_WINS and not _is_planned_date(column, leads)
    settles = any(_holds(rule, decision, name_is_suspicious) for rule in SETTLING_RULES)
    if not (settles or exact or decision.auc_low >= HIGH_AUC):
        return None
    strong = exact or (settles and not leads.has_closing_times)
    return Evidence(
        STRONG if strong else WEAK,
        _clause(decision),
        {"auc": decision.auc, "certain_share": decision.covered, "exact_share_of_wins": exact_wins},
    )


def _holds(rule: SettlingRule, decision: Decision, name_is_suspicious: bool) -> bool:
    if rule.needs_suspicious_name and not name_is_suspicious:
        return False
    return rule.condition(decision) and decision.auc >= rule.auc and decision.auc_low >= rule.auc_low


def _clause(decision: Decision) -> str:
    clause = f"alone it ranks outcomes with an AUC of {decision.auc:.2f}"
    if decision.covered:
        clause += (
            f", and {decision.covered:.0%} of decided leads have a value that all but settles the outcome"
        )
    if decision.certain.texts:
        clause += f": {', '.join(decision.certain.texts[:3])}"
    return clause


def _is_planned_date(column: Column, leads: LeadStates) -> bool:
    """True for a date that open leads have about as often as won ones: a plan, however well it ranks outcomes."""
    if column.moment_us is None or leads.decided.all():
        return False
    open_rate, won_rate = column.filled[~leads.decided].mean(), column.filled[leads.won].mean()
    return bool(open_rate >= PLANNED_SHARE * won_rate)


def decision_of(column: Column, leads: LeadStates) -> Decision | None:
    """How far the column's values decide the outcome; None if too few leads were decided, won or lost."""
    decided = leads.decided
    won = leads.won[decided]
    wins, losses = np.count_nonzero(won), np.count_nonzero(~won)
    if wins + losses < MIN_DECIDED or min(wins, losses) < MIN_EACH:
        return None
    group, groups = column.group[decided], len(column.names)
    auc = two_fold_auc(group, won, groups)
    auc_low = auc - Z_ONE_SIDED * float(np.sqrt(auc * (1 - auc) / min(wins, losses)))

    first = FIRST_LEVEL if column.moment_us is None else 1
    by_value = _certain_values(group, won, column.names, first)
    if not (group == 0).any() or by_value.wins >= 0.5:
        return Decision(auc, auc_low, by_value)
    # Perhaps being filled at all settles more than any single value.
    filled = _certain_values((group > 0).astype(np.int64), won, ["none", ANY_VALUE], 1)
    clearer = max(by_value, filled, key=lambda c: (c.exact_wins, c.wins, c.losses))
    return Decision(auc, auc_low, clearer)


def _certain_values(group: Ints, won: Mask, names: list[str], first: int) -> CertainValues:
    """The certain values among the groups from `first` on; group and won (m,) of decided leads."""
    groups, win_rate = len(names), won.mean()
    leads = np.bincount(group, minlength=groups)
    wins = np.bincount(group[won], minlength=groups)
    losses = leads - wins
    bounds = wilson_bounds(wins, leads, z=Z_CERTAIN)
    supported = (leads >= MIN_SUPPORT) & (np.arange(groups) >= first)
    sure_won = supported & (bounds.low >= 1 - CERTAIN * (1 - win_rate))
    sure_lost = supported & (bounds.high <= CERTAIN * win_rate)

    certain = np.flatnonzero(sure_won | sure_lost)
    certain = certain[np.argsort(-leads[certain], kind="stable")]
    naming_closings = [g for g in certain if CLOSING_WORDS.search(names[g])]
    return CertainValues(
        texts=[f"'{names[g][:60]}' ({wins[g] / leads[g]:.0%} of {leads[g]} won)" for g in certain],
        won_share=float(leads[sure_won].sum() / len(won)),
        lost_share=float(leads[sure_lost].sum() / len(won)),
        wins=float(wins[sure_won].sum() / wins.sum()),
        losses=float(losses[sure_lost].sum() / losses.sum()),
        closing_words=float(leads[naming_closings].sum() / len(won)),
        exact_wins=_exact_wins(wins, leads, supported),
    )


def _exact_wins(wins: Ints, leads: Ints, supported: Mask) -> float:
    """Share of all wins with a value that loses at most EXACT of the average; 0 if luck could explain it."""
    loss_rate = 1 - wins.sum() / leads.sum()
    exact = supported & (leads - wins <= EXACT * leads * loss_rate)
    if leads[exact].sum() * loss_rate < MIN_MISSED:
        return 0.0
    return float(wins[exact].sum() / wins.sum())


# ---- AUC of groups


class _Halves(NamedTuple):
    """Masks (m,) of the leads that are ranked and of those whose win rates rank them."""

    ranked: Mask
    learned: Mask


def two_fold_auc(group: Ints, won: Mask, groups: int) -> float:
    """Mean AUC of the two halves of the leads, each ranked by win rates of the other half; ties count half.

    group (m,): 0 to groups - 1. Ranked by its own rates, a column of rare values would rank noise perfectly.
    """
    even = np.arange(len(won)) % 2 == 0
    folds = (_Halves(even, ~even), _Halves(~even, even))
    return float(np.mean([_auc_of_rates(group, won, halves, groups) for halves in folds]))


def _auc_of_rates(group: Ints, won: Mask, halves: _Halves, groups: int) -> float:
    base_rate = won.mean()
    leads = np.bincount(group[halves.learned], minlength=groups)
    wins = np.bincount(group[halves.learned & won], minlength=groups)
    rate = (wins + 2 * base_rate) / (leads + 2)  # shrunk: as if two more leads had won at the base rate
    _, rank = np.unique(rate, return_inverse=True)

    ranked_wins: npt.NDArray[np.int64] = np.bincount(rank[group[halves.ranked & won]], minlength=groups)
    ranked_losses: npt.NDArray[np.int64] = np.bincount(rank[group[halves.ranked & ~won]], minlength=groups)
    losses_below: Floats = np.cumsum(ranked_losses) - 0.5 * ranked_losses
    pairs = ranked_wins.sum() * ranked_losses.sum()
    return float((ranked_wins * losses_below).sum() / pairs) if pairs else 0.5
