"""Margins to probabilities: a strictly monotone calibration, log-odds, and shifts of log-odds to a given total."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from history.base.arrays import Floats
from models.figures.kernel import sigmoid, through

MIN_SLOPE = 1e-3  # a slope of 0 or less would turn the order of the leads
LEAST = 1e-9  # probabilities are kept this far from 0 and 1 before their log-odds

# Halvings of at most 80 log-odds: the last interval is below the resolution of a float64.
BISECTIONS = 60
MAX_INTERCEPT, MAX_SHIFT = 30.0, 40.0  # log-odds


@dataclass(frozen=True)
class Calibration:
    """Piecewise linear through (knots, logits) (m,), both increasing; the end slopes continue beyond the ends."""

    knots: Floats
    logits: Floats

    def logit(self, margin: Floats) -> Floats:
        """Calibrated log-odds (n,), within +-BOUND."""
        return through(np.ascontiguousarray(margin, dtype=np.float64), self.knots, self.logits)

    def probability(self, margin: Floats) -> Floats:
        """Calibrated probability (n,), strictly inside (0, 1)."""
        return sigmoid(self.logit(margin))

    @property
    def slope(self) -> float:
        """Log-odds for each unit of the margin on the first piece, the only one of a fitted line."""
        return float((self.logits[1] - self.logits[0]) / (self.knots[1] - self.knots[0]))

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {"knots": self.knots.tolist(), "logits": self.logits.tolist()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Calibration":
        """The inverse of to_dict."""
        knots, logits = (np.array(content[name], dtype=np.float64) for name in ("knots", "logits"))
        return cls(knots, logits)


def log_odds(probability: Floats | float) -> Floats:
    """log(p / (1 - p)) of any shape, finite also at 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=np.float64), LEAST, 1 - LEAST)
    return np.asarray(np.log(p / (1 - p)), dtype=np.float64)


def line(slope: float, intercept: float) -> Calibration:
    """The straight map logit = slope * margin + intercept, with a slope of at least MIN_SLOPE."""
    slope = max(slope, MIN_SLOPE)
    return Calibration(np.array([-10.0, 10.0]), np.array([intercept - 10 * slope, intercept + 10 * slope]))


class Bracket(NamedTuple):
    """The last interval of a bisection."""

    low: float
    high: float


def bisect_shift(is_too_low: Callable[[float], bool], limit: float) -> Bracket:
    """Brackets the least shift of log-odds within +-limit that is not too low.

    BISECTIONS halvings leave no error above the resolution of a float64.
    """
    low, high = -limit, limit
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if is_too_low(middle):
            low = middle
        else:
            high = middle
    return Bracket(low, high)


def intercept_for(margin: Floats, wins: float, weight: Floats | None = None) -> float:
    """The shift of log-odds (n,) at which the (weighted) probabilities sum to `wins`, by bisection.

    `wins` is clipped to (0, n): no finite shift reaches the ends.
    """
    weights = np.ones(len(margin)) if weight is None else weight
    # Without wins, or with wins alone, the shift would be infinite.
    target = float(np.clip(wins, 1e-3, len(margin) - 1e-3))

    def is_too_low(shift: float) -> bool:
        total = np.sum(weights * sigmoid(np.clip(margin + shift, -35, 35)))
        return not total > target

    bracket = bisect_shift(is_too_low, MAX_INTERCEPT)
    return (bracket.low + bracket.high) / 2


def shifted_to_total(probability: Floats, total: float) -> Floats:
    """The probabilities (n,) shifted by one step in log-odds so that they sum to `total`.

    Unchanged if no shift can reach the total.
    """
    if not 0 < total < len(probability):
        return probability
    logit = np.log(probability) - np.log1p(-probability)

    def is_too_low(shift: float) -> bool:
        return bool((1 / (1 + np.exp(-logit - shift))).sum() < total)

    shift = bisect_shift(is_too_low, MAX_SHIFT).low
    return np.asarray(1 / (1 + np.exp(-logit - shift)))
