"""The baseline of a CRM without a model: the win rate within the horizon of past leads in the same stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.base.arrays import Floats

PRIOR_ROWS = 10  # rows at the base rate added to each stage, so that a rare stage is not extreme


@dataclass(frozen=True)
class StageTable:
    """Win rate within the horizon by current stage, over matured training snapshots; the base rate for other stages."""

    base_rate: float
    rates: dict[str, float]

    def probability(self, stages: Sequence[str | None]) -> Floats:
        """Probabilities (n,) for the current stages of n leads."""
        rates, base = self.rates, self.base_rate
        return np.array([base if stage is None else rates.get(stage, base) for stage in stages])

    def to_dict(self) -> dict[str, Any]:
        return {"base_rate": self.base_rate, "rates": self.rates}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "StageTable":
        return cls(d["base_rate"], dict(d["rates"]))


def fit_stage_table(stages: Sequence[str | None], won: Floats, weight: Floats) -> StageTable:
    """Weighted win rates by stage of rows (n,), each shrunk to the base rate by PRIOR_ROWS rows."""
    base = float(np.average(won, weights=weight)) if len(won) else 0.0
    names = np.array(["" if stage is None else stage for stage in stages], dtype=object)
    rates = {}
    for stage in sorted(set(names) - {""}):
        rows = names == stage
        wins, total = np.sum(weight[rows] * won[rows]), weight[rows].sum()
        rates[stage] = float((wins + PRIOR_ROWS * base) / (total + PRIOR_ROWS))
    return StageTable(base, rates)
