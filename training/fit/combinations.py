"""Which combinations of two attributes win more or less often than each of the two suggests: a test of each.

A score test by rows (Rao 1948), robust to rows of one lead being alike (White 1980; Liang, Zeger 1986): the gradient of
the likelihood at a model without combinations, along the column of one, beside those of its two attributes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from features.attributes.attributes import Attribute
from features.attributes.combinations import Names
from history.base.arrays import Floats, Ints
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from training.fit.linear.linear import fit_logistic
from training.rows.combinations import CombinedRows, combined_rows
from training.rows.dataset import GRID
from training.rows.training_set import PreparedData, TrainingSet

# Set on simulated worlds with and without such combinations (docs/decisions/0085).
LEAST_DEVIATES = 3.0  # standard errors of the coefficient of a combination that is chosen
MOST_CHOSEN = 10
MOST_ATTRIBUTES = 24  # with the most different win rates
MOST_CELLS = 1 << 22  # of one combination, while it is looked at
# At most so many combinations of categories for each lead, so that leads share them.
MOST_A_LEAD = 0.2
# Fewer than so many times the categories of either attribute: the one nearly tells the other.
LEAST_MORE = 1.2
LINEAR_ROWS = 20_000  # that the model without combinations is fitted on
# Its penalty is strong: penalties set by the data let single attributes take up what combinations are for
# (docs/decisions/0087).
LINEAR_C = 0.002
_RIDGE = 1e-9


def choose_combinations(prepared: PreparedData) -> tuple[Names, ...]:
    """The combinations of attributes with win rates that are surest to matter, the surest first."""
    training_set = prepared.training_set
    attributes = [each for each in prepared.vocabulary.attributes if "win_rate" in each.columns]
    # Rows of the grid alone: creations and stage entries are a random sample, and the choice should not depend on it.
    grid = np.flatnonzero(training_set.rows.origin == GRID)
    won = training_set.won[grid]
    if len(attributes) < 2 or not 0 < won.sum() < len(won):
        return ()
    telling = _telling(attributes, [_win_rate(training_set, attribute)[grid] for attribute in attributes])
    rows, test = combined_rows(training_set, list(telling)), _test(training_set, grid)
    rates = list(telling.values())
    read = (_read(rows, grid, rates, pair) for pair in _candidates(rows, len(np.unique(test.lead))))
    found = [one for one in read if test.deviates(one, ()) >= LEAST_DEVIATES]
    chosen: list[_Combination] = []
    while found and len(chosen) < MOST_CHOSEN:
        # Many say the same: each has to tell something beside those chosen before.
        deviates = [test.deviates(one, chosen) for one in found]
        surest = int(np.argmax(deviates))
        if deviates[surest] < LEAST_DEVIATES:
            break
        chosen.append(found.pop(surest))
    return tuple(one.names for one in chosen)


class _Combination(NamedTuple):
    """Of two attributes: the logarithm of their column (n,), 0 where missing, and of the odds of each alone (n,), of
    the n rows of the grid.
    """

    names: Names
    column: Floats
    rates: Sequence[Floats]


def _read(rows: CombinedRows, grid: Ints, rates: Sequence[Floats], pair: tuple[int, int]) -> _Combination:
    """The combination of two attributes at the n rows at `grid`; rates: log-odds (n,) of each attribute."""
    first, second = (rows.attributes[j].name for j in pair)
    column = np.nan_to_num(np.log(rows.column(*pair)[grid]))
    return _Combination((first, second), column, [rates[j] for j in pair])


def _telling(attributes: Sequence[Attribute], rates: Sequence[Floats]) -> dict[Attribute, Floats]:
    """The attributes whose win rates differ most, in their own order, with their rates (n,)."""
    spread = [-float(np.std(rate)) for rate in rates]
    chosen = sorted(np.argsort(spread, kind="stable")[:MOST_ATTRIBUTES].tolist())
    return {attributes[j]: rates[j] for j in chosen}


def _win_rate(training_set: TrainingSet, attribute: Attribute) -> Floats:
    """Log-odds (n,) of the attribute's win rate as known at each row, the mean where it has none."""
    column = next(
        j
        for j, feature in enumerate(training_set.features)
        if feature.subject == attribute.name and feature.name.endswith("_win_rate")
    )
    rate = np.clip(training_set.values[:, column], 1e-4, 1 - 1e-4)
    log_odds = np.log(rate / (1 - rate))
    is_known = ~np.isnan(log_odds)
    return np.where(is_known, log_odds, log_odds[is_known].mean() if is_known.any() else 0.0)


def _candidates(rows: CombinedRows, n_leads: int) -> Iterator[tuple[int, int]]:
    """Positions of two attributes whose combinations leads share, and of which neither tells the other."""
    for first, second in combinations(range(len(rows.attributes)), 2):
        a, b = rows.codes[first], rows.codes[second]
        n_a, n_b = len(rows.categories[first]), len(rows.categories[second])
        if n_a * n_b > MOST_CELLS:
            continue
        both = (a * n_b + b)[(a >= 0) & (b >= 0)]
        distinct = np.count_nonzero(np.bincount(both, minlength=1))
        if LEAST_MORE * max(n_a, n_b) < distinct <= MOST_A_LEAD * n_leads:
            yield first, second


@dataclass(frozen=True)
class _ScoreTest:
    """n training rows of the grid at a model without combinations.

    lead (n,): numbers of leads; curvature (n,): weights of the information; residual (n,): working residuals.
    """

    lead: Ints
    curvature: Floats
    residual: Floats

    def deviates(self, combination: _Combination, beside: Sequence[_Combination]) -> float:
        """The coefficient of a combination's column in units of its standard error.

        The win rates of its attributes and the columns of those beside it have coefficients of their own.
        """
        others = [*combination.rates, *(one.column for one in beside)]
        x = np.column_stack([np.ones(len(self.lead)), *others, combination.column])
        weighted = x * self.curvature[:, None]
        information = weighted.T @ x + _RIDGE * np.eye(x.shape[1])
        coefficients = np.linalg.solve(information, weighted.T @ self.residual)
        scores = weighted * (self.residual - x @ coefficients)[:, None]
        by_lead = np.column_stack([np.bincount(self.lead, weights=score) for score in scores.T])
        inverse = np.linalg.inv(information)
        variance = (inverse @ (by_lead.T @ by_lead) @ inverse)[-1, -1]
        return float(coefficients[-1] / np.sqrt(variance)) if variance > 0 else 0.0


def _test(training_set: TrainingSet, grid: Ints) -> _ScoreTest:
    weight = training_set.weight(grid, training_set.as_of_us, Parameters())
    some = np.linspace(0, len(grid) - 1, min(len(grid), LINEAR_ROWS)).astype(np.int64)
    values, won = training_set.values, training_set.won[grid]
    model = fit_logistic(values[grid[some]], training_set.features, won[some], weight[some], LINEAR_C).model
    # Effects of all rows, not of a copy of the grid's, which would be most of the memory of the values again.
    probability = np.clip(sigmoid(model.intercept + model.effects(values)[grid]), 1e-6, 1 - 1e-6)
    variance = probability * (1 - probability)
    _, lead = np.unique(training_set.rows.snapshot.lead[grid], return_inverse=True)
    return _ScoreTest(lead, weight * variance, (won - probability) / variance)
