"""Past leads like an open one, and how they ended: closed training leads in the same stage, nearest by their reasons.

Each was looked at once in each stage. What is compared are the additive parts of the log-odds: those of the features
that move the model's probabilities most, and the sum of all others. Two leads are near if the same things speak for and
against them. The table holds no id and no attribute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import types

from history.base.arrays import Floats, Ints, Mask
from history.base.compiled import F64, F64_2D, compiled

MOST_SIMILAR = 5


class _StageLeads(NamedTuple):
    """The parts (m, c + 1) of the leads of one stage, and how each ended (m,)."""

    parts: Floats
    ends: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class PastLeads:
    """m closed leads as they once stood.

    columns (c,): features compared, stage (m,): index of `stages`, parts (m, c + 1): their log-odds and the sum of all
    other features', won (m,), amount (m,) of a win, NaN if unknown or lost, days (m,) until the decision.
    """

    columns: Ints
    stages: tuple[str | None, ...]
    stage: Ints
    parts: Floats
    won: Mask
    amount: Floats
    days: Floats

    def similar(
        self, stage: str | None, contributions: Floats, most: int = MOST_SIMILAR
    ) -> list[dict[str, Any]]:
        """How the leads nearest to one in this stage with these contributions (k,) ended, nearest first.

        Distance is the sum of absolute differences of the parts; ties are in the order of the table. Fewer than `most`
        if the stage had fewer.
        """
        past = self._of_stage.get(stage)
        if past is None:
            return []
        nearest = np.empty(min(most, len(past.ends)), dtype=np.int64)
        _find_nearest(past.parts, compared(contributions, self.columns), nearest)
        return [past.ends[row].copy() for row in nearest.tolist()]

    @cached_property
    def _of_stage(self) -> dict[str | None, _StageLeads]:
        """The leads of each stage."""
        of_stage = {}
        for code, stage in enumerate(self.stages):
            rows = np.flatnonzero(self.stage == code)
            ends = [self._end_of(row, stage) for row in rows.tolist()]
            of_stage[stage] = _StageLeads(self.parts[rows], ends)
        return of_stage

    def _end_of(self, row: int, stage: str | None) -> dict[str, Any]:
        amount = float(self.amount[row])
        return {
            "stage": stage,
            "outcome": "won" if self.won[row] else "lost",
            "amount": None if amount != amount else amount,
            "days": float(self.days[row]),
        }

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "columns": self.columns.tolist(),
            "stages": list(self.stages),
            "stage": self.stage.tolist(),
            "parts": self.parts.ravel().tolist(),
            "won": self.won.tolist(),
            "amount": [None if value != value else value for value in self.amount.tolist()],
            "days": self.days.tolist(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "PastLeads":
        """The inverse of to_dict."""
        columns = np.array(content["columns"], dtype=np.int64)
        return cls(
            columns=columns,
            stages=tuple(content["stages"]),
            stage=np.array(content["stage"], dtype=np.int64),
            parts=np.array(content["parts"], dtype=np.float64).reshape(-1, len(columns) + 1),
            won=np.array(content["won"], dtype=np.bool_),
            amount=np.array(content["amount"], dtype=np.float64),  # None becomes NaN
            days=np.array(content["days"], dtype=np.float64),
        )


@compiled(types.void(F64_2D, F64, types.int64[::1]))
def _find_nearest(parts: Floats, target: Floats, nearest: Ints) -> None:
    """Fills `nearest` with the rows of parts (m, c) nearest to the target (c,), in order of distance, then of rows.

    There are at least as many rows.
    """
    most = len(nearest)
    distances = np.full(most, np.inf)
    for row in range(len(parts)):
        distance = 0.0
        for j in range(len(target)):
            distance += abs(parts[row, j] - target[j])
        if most == 0 or (distance >= distances[most - 1] and row >= most):
            continue
        at = min(row, most - 1)
        while at > 0 and distances[at - 1] > distance:
            nearest[at], distances[at] = nearest[at - 1], distances[at - 1]
            at -= 1
        nearest[at], distances[at] = row, distance


def compared(contributions: Floats, columns: Ints) -> Floats:
    """The parts (n, c + 1) that are compared, of contributions (n, k); (c + 1,) of those of one lead (k,)."""
    chosen = contributions[..., columns]
    parts = np.empty((*contributions.shape[:-1], len(columns) + 1))
    parts[..., :-1] = chosen
    parts[..., -1] = contributions.sum(axis=-1) - chosen.sum(axis=-1)
    return parts
