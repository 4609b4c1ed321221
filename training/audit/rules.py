"""Evidence in what a column's values alone say of the outcome: rules, their confidence and support, AUC."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from history.arrays import Floats, Ints, Mask
from training.audit.columns import Column, Leads
from training.audit.evidence import ANY, LEAST_DECIDED, LEAST_EACH, STRONG, WEAK, Evidence, wilson

LEAST_SUPPORT = 30  # leads with a value, for it to be a rule
CERTAIN = (
    0.2  # a value is certain when it is wrong in at most this part of the average share, within its bound
)
EXACT = 0.01  # and exact at this part
LEAST_MISSED = 50  # losses that an exact value would have if it were like all
TELLING_VALUES = re.compile(
    r"\b(closed?|won|lost|converted|disqualified|unqualified|rejected|signed)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Sides:
    """The values of a column that settle the outcome, as text, and how many leads have them, as shares."""

    certain: list[str]
    won_share: float  # of decided leads, with a value that is certain to win
    lost_share: float
    wins: float  # of all wins
    losses: float  # of all losses, with a value that is certain to lose
    spoken: float  # of decided leads, with a certain value that speaks of a closing
    exact_wins: float  # of all wins, with a value that hardly ever loses


@dataclass(frozen=True)
class Rules:
    """What a column's values say of decided leads: AUC, its lower bound, and the values that settle the outcome."""

    auc: float
    auc_low: float
    sides: Sides


def rules_of(column: Column, leads: Leads) -> Rules | None:
    """None where too few were decided, won or lost to tell."""
    decided = leads.decided
    won = leads.won[decided]
    wins, losses = np.count_nonzero(won), np.count_nonzero(~won)
    if wins + losses < LEAST_DECIDED or min(wins, losses) < LEAST_EACH:
        return None
    group, k = column.group[decided], len(column.names)
    auc = two_fold_auc(group, won, k)
    low = auc - 2.6 * float(np.sqrt(auc * (1 - auc) / min(wins, losses)))
    by_value = _sides(group, won, column.names, 2 if column.moment_us is None else 1)
    if not (group == 0).any() or by_value.wins >= 0.5:
        return Rules(auc, low, by_value)
    whole = _sides((group > 0).astype(np.int64), won, ["none", ANY], 1)
    return Rules(auc, low, max(by_value, whole, key=lambda s: (s.exact_wins, s.wins, s.losses)))


def _sides(group: Ints, won: Mask, names: list[str], first: int) -> Sides:
    """The certain values among the groups from `first` on."""
    k, base = len(names), won.mean()
    n = np.bincount(group, minlength=k)
    w = np.bincount(group[won], minlength=k)
    low, high = wilson(w, n, z=2.0)
    able = (n >= LEAST_SUPPORT) & (np.arange(k) >= first)
    sure_won, sure_lost = able & (low >= 1 - CERTAIN * (1 - base)), able & (high <= CERTAIN * base)
    sure = np.flatnonzero(sure_won | sure_lost)
    sure = sure[np.argsort(-n[sure], kind="stable")]
    spoken = [g for g in sure if TELLING_VALUES.search(names[g])]
    return Sides(
        certain=[f"'{names[g][:60]}' ({w[g] / n[g]:.0%} of {n[g]} won)" for g in sure],
        won_share=float(n[sure_won].sum() / len(won)),
        lost_share=float(n[sure_lost].sum() / len(won)),
        wins=float(w[sure_won].sum() / w.sum()),
        losses=float((n - w)[sure_lost].sum() / (n - w).sum()),
        spoken=float(n[spoken].sum() / len(won)),
        exact_wins=_exact_wins(w, n, able),
    )


def _exact_wins(w: Ints, n: Ints, able: Mask) -> float:
    """Share of all wins with a value that loses at most EXACT of the average; 0 where luck could explain it."""
    lost = 1 - w.sum() / n.sum()
    exact = able & (n - w <= EXACT * n * lost)
    return float(w[exact].sum() / w.sum()) if n[exact].sum() * lost >= LEAST_MISSED else 0.0


def rules(column: Column, leads: Leads, telling: bool) -> Evidence | None:
    """Values that all but decide the outcome.

    Without closing times they are all there is to judge by, and strong: values certain to win, or to lose, on much of
    the leads. With closing times those tell better, and only values that half of all wins have and hardly any loss
    are strong.
    """
    found = rules_of(column, leads)
    if found is None:
        return None
    sides = found.sides
    covered = sides.won_share + sides.lost_share
    much = covered >= 1 / 3 or max(sides.wins, sides.losses) >= 0.5
    both = min(sides.won_share, sides.lost_share) >= 0.02
    exact = sides.exact_wins >= 0.5 and not _planned(column, leads)
    settles = (
        (much and found.auc >= 0.85 and found.auc_low >= 0.8)
        or (telling and both and found.auc >= 0.75)
        or (telling and found.auc_low >= 0.85)
        or (sides.spoken >= 0.05 and found.auc >= 0.75)
    )
    if not (settles or exact or found.auc_low >= 0.85):
        return None
    settled = f", and {covered:.0%} of decided leads have a value that all but settles it" if covered else ""
    values = f": {', '.join(sides.certain[:3])}" if sides.certain else ""
    return Evidence(
        STRONG if exact or (settles and not leads.timed) else WEAK,
        f"alone it ranks outcomes with AUC {found.auc:.2f}{settled}{values}",
        {"auc": found.auc, "certain_share": covered, "exact_share_of_wins": sides.exact_wins},
    )


def _planned(column: Column, leads: Leads) -> bool:
    """A date that open leads have about as often as won ones is planned, whatever it says of the outcome."""
    if column.moment_us is None or leads.decided.all():
        return False
    return bool(column.filled[~leads.decided].mean() >= 0.5 * column.filled[leads.won].mean())


def two_fold_auc(group: Ints, won: Mask, groups: int) -> float:
    """Mean AUC, on each half of the leads, of the shrunken win rates by group on the other half; ties count half."""
    half = np.arange(len(won)) % 2 == 0
    return float(np.mean([_auc_of_rates(group, won, (test, ~test), groups) for test in (half, ~half)]))


def _auc_of_rates(group: Ints, won: Mask, halves: tuple[Mask, Mask], groups: int) -> float:
    test, learn = halves
    base = won.mean()
    n = np.bincount(group[learn], minlength=groups)
    rate = (np.bincount(group[learn & won], minlength=groups) + 2 * base) / (n + 2)
    _, rank = np.unique(rate, return_inverse=True)
    good: npt.NDArray[np.int64] = np.bincount(rank[group[test & won]], minlength=groups)
    bad: npt.NDArray[np.int64] = np.bincount(rank[group[test & ~won]], minlength=groups)
    below: Floats = np.cumsum(bad) - 0.5 * bad
    pairs = good.sum() * bad.sum()
    return float((good * below).sum() / pairs) if pairs else 0.5
