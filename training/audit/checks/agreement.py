"""How far a column's values agree with a fact of the leads, against chance."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints, Mask
from training.audit.leads import LeadStates


class Agreement(NamedTuple):
    """Compared leads that agree, on the won and on the lost side: shares (0 if none is compared) and numbers.

    by_chance: share of values that agree with the fact of another lead.
    """

    won: float
    n_won: int
    lost: float
    n_lost: int
    by_chance: float

    @property
    def n(self) -> int:
        return self.n_won + self.n_lost

    @property
    def share(self) -> float:
        return (self.won * self.n_won + self.lost * self.n_lost) / max(self.n, 1)


class Pair(NamedTuple):
    """A column's value and the outcome's own fact of each lead (n,)."""

    value: npt.NDArray[Any]
    fact: npt.NDArray[Any]


Agree = Callable[[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[np.bool_]]  # values and facts (m,)


def agreement_of(leads: LeadStates, compared: Mask, pair: Pair, agree: Agree) -> Agreement:
    row = np.flatnonzero(compared)
    value, fact = pair.value[row], pair.fact[row]
    agrees, won = agree(value, fact), leads.won[row]
    n_won, n_lost = int(np.count_nonzero(won)), int(np.count_nonzero(~won))
    # Each value with the fact of a lead half of the table away.
    chance = agree(np.roll(value, len(row) // 2), fact)
    return Agreement(
        won=float(agrees[won].mean()) if n_won else 0.0,
        n_won=n_won,
        lost=float(agrees[~won].mean()) if n_lost else 0.0,
        n_lost=n_lost,
        by_chance=float(chance.mean()) if len(row) else 0.0,
    )


def largest_share(values: Ints | Floats) -> float:
    """Share of the most frequent of the values (n,), n at least 1."""
    _, counts = np.unique(values, return_counts=True)
    return int(counts.max()) / len(values)
