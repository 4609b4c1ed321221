"""Evidence that the table as a whole holds, also a flat one without any time: what the outcome wrote, and when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Floats, Ints
from training.audit.columns import Column, Grouping
from training.audit.evidence import MIN_DECIDED, MIN_EACH, STRONG, WEAK, Evidence, wilson_bounds
from training.audit.leads import LeadStates
from training.audit.table.independence import Independence, written_by_outcome
from training.audit.table.open_leads import Side, cohorts_of, known_early, missing_on_open, sides_of
from training.audit.table.values import Associations, associations, grouped

MAX_LEADS: Final = 40_000  # decided ones, evenly spaced, for the associations
MIN_AUC_LOW: Final = 0.5
SHARP: Final = 1.5  # separation of the outcomes from which independence alone leaves a column out
SHARP_BOUND: Final = 0.15  # of its dependence, for the same
TOGETHER: Final = 0.5  # correlation within outcomes with a leak; of honest columns it is near 0
NEARLY_ALWAYS: Final = 0.1  # most that a value may lose, or win, of the average, by its bound
MIN_COVERED: Final = 0.25  # of all wins, or losses, with such values
MIN_LEADS: Final = 20  # with a value that is shown


def table_evidence(
    columns: Mapping[str, Column], leads: LeadStates, leaks: Collection[str]
) -> dict[str, Evidence]:
    """Evidence by column; leaks: columns that other tests leave out, with which no other is compared."""
    names = [name for name in sorted(columns) if columns[name].filled.any()]
    wins, losses = np.count_nonzero(leads.won), np.count_nonzero(leads.lost)
    if not names or wins + losses < MIN_DECIDED or min(wins, losses) < MIN_EACH:
        return {}
    groupings = [grouped(columns[name], leads.created_us) for name in names]
    found = _associations(groupings, leads)
    cohorts = cohorts_of(leads)
    sides = [sides_of(grouping, leads, cohorts) if cohorts else () for grouping in groupings]
    lacking = [
        missing_on_open(side, len(names)) if low > MIN_AUC_LOW else None
        for side, low in zip(sides, found.auc_low.tolist(), strict=True)
    ]
    known_leaks = [name in leaks or side is not None for name, side in zip(names, lacking, strict=True)]
    honest = [known_early(side) for side in sides]
    independent = written_by_outcome(found, np.array(known_leaks), np.array(honest))
    companions = _companions(
        found, [k for k, side in enumerate(lacking) if side is not None or k in independent]
    )

    evidence = {}
    for k, name in enumerate(names):
        values, side = _values_of(groupings[k], leads), lacking[k]
        if side is not None:
            evidence[name] = _missing(side, values)
        elif k in independent:
            evidence[name] = _written(independent[k], values, is_sharp=bool(found.separation[k] >= SHARP))
        elif k in companions:
            evidence[name] = _together(names[companions[k]], float(found.within[k, companions[k]]), values)
        elif not honest[k] and max(values.of_wins, values.of_losses) >= MIN_COVERED:
            evidence[name] = _settled(values)
    return evidence


def _associations(groupings: Sequence[Grouping], leads: LeadStates) -> Associations:
    rows = np.flatnonzero(leads.decided)
    rows = rows[:: -(-len(rows) // MAX_LEADS)]
    return associations([Grouping(g.group[rows], g.names) for g in groupings], leads.won[rows])


def _companions(found: Associations, leaks: Sequence[int]) -> dict[int, int]:
    """By column, the leak that it goes with most among leads with one outcome: both are filled in together."""
    if not leaks:
        return {}
    nearest = np.array(leaks)[np.argmax(found.within[:, leaks], axis=1)]
    within = found.within[np.arange(len(nearest)), nearest]
    together = np.flatnonzero((within >= TOGETHER) & (found.auc_low > MIN_AUC_LOW))
    return {int(k): int(nearest[k]) for k in together if k not in leaks}


@dataclass(frozen=True)
class _Values:
    """shown: the value that says most about the outcome, with its win rate and the average. of_wins, of_losses: shares
    of all wins, and losses, with a value that nearly always wins, or loses.
    """

    shown: str
    of_wins: float
    of_losses: float


def _values_of(grouping: Grouping, leads: LeadStates) -> _Values:
    group, groups = grouping.group, len(grouping.names)
    n = np.bincount(group[leads.decided], minlength=groups)
    wins = np.bincount(group[leads.won], minlength=groups)
    rate, bounds = float(wins.sum() / n.sum()), wilson_bounds(wins, n)
    supported = n >= MIN_LEADS
    sure_won = supported & (1 - bounds.low <= NEARLY_ALWAYS * (1 - rate))
    sure_lost = supported & (bounds.high <= NEARLY_ALWAYS * rate)
    return _Values(
        _shown(grouping.names, n, wins, rate),
        of_wins=float(wins[sure_won].sum() / wins.sum()),
        of_losses=float((n - wins)[sure_lost].sum() / (n - wins).sum()),
    )


def _shown(names: list[str], n: Ints, wins: Ints, rate: float) -> str:
    """The value that is farthest from the average in standard errors, of those with enough leads if any has."""
    distance: Floats = np.abs(wins - n * rate) / np.sqrt(np.maximum(n, 1))
    k = int(np.argmax(np.where(n >= min(MIN_LEADS, int(n.max())), distance, -1)))
    value = {0: "no value", 1: "rare values"}.get(k, f"'{names[k][:60]}'")
    share = wins[k] / max(int(n[k]), 1)
    return f"{value} is won in {share:.0%} of {n[k]} decided leads, against {rate:.0%} of all"


def _missing(side: Side, values: _Values) -> Evidence:
    return Evidence(
        STRONG,
        f"{values.shown}; of the latest leads {side.found:.0f} that are still open have such values, where "
        f"{side.expected:.0f} would if they were known before the closing",
        {"open_found": side.found, "open_expected": side.expected},
    )


def _written(found: Independence, values: _Values, *, is_sharp: bool) -> Evidence:
    grade = STRONG if is_sharp and found.bound <= SHARP_BOUND else WEAK
    return Evidence(
        grade,
        f"{values.shown}; among leads with one outcome it goes with no other column ({max(found.related, 0):.0%} of "
        "what a value known before would), as if the outcome had written it",
        {"related": found.related, "related_high": found.bound},
    )


def _together(leak: str, within: float, values: _Values) -> Evidence:
    return Evidence(
        WEAK,
        f"{values.shown}; among leads with one outcome it goes with {leak} (correlation {within:.2f}), which the "
        "outcome has written: the two are filled in together",
        {"together": within},
    )


def _settled(values: _Values) -> Evidence:
    covered, of = max((values.of_wins, "wins"), (values.of_losses, "losses"))
    always = "won" if of == "wins" else "lost"
    return Evidence(
        WEAK,
        f"{covered:.0%} of all {of} have a value that is nearly always {always}: {values.shown}",
        {"nearly_always": covered},
    )
