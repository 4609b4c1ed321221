"""How far a probability may be from the true one: a standard deviation of its log-odds, learned from models
fitted on half the leads.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import sigmoid

Floats = npt.NDArray[np.float64]

Z80 = 1.2815515655446004  # standard normal quantile of 0.9


@dataclass(frozen=True)
class Spread:
    """Standard deviation of the calibrated log-odds, piecewise linear in the log-odds, constant beyond the ends."""

    logits: Floats
    deviations: Floats

    def interval(self, logit: Floats) -> tuple[Floats, Floats]:
        """80 % interval (n,), (n,) of the probability for calibrated log-odds (n,)."""
        width = Z80 * np.interp(logit, self.logits, self.deviations)
        return sigmoid(logit - width), sigmoid(logit + width)

    def to_dict(self) -> dict[str, Any]:
        return {"logits": self.logits.tolist(), "deviations": self.deviations.tolist()}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "Spread":
        return cls(np.array(d["logits"], dtype=np.float64), np.array(d["deviations"], dtype=np.float64))


def rate_interval(rate: float, leads: float) -> tuple[float, float]:
    """80 % interval of a win rate seen on so many leads: Wilson's, which stays inside (0, 1)."""
    n = max(leads, 1.0)
    centre = (rate + Z80**2 / (2 * n)) / (1 + Z80**2 / n)
    half = Z80 / (1 + Z80**2 / n) * float(np.sqrt(rate * (1 - rate) / n + Z80**2 / (4 * n**2)))
    return max(centre - half, 1e-6), min(centre + half, 1 - 1e-6)
