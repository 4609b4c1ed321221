"""Times to an event that not everyone has reached yet: Kaplan-Meier, and Aalen-Johansen with a competing event."""

import math
from dataclasses import dataclass

import numpy as np

from history.arrays import Flags, Floats, Mask
from models.calibration import Z80

CENSORED, EVENT, COMPETING = 0, 1, 2


@dataclass(frozen=True)
class Curve:
    """The share of `entered` that had the event within `days` (k,) of starting, a step function.

    incidence and variance (k,) belong to the event; free (k,) is the share with neither event nor competing event yet;
    at_risk (k,) is how many were still watched just before each time, event and ended (k,) how many had the event, and
    either, at it; censored_at (c,) is when the view of the others ended, in order. events, competing and censored add
    up to entered.
    """

    days: Floats
    incidence: Floats
    free: Floats
    variance: Floats
    at_risk: Floats
    event: Floats
    ended: Floats
    censored_at: Floats
    entered: int
    events: int
    competing: int

    @property
    def censored(self) -> int:
        return self.entered - self.events - self.competing

    def watched(self, times: Floats) -> Floats:
        """The share (m,) whose view has not ended before each time: Kaplan-Meier of the censoring, events first."""
        when, gone = np.unique(self.censored_at, return_counts=True)
        ended = self.ended_before(np.nextafter(when, np.inf))
        share = np.cumprod(1.0 - gone / (self.entered - ended - (np.cumsum(gone) - gone)))
        return np.concatenate(([1.0], share))[np.searchsorted(when, times, side="left")]

    def ended_before(self, times: Floats) -> Floats:
        """How many had either event before each time (m,)."""
        return np.concatenate((np.zeros(1), np.cumsum(self.ended)))[np.searchsorted(self.days, times)]

    @property
    def rate(self) -> float:
        """The incidence at the last time that anything happened; NaN for nobody."""
        if not self.entered:
            return math.nan
        return float(self.incidence[-1]) if len(self.days) else 0.0

    def at(self, days: float) -> float:
        """The share with the event within `days`, the end included; NaN for nobody."""
        if not self.entered:
            return math.nan
        place = int(np.searchsorted(self.days, days, side="right")) - 1
        return float(self.incidence[place]) if place >= 0 else 0.0

    def interval(self) -> tuple[float, float]:
        """The 80 % interval of `rate` (Wilson 1927), at the number of leads that would give the estimate's variance."""
        if not self.entered:
            return math.nan, math.nan
        rate, seen = self.rate, float(self.events + self.competing)
        variance = float(self.variance[-1]) if len(self.days) else 0.0
        if 0.0 < rate < 1.0 and variance > 0.0:
            seen = min(rate * (1.0 - rate) / variance, float(self.entered))
        return wilson(rate, seen)

    def quantile(self, share: float) -> float:
        """Days until `share` of all have had the event; NaN where the data does not reach that far."""
        return self._days_to(share)

    def given_event(self, share: float) -> float:
        """Days within which `share` of those who ever have the event have had it; NaN without any event."""
        return self._days_to(share * self.rate) if self.events else math.nan

    def _days_to(self, level: float) -> float:
        place = int(np.searchsorted(self.incidence, level - 1e-12, side="left"))
        return float(self.days[place]) if place < len(self.days) else math.nan


def curve(days: Floats, outcome: Flags) -> Curve:
    """The cumulative incidence of EVENT among n starts (Aalen and Johansen 1978).

    days (n,) >= 0 run from the start to the event, to what ends its chance (COMPETING), or to the end of view
    (CENSORED); who is censored at a time counts as watched through it. Without competing events this is one
    minus Kaplan-Meier; without censoring it is the plain share. The variance is that of Gaynor et al. 1993
    (delta method), with p (1 - p) / n where nobody is censored.
    """
    n = len(days)
    times, place = np.unique(days, return_inverse=True)
    event = np.bincount(place[outcome == EVENT], minlength=len(times)).astype(np.float64)
    other = np.bincount(place[outcome == COMPETING], minlength=len(times)).astype(np.float64)
    gone = np.bincount(place, minlength=len(times))
    at_risk: Floats = n - (np.cumsum(gone) - gone).astype(np.float64)
    happened = (event + other) > 0
    times, event, other, at_risk = times[happened], event[happened], other[happened], at_risk[happened]
    free = np.cumprod(1.0 - (event + other) / at_risk, dtype=np.float64)
    before = np.concatenate((np.ones(1), free))[:-1].astype(np.float64)
    incidence = np.cumsum(before * event / at_risk)
    variance = _variance(incidence, before, (event, event + other, at_risk))
    events, others = int(event.sum()), int(other.sum())
    unseen = np.sort(days[outcome == CENSORED])
    return Curve(times, incidence, free, variance, at_risk, event, event + other, unseen, n, events, others)


