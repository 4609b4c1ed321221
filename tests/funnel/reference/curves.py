"""Kaplan-Meier and Aalen-Johansen from their definitions, in exact fractions."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

Z80 = 1.2815515655446004
Spell = tuple[
    Fraction, str
]  # duration in days or hours, and its end: event, other (a competing event), or open (censored)


class Incidence:
    """The cumulative incidence of `event`; `other` competes, `open` is censored."""

    def __init__(self, spells: Sequence[Spell]) -> None:
        self.spells = spells
        self.steps: list[tuple[Fraction, Fraction]] = []
        self.variance = Fraction(0)
        free, share = Fraction(1), Fraction(0)
        parts = []
        for time in sorted({days for days, how in spells if how != "open"}):
            risk = sum(days >= time for days, _ in spells)
            event = sum(days == time and how == "event" for days, how in spells)
            other = sum(days == time and how == "other" for days, how in spells)
            share += free * event / risk
            parts.append((share, free, event, event + other, risk))
            free *= 1 - Fraction(event + other, risk)
            self.steps.append((time, share))
        for at, before, e, d, n in parts:
            gap = share - at
            self.variance += gap**2 * d / (n * (n - d)) if n > d else 0
            self.variance += (
                before**2 * e * (n - e) / Fraction(n) ** 3 - 2 * gap * before * e / Fraction(n) ** 2
            )

    def count(self, how: str) -> int:
        return sum(ended == how for _, ended in self.spells)

    @property
    def rate(self) -> Fraction:
        return self.steps[-1][1] if self.steps else Fraction(0)

    def at(self, days: float | Fraction) -> Fraction | None:
        if not self.spells:
            return None
        return max((share for time, share in self.steps if time <= days), default=Fraction(0))

    def quantile(self, share: Fraction) -> float | None:
        return next((float(time) for time, so_far in self.steps if so_far >= share), None)

    def quantile_of_events(self, share: Fraction) -> float | None:
        return self.quantile(share * self.rate) if self.count("event") else None

    def interval(self) -> tuple[float, float] | tuple[None, None]:
        if not self.spells:
            return None, None
        size = float(len(self.spells) - self.count("open"))
        if 0 < self.rate < 1 and self.variance > 0:
            size = min(float(self.rate * (1 - self.rate) / self.variance), float(len(self.spells)))
        return wilson(float(self.rate), size)


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Wilson's score interval: the shares p with (rate - p)^2 <= z^2 p (1 - p) / n."""
    if n <= 0:
        return 0.0, 1.0
    a, b, c = 1 + Z80**2 / n, -(2 * rate + Z80**2 / n), rate**2
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return max((-b - root) / (2 * a), 0.0), min((-b + root) / (2 * a), 1.0)


def rate_record(incidence: Incidence, horizon_days: int) -> dict[str, Any]:
    happened = bool(incidence.steps)
    low, high = incidence.interval()
    return {
        "leads": len(incidence.spells),
        "so_far": incidence.count("event"),
        "ended_otherwise": incidence.count("other"),
        "open": incidence.count("open"),
        "rate": incidence.rate if happened else None,
        "rate_low": low,
        "rate_high": high,
        "rate_in_horizon": incidence.at(horizon_days) if happened else None,
        "observed_days": incidence.steps[-1][0] if happened else None,
        "median_days": incidence.quantile_of_events(Fraction(1, 2)),
    }


QUARTERS = (("q25", Fraction(1, 4)), ("median", Fraction(1, 2)), ("q75", Fraction(3, 4)))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The quantile of values, linear between neighbours."""
    values = sorted(ordered)
    low = int(share * (len(values) - 1))
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (share * (len(values) - 1) - low)


def quartiles(values: Sequence[float]) -> dict[str, Any]:
    """Count, mean and quartiles."""
    record: dict[str, Any] = {"n": len(values), "mean": sum(values) / len(values) if values else None}
    return record | {name: quantile(values, float(share)) if values else None for name, share in QUARTERS}
