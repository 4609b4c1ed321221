"""A strictly monotone map from a model's margin to calibrated log-odds, kept as knots."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from history.arrays import Floats
from history.compiled import F64, compiled

MIN_SLOPE = 1e-3
BOUND = 9.2  # log-odds of 0.9999: no open lead is surer than that


@dataclass(frozen=True)
class Calibration:
    """Piecewise linear through (knots, logits), both increasing; beyond the ends it goes on with the end slopes."""

    knots: Floats
    logits: Floats

    def logit(self, margin: Floats) -> Floats:
        """Calibrated log-odds (n,), within +-BOUND."""
        return _through(np.ascontiguousarray(margin, dtype=np.float64), self.knots, self.logits)

    def probability(self, margin: Floats) -> Floats:
        """Calibrated probability (n,), strictly inside (0, 1)."""
        return sigmoid(self.logit(margin))

    def to_dict(self) -> dict[str, Any]:
        return {"knots": self.knots.tolist(), "logits": self.logits.tolist()}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "Calibration":
        return cls(np.array(d["knots"], dtype=np.float64), np.array(d["logits"], dtype=np.float64))


@compiled(types.float64[::1](F64, F64, F64))
def _through(margin: Floats, knots: Floats, logits: Floats) -> Floats:
    out = np.empty(len(margin))
    last = len(knots) - 1
    for i in range(len(margin)):
        j = min(max(np.searchsorted(knots, margin[i]) - 1, 0), last - 1)
        slope = (logits[j + 1] - logits[j]) / (knots[j + 1] - knots[j])
        out[i] = min(max(logits[j] + slope * (margin[i] - knots[j]), -BOUND), BOUND)
    return out


@compiled(types.float64[::1](F64))
def sigmoid(logit: Floats) -> Floats:
    """1 / (1 + exp(-x)), elementwise."""
    out = np.empty(len(logit))
    for i in range(len(logit)):
        out[i] = 1.0 / (1.0 + math.exp(-logit[i]))
    return out


def log_odds(p: Floats | float) -> Floats:
    q = np.clip(np.asarray(p, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(q / (1 - q)), dtype=np.float64)


def line(slope: float, intercept: float) -> Calibration:
    """The straight map logit = slope * margin + intercept."""
    slope = max(slope, MIN_SLOPE)
    return Calibration(np.array([-10.0, 10.0]), np.array([intercept - 10 * slope, intercept + 10 * slope]))


def intercept_for(margin: Floats, wins: float, weight: Floats | None = None) -> float:
    """The shift of log-odds (n,) at which the (weighted) probabilities sum to `wins`, by bisection.

    `wins` is clipped to (0, n): no finite shift reaches the ends. 60 halvings of an interval of 60 leave no error
    above the resolution of a float64.
    """
    w = np.ones(len(margin)) if weight is None else weight
    wins = float(np.clip(wins, 1e-3, len(margin) - 1e-3))
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.sum(w * sigmoid(np.clip(margin + middle, -35, 35))) > wins:
            high = middle
        else:
            low = middle
    return (low + high) / 2


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
