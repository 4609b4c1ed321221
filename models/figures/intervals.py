"""Intervals of probabilities: of a rate (Wilson), and of a calibrated log-odds by its standard error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from history.base.arrays import Floats
from models.figures.kernel import Z80, interpolated, sigmoid

NEVER_SURE = 1e-6  # distance of the interval of an open lead's probability from 0 and 1

Number = TypeVar("Number", float, Floats)


class Bounds(NamedTuple):
    """Lower and upper ends, each (n,)."""

    low: Floats
    high: Floats


class Estimate(NamedTuple):
    """Estimates (n,) and the ends of their 80 % intervals, each (n,)."""

    value: Floats
    low: Floats
    high: Floats


class RateBounds(NamedTuple):
    """Lower and upper end of the interval of one rate."""

    low: float
    high: float


@dataclass(frozen=True)
class LogOddsError:
    """Standard error of the calibrated log-odds: piecewise linear in the log-odds, constant beyond the ends.

    logits (m,) rise strictly; deviations (m,) are the standard errors there.
    """

    logits: Floats
    deviations: Floats

    def interval(self, logit: Floats) -> Bounds:
        """80 % interval of the probability for calibrated log-odds (n,)."""
        width = Z80 * interpolated(logit, self.logits, self.deviations)
        return Bounds(sigmoid(logit - width), sigmoid(logit + width))

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {"logits": self.logits.tolist(), "deviations": self.deviations.tolist()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "LogOddsError":
        """The inverse of to_dict."""
        logits, deviations = (np.array(content[name], dtype=np.float64) for name in ("logits", "deviations"))
        return cls(logits, deviations)


class WilsonTerms(NamedTuple):
    """The interval of a rate is (middle -+ z * root) / divisor (Wilson 1927)."""

    middle: Any
    root: Any
    divisor: Any


def wilson_terms(rate: Number, n: Number, z: float) -> WilsonTerms:
    """Wilson's terms for rates seen on n > 0 cases, z a standard normal quantile; numbers or arrays (k,).

    Callers divide and clip: figures are compared to the last bit, which depends on the order of the operations.
    """
    z2 = z * z
    root = np.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    return WilsonTerms(rate + z2 / (2 * n), root, 1 + z2 / n)


def rate_interval(rate: float, n: float) -> RateBounds:
    """80 % interval of a rate seen on n cases, both ends in [0, 1]; (0, 1) without cases."""
    if n <= 0 or np.isnan(rate):
        return RateBounds(0.0, 1.0)
    terms = wilson_terms(rate, n, Z80)
    centre, half_width = float(terms.middle / terms.divisor), float(Z80 * terms.root / terms.divisor)
    return RateBounds(max(0.0, centre - half_width), min(1.0, centre + half_width))


def open_rate_interval(rate: float, leads: float) -> RateBounds:
    """80 % interval of the win rate of open leads seen on so many leads, strictly inside (0, 1)."""
    terms = wilson_terms(rate, max(leads, 1.0), Z80)
    centre, half_width = float(terms.middle / terms.divisor), float(Z80 / terms.divisor * terms.root)
    return RateBounds(max(centre - half_width, NEVER_SURE), min(centre + half_width, 1 - NEVER_SURE))