def _variance(incidence: Floats, before: Floats, counts: tuple[Floats, Floats, Floats]) -> Floats:
    """By u <= t: Var F(t) = sum (F(t) - F(u))^2 d/(n(n-d)) + sum S(u-)^2 e(n-e)/n^3 - 2 sum (F(t) - F(u)) S(u-)
    e/n^2.
    """
    event, every, n = counts
    last = n <= every
    hazard = np.where(last, 0.0, every / np.where(last, 1.0, n * (n - every)))
    own = np.cumsum(before**2 * event * (n - event) / n**3)
    cross = before * event / n**2
    squares = incidence**2 * np.cumsum(hazard) - 2 * incidence * np.cumsum(hazard * incidence)
    squares += np.cumsum(hazard * incidence**2)
    mixed = incidence * np.cumsum(cross) - np.cumsum(cross * incidence)
    return np.asarray(np.maximum(squares + own - 2 * mixed, 0.0))


def spread_if_equal(one: Curve, other: Curve, days: float) -> float:
    """The standard error of the gap between two incidences by `days` if both were of one kind: that of a score test.

    The variance is that of `curve` at the hazards of both together, each side with as many at risk as it would have
    then; infinite where a side was not watched up to something that happened. Without censoring it is the pooled
    p (1 - p) (1 / n + 1 / m).
    """
    times = np.unique(np.concatenate([found.days[found.days <= days] for found in (one, other)]))
    event, ended, at_risk = np.zeros((3, len(times)))
    for found in (one, other):
        seen = found.days <= days
        place = np.searchsorted(times, found.days[seen])
        event[place] += found.event[seen]
        ended[place] += found.ended[seen]
        at_risk += found.entered - found.ended_before(times) - np.searchsorted(found.censored_at, times)
    free = np.cumprod(1.0 - ended / at_risk)
    before = np.concatenate((np.ones(1), free))[:-1]
    hazard = event / at_risk
    gap = np.sum(before * hazard) - np.cumsum(before * hazard)
    left = np.where(ended < at_risk, at_risk - ended, 1.0)
    single = gap**2 * np.where(ended < at_risk, ended / left, 0.0) + before**2 * hazard * (1 - hazard)
    single = np.maximum(single - 2 * gap * before * hazard, 0.0)
    total = 0.0
    for found in (one, other):
        n = found.entered * found.watched(times) * before
        if (single[n <= 0] > 0).any():
            return math.inf
        total += float(np.sum(single[n > 0] / n[n > 0]))
    return math.sqrt(total)


def later(one: tuple[Floats, Mask], other: tuple[Floats, Mask]) -> float:
    """How much later the events of `one` come than those of `other`: the log-rank test's z (Mantel 1966), 0
    where nothing is known.

    Each side is days (n,) and whether they end with the event (n,), else with the end of view.
    """
    times = np.unique(np.concatenate((one[0][one[1]], other[0][other[1]])))
    risk, events = [], []
    for days, ended in (one, other):
        risk.append(len(days) - np.searchsorted(np.sort(days), times, side="left"))
        events.append(np.bincount(np.searchsorted(times, days[ended]), minlength=len(times)))
    n, d = risk[0] + risk[1], events[0] + events[1]
    expected = d * risk[0] / n
    spread = expected * risk[1] / n * (n - d) / np.maximum(n - 1, 1)
    total = float(spread.sum())
    return float(expected.sum() - events[0].sum()) / math.sqrt(total) if total > 0 else 0.0


def upper_tail(z: float) -> float:
    """The chance that a standard normal lies above z."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def wilson(rate: float, n: float) -> tuple[float, float]:
    """The 80 % interval of a share seen on n (Wilson 1927), (0, 1) for none."""
    if n <= 0 or math.isnan(rate):
        return 0.0, 1.0
    z2 = Z80 * Z80
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z80 * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)
