"""What a CRM without a model would say: the share of past leads in the same stage that were won within the horizon."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.arrays import Floats


@dataclass(frozen=True)
class StageTable:
    """Win rate within the horizon by current stage, over matured training snapshots;
    the base rate for any other stage.
    """

    base_rate: float
    rates: dict[str, float]

    def probability(self, stages: Sequence[str | None]) -> Floats:
        """(n,) for the current stages of n leads."""
        return np.array([self.base_rate if s is None else self.rates.get(s, self.base_rate) for s in stages])

    def to_dict(self) -> dict[str, Any]:
        return {"base_rate": self.base_rate, "rates": self.rates}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "StageTable":
        return cls(d["base_rate"], dict(d["rates"]))


def fit_stage_table(stages: Sequence[str | None], won: Floats, weight: Floats) -> StageTable:
    """Weighted win rates by stage, each shrunk to the base rate as if ten more rows had shown it."""
    base = float(np.average(won, weights=weight)) if len(won) else 0.0
    named = np.array(["" if s is None else s for s in stages], dtype=object)
    rates = {}
    for stage in sorted(set(named) - {""}):
        rows = named == stage
        rates[stage] = float((np.sum(weight[rows] * won[rows]) + 10 * base) / (weight[rows].sum() + 10))
    return StageTable(base, rates)
