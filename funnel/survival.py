"""Time to an event under right censoring: Kaplan-Meier, and Aalen-Johansen with a competing event."""

import math
from dataclasses import dataclass

import numpy as np

from funnel.significance import normal_p_below
from history.base.arrays import Flags, Floats, Mask
from models.figures.intervals import rate_interval

CENSORED, EVENT, COMPETING = 0, 1, 2

# A share reached by summation may fall short of its level by this much.
ROUNDING = 1e-12


@dataclass(frozen=True)
class CumulativeIncidence:
    """The cumulative incidence F(t) of an event among `entered` subjects, a right-continuous step function.

    All arrays (k,) have one entry a distinct time in `days` at which an event or competing event happened:
    incidence F(t) with its variance, event_free S(t) (neither event nor competing event), at_risk just before the
    time, event_counts and exit_counts (event or competing event) at it. censored_days (c,) is sorted.
    entered = events + competing + censored.
    """

    days: Floats
    incidence: Floats
    event_free: Floats
    variance: Floats
    at_risk: Floats
    event_counts: Floats
    exit_counts: Floats
    censored_days: Floats
    entered: int
    events: int
    competing: int

    @property
    def censored(self) -> int:
        return self.entered - self.events - self.competing

    @property
    def final(self) -> float:
        """F at the last observed time; NaN without subjects."""
        if not self.entered:
            return math.nan
        return float(self.incidence[-1]) if len(self.days) else 0.0

    def at(self, days: float) -> float:
        """F(days), the bound included; NaN without subjects."""
        if not self.entered:
            return math.nan
        place = int(np.searchsorted(self.days, days, side="right")) - 1
        return float(self.incidence[place]) if place >= 0 else 0.0

    def censoring_survival(self, times: Floats) -> Floats:
        """Kaplan-Meier estimate G(t-) of the censoring times at `times` (m,); at ties events come first."""
        censored_at, counts = np.unique(self.censored_days, return_counts=True)
        # Events at the time itself have left already; nextafter turns "before" into "up to and with".
        exits = self.exits_before(np.nextafter(censored_at, np.inf))
        at_risk = self.entered - exits - (np.cumsum(counts) - counts)
        survival = np.concatenate(([1.0], np.cumprod(1.0 - counts / at_risk)))
        return survival[np.searchsorted(censored_at, times, side="left")]

    def exits_before(self, times: Floats) -> Floats:
        """Number of events and competing events before each time (m,)."""
        cumulated = np.concatenate((np.zeros(1), np.cumsum(self.exit_counts)))
        return cumulated[np.searchsorted(self.days, times)]

    def interval(self) -> tuple[float, float]:
        """The 80 % Wilson interval of `final`, (NaN, NaN) without subjects.

        The sample size is the number of uncensored subjects whose binomial variance equals the estimate's.
        """
        if not self.entered:
            return math.nan, math.nan
        rate, sample_size = self.final, float(self.events + self.competing)
        variance = float(self.variance[-1]) if len(self.days) else 0.0
        if 0.0 < rate < 1.0 and variance > 0.0:
            sample_size = min(rate * (1.0 - rate) / variance, float(self.entered))
        return rate_interval(rate, sample_size)

    def quantile(self, share: float) -> float:
        """Days until `share` of all subjects have the event; NaN if the data does not reach that far."""
        return self._days_to(share)

    def quantile_of_events(self, share: float) -> float:
        """Days until `share` of the subjects that ever have the event have it; NaN without an event."""
        return self._days_to(share * self.final) if self.events else math.nan

    def _days_to(self, level: float) -> float:
        place = int(np.searchsorted(self.incidence, level - ROUNDING, side="left"))
        return float(self.days[place]) if place < len(self.days) else math.nan


def outcomes(event: Mask, competing: Mask) -> Flags:
    """EVENT, COMPETING, or CENSORED for the others (n,); no subject may be marked twice."""
    outcome = np.full(len(event), CENSORED, dtype=np.int8)
    outcome[competing] = COMPETING
    outcome[event] = EVENT
    return outcome


def aalen_johansen(days: Floats, outcome: Flags) -> CumulativeIncidence:
    """The cumulative incidence of EVENT among n subjects (Aalen and Johansen 1978).

    days (n,) >= 0 run from the start to the event, to the competing event (COMPETING) or to the end of
    observation (CENSORED). A subject censored at a time is at risk through it. Without competing events F is
    1 - Kaplan-Meier; without censoring it is the plain share. The variance is that of Gaynor et al. 1993 (delta
    method), equal to p (1 - p) / n without censoring.
    """
    n = len(days)
    times, place = np.unique(days, return_inverse=True)
    k = len(times)
    event = np.bincount(place[outcome == EVENT], minlength=k).astype(np.float64)
    competing = np.bincount(place[outcome == COMPETING], minlength=k).astype(np.float64)
    leaving = np.bincount(place, minlength=k)
    at_risk: Floats = n - (np.cumsum(leaving) - leaving).astype(np.float64)

    happened = (event + competing) > 0
    times, event, competing = times[happened], event[happened], competing[happened]
    at_risk, exits = at_risk[happened], event + competing

    event_free = np.cumprod(1.0 - exits / at_risk, dtype=np.float64)
    before = _just_before(event_free)
    incidence = np.cumsum(before * event / at_risk)
    return CumulativeIncidence(
        days=times,
        incidence=incidence,
        event_free=event_free,
        variance=_variance(incidence, before, event, exits, at_risk),
        at_risk=at_risk,
        event_counts=event,
        exit_counts=exits,
        censored_days=np.sort(days[outcome == CENSORED]),
        entered=n,
        events=int(event.sum()),
        competing=int(competing.sum()),
    )


