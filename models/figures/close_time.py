"""The distribution of days to a win within the horizon, for each lead."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from history.base.arrays import Floats, Ints
from models.figures.additive import AdditiveModel
from models.figures.calibration import log_odds
from models.figures.kernel import interpolated, sigmoid

EDGE = 1e-4  # least distance of a share of the horizon from 0 and 1, so that its logit is finite


@dataclass(frozen=True)
class CloseTime:
    """logit(days / horizon) = location(x) + residual, with quantiles of the residual from later wins.

    Quantiles depend on the place: one spread for every lead put 40 % too many wins into the first week.
    places (b,): rising locations with known quantiles; residuals (b, levels): the quantiles there, strictly rising.
    Quantiles are interpolated between places and constant beyond them. The logit keeps every win inside the horizon, so
    P(win by d) = probability * cdf(d) reaches the probability at the horizon.
    """

    location: AdditiveModel | None
    centre: float
    levels: Floats
    places: Floats
    residuals: Floats
    horizon_days: int

    def place(self, values: Floats) -> Floats:
        """location(x), (n,), of feature values (n, k)."""
        return np.full(len(values), self.centre) if self.location is None else self.location.margin(values)

    def median_days(self, values: Floats) -> Floats:
        """Median days to the win (n,)."""
        place = self.place(values)
        return self.horizon_days * sigmoid(place + interpolated(place, self.places, self.median_residuals))

    @cached_property
    def median_residuals(self) -> Floats:
        """The residual's median (b,) at each place."""
        return np.array([np.interp(0.5, self.levels, row) for row in self.residuals])

    def cdf(self, place: Floats, days: Floats) -> Floats:
        """P(win within `days` | win within the horizon), 0 at 0 and 1 at the horizon.

        place: (n,) or (n, 1); days broadcast against it.
        """
        share = np.asarray(days, dtype=np.float64) / self.horizon_days
        residual = log_odds(np.clip(share, EDGE, 1 - EDGE)) - place
        row = np.clip(np.searchsorted(self.places, place, side="right") - 1, 0, len(self.places) - 1)
        above = np.minimum(row + 1, len(self.places) - 1)
        gap = np.where(above > row, self.places[above] - self.places[row], 1.0)
        part = np.clip((place - self.places[row]) / gap, 0.0, 1.0)

        def quantile(level: Ints) -> Floats:
            low, high = self.residuals[row, level], self.residuals[above, level]
            return np.asarray(low + part * (high - low))

        return np.where(share <= 0, 0.0, np.where(share >= 1, 1.0, self._level_of(residual, quantile)))

    def _level_of(self, residual: Floats, quantile: Callable[[Ints], Floats]) -> Floats:
        """The level whose quantile is the residual, by bisection, linear between two levels."""
        low = np.zeros(residual.shape, dtype=np.int64)
        high = np.full(residual.shape, len(self.levels) - 1, dtype=np.int64)
        # All leads at once: a fixed number of halvings reaches neighbouring levels for every one.
        for _ in range(int(np.ceil(np.log2(len(self.levels))))):
            middle = (low + high) // 2
            right = quantile(middle) <= residual
            low, high = np.where(right, middle, low), np.where(right, high, middle)
        below, above = quantile(low), quantile(high)
        part = np.clip((residual - below) / np.where(above > below, above - below, 1.0), 0.0, 1.0)
        return np.asarray(self.levels[low] + part * (self.levels[high] - self.levels[low]))

    def to_dict(self) -> dict[str, Any]:
        return {
            "centre": self.centre,
            "levels": self.levels.tolist(),
            "places": self.places.tolist(),
            "residuals": self.residuals.tolist(),
            "horizon_days": self.horizon_days,
        }

    @classmethod
    def from_dict(cls, d: dict[str, Any], location: AdditiveModel | None) -> "CloseTime":
        levels, places, residuals = (np.array(d[name]) for name in ("levels", "places", "residuals"))
        return cls(location, d["centre"], levels, places, residuals, d["horizon_days"])
