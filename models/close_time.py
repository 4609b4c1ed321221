"""When a win comes, given that it comes within the horizon: a distribution over days for each lead."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from models.additive import AdditiveModel
from models.calibration import log_odds, sigmoid

Floats = npt.NDArray[np.float64]

EDGE = 1e-4  # shares of the horizon nearer to 0 or 1 than this count as this near


@dataclass(frozen=True)
class CloseTime:
    """logit(days / horizon) = location(x) + residual, the residual's quantiles taken from later wins.

    The logit keeps every win inside the horizon, so P(win by d) = probability * cdf(d) reaches the
    probability at the horizon.
    """

    location: AdditiveModel | None
    centre: float
    levels: Floats
    residuals: Floats
    horizon_days: int

    def place(self, values: Floats) -> Floats:
        """location(x), (n,), of feature values (n, k)."""
        return np.full(len(values), self.centre) if self.location is None else self.location.margin(values)

    def median_days(self, values: Floats) -> Floats:
        """Days to the win (n,) that it is as likely to come before as after."""
        return self.horizon_days * sigmoid(self.place(values) + self._median_residual)

    @cached_property
    def _median_residual(self) -> float:
        return float(np.interp(0.5, self.levels, self.residuals))

    def cdf(self, place: Floats, days: Floats) -> Floats:
        """P(win within `days` | win within the horizon): place (n, 1) or (n,), days broadcast against it; 0
        at 0, 1 at the horizon.
        """
        share = np.asarray(days, dtype=np.float64) / self.horizon_days
        inside = np.interp(log_odds(np.clip(share, EDGE, 1 - EDGE)) - place, self.residuals, self.levels)
        return np.where(share <= 0, 0.0, np.where(share >= 1, 1.0, inside))

    def to_dict(self) -> dict[str, Any]:
        return {
            "centre": self.centre,
            "levels": self.levels.tolist(),
            "residuals": self.residuals.tolist(),
            "horizon_days": self.horizon_days,
        }

    @classmethod
    def from_dict(cls, d: dict[str, Any], location: AdditiveModel | None) -> "CloseTime":
        return cls(location, d["centre"], np.array(d["levels"]), np.array(d["residuals"]), d["horizon_days"])