def kaplan_meier(days: Floats, ended: Mask) -> CumulativeIncidence:
    """1 - Kaplan-Meier's survival of durations (n,), those that have not ended (n,) censored."""
    return aalen_johansen(days, outcomes(event=ended, competing=np.zeros_like(ended)))


def _just_before(event_free: Floats) -> Floats:
    """S(t-) at each time of a step function S (k,)."""
    return np.concatenate((np.ones(1), event_free))[:-1].astype(np.float64)


def _variance(incidence: Floats, before: Floats, event: Floats, exits: Floats, n: Floats) -> Floats:
    """Var F(t) (k,), each sum over u <= t, with S(u-) = before and the counts at risk n:

    sum (F(t) - F(u))^2 d / (n (n - d)) + sum S(u-)^2 e (n - e) / n^3 - 2 sum (F(t) - F(u)) S(u-) e / n^2.
    """
    # At a time when the last subject leaves the sum's term is 0 / 0; it counts as 0.
    last = n <= exits
    divisor = np.where(last, 1.0, n * (n - exits))
    hazard = np.where(last, 0.0, exits / divisor)
    own = np.cumsum(before**2 * event * (n - event) / n**3)
    cross = before * event / n**2
    # (F(t) - F(u))^2 is expanded, so that all sums run over u alone and are cumulative.
    squares = incidence**2 * np.cumsum(hazard) - 2 * incidence * np.cumsum(hazard * incidence)
    squares += np.cumsum(hazard * incidence**2)
    mixed = incidence * np.cumsum(cross) - np.cumsum(cross * incidence)
    return np.asarray(np.maximum(squares + own - 2 * mixed, 0.0))


def score_standard_error(one: CumulativeIncidence, other: CumulativeIncidence, days: float) -> float:
    """Standard error of the difference of two F(days) under the null of equality (score test).

    The variance is that of `aalen_johansen` at the pooled hazards, each side with the number at risk that it would
    then have. Infinite if a side was not observed up to a pooled event. Without censoring it is the pooled
    p (1 - p) (1 / n + 1 / m).
    """
    sides = (one, other)
    times = np.unique(np.concatenate([side.days[side.days <= days] for side in sides]))
    event, exits, at_risk = np.zeros((3, len(times)))
    for side in sides:
        observed = side.days <= days
        place = np.searchsorted(times, side.days[observed])
        event[place] += side.event_counts[observed]
        exits[place] += side.exit_counts[observed]
        at_risk += side.entered - side.exits_before(times) - np.searchsorted(side.censored_days, times)

    before = _just_before(np.cumprod(1.0 - exits / at_risk, dtype=np.float64))
    terms = _variance_terms(before, event, exits, at_risk)
    total = 0.0
    for side in sides:
        expected_at_risk = side.entered * side.censoring_survival(times) * before
        observed = expected_at_risk > 0
        if (terms[~observed] > 0).any():
            return math.inf
        total += float(np.sum(terms[observed] / expected_at_risk[observed]))
    return math.sqrt(total)


def _variance_terms(before: Floats, event: Floats, exits: Floats, at_risk: Floats) -> Floats:
    """Contribution of each time (k,) to the variance at the last one, for one subject at risk."""
    hazard = event / at_risk
    still_to_come = np.sum(before * hazard) - np.cumsum(before * hazard)
    some_stay = exits < at_risk
    staying = np.where(some_stay, at_risk - exits, 1.0)
    exit_odds = np.where(some_stay, exits / staying, 0.0)
    own = before**2 * hazard * (1 - hazard)
    terms = still_to_come**2 * exit_odds + own - 2 * still_to_come * before * hazard
    return np.asarray(np.maximum(terms, 0.0))


@dataclass(frozen=True)
class Durations:
    """Durations in days (n,), and whether each ended with the event (n,); the others are censored."""

    days: Floats
    ended: Mask


def logrank_p_later(one: Durations, other: Durations) -> float:
    """One-sided p of the log-rank test (Mantel 1966): the events of `one` come later than those of `other`.

    Both sides need an event that happens while subjects of the other side are at risk.
    """
    days, events = np.unique(
        np.concatenate([one.days[one.ended], other.days[other.ended]]), return_counts=True
    )
    of_one = _at_risk(one, days)
    at_risk = of_one + _at_risk(other, days)
    expected = np.sum(of_one * (events / at_risk))
    several = at_risk > 1  # the event of a lone subject has no variance
    spread = (of_one * (at_risk - of_one) * events * (at_risk - events))[several]
    variance = np.sum(spread / (at_risk**2 * (at_risk - 1))[several])
    return normal_p_below((np.count_nonzero(one.ended) - expected) / math.sqrt(variance))


def _at_risk(durations: Durations, days: Floats) -> Floats:
    """Subjects (k,) whose duration reaches each of the days (k,)."""
    return np.asarray(len(durations.days) - np.searchsorted(np.sort(durations.days), days), dtype=np.float64)
