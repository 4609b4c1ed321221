"""Daily hazards of winning and losing by age."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from funnel.known_leads import KnownLeads
from history.base.arrays import Floats, Ints
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US

DAILY_BINS = 30  # ages up to here have a bin of one day, later ones share wider and wider bins
BIN_GROWTH = 1.15
FEWEST_AT_RISK = 20.0  # leads at risk from which an age has its own rate; older ages take the last such rate
PRIOR_EVENTS = 2.0  # strength of the prior, in wins (or losses): the rate of neighbouring ages
NEIGHBOUR = 0.5  # weight of an adjacent bin among the neighbouring ages; one k bins away has NEIGHBOUR**k
MAX_GROWTH_EXPONENT = 900.0  # 2**900 is still a finite float64


class IncidenceByAge(NamedTuple):
    """Cumulative incidence of winning and losing by the ages 0..days, each (days + 1,)."""

    won: Floats
    lost: Floats


@dataclass(frozen=True)
class Hazards:
    """Probability that a lead open at the age of k whole days is won, or lost, on that day, each (k,)."""

    won: Floats
    lost: Floats

    def incidence(self, days: int) -> IncidenceByAge:
        """Shares of new leads won and lost by the ages 0..days."""
        won, lost = _extended(self.won, days), _extended(self.lost, days)
        open_before = self.open_share(days)[:-1]
        return IncidenceByAge(
            np.concatenate(([0.0], np.cumsum(open_before * won))),
            np.concatenate(([0.0], np.cumsum(open_before * lost))),
        )

    def open_share(self, days: int) -> Floats:
        """Share of new leads still open at the ages 0..days, (days + 1,)."""
        daily = 1 - _extended(self.won, days) - _extended(self.lost, days)
        return np.concatenate(([1.0], np.cumprod(daily)))


def _extended(rate: Floats, days: int) -> Floats:
    """Rates of the ages 0..days - 1; the last known rate repeats."""
    if len(rate) >= days:
        return rate[:days]
    return np.concatenate((rate, np.full(days - len(rate), rate[-1])))


def hazards(known: KnownLeads, half_life_days: float) -> Hazards:
    """Daily hazards by age of two competing risks (Aalen and Johansen 1978).

    A day of exposure halves in weight with each half-life of its distance from T. The weight belongs to the
    calendar day, not to the lead, so that all ages describe the same recent time. Ages are pooled in bins that widen
    from DAILY_BINS on. Ages beyond the last with FEWEST_AT_RISK leads take its rates. Leads are at risk from
    known.recorded_from_us on, if there is such an instant (left truncation).
    """
    if known.recorded_from_us is not None:
        known = known.take(known.end_us >= known.recorded_from_us)
    if not len(known):
        return Hazards(np.zeros(1), np.zeros(1))
    daily = _daily_counts(known, half_life_days)
    days = len(daily.exposure)
    well_known = np.flatnonzero(daily.at_risk >= FEWEST_AT_RISK)
    edges = _bin_edges(days, int(well_known[-1]) + 1 if len(well_known) else 0)
    exposure = np.add.reduceat(daily.exposure, edges)
    won = _shrunk_rates(np.add.reduceat(daily.won, edges), exposure)
    lost = _shrunk_rates(np.add.reduceat(daily.lost, edges), exposure)

    # Shrinkage treats both risks apart; together they may not exceed one.
    total = np.maximum(won + lost, 1.0)
    width = np.diff(np.append(edges, days))
    return Hazards(np.repeat(won / total, width), np.repeat(lost / total, width))


@dataclass(frozen=True)
class _DailyCounts:
    """By age in whole days (d,): weighted exposure in lead-days, weighted wins and losses, plain leads at risk."""

    exposure: Floats
    won: Floats
    lost: Floats
    at_risk: Ints


def _daily_counts(known: KnownLeads, half_life_days: float) -> _DailyCounts:
    """The weight of a calendar day is 2**(age / half-life) times that of the lead's creation day."""
    age = np.maximum((known.end_us - known.created_us) / DAY_US, 0.0)
    last = age.astype(np.int64)
    days = int(last.max()) + 1

    back = (known.as_of_us - known.created_us) / DAY_US / half_life_days
    weight = np.exp2(-back)
    growth = np.exp2(np.minimum(np.arange(days) / half_life_days, MAX_GROWTH_EXPONENT))

    first = _first_ages(known, last)
    whole_days = np.cumsum(np.bincount(first, weight, days) - np.bincount(last, weight, days))
    # A decided lead was at risk for its last day as a whole: hazards are a day's, not an instant's.
    last_exposure = np.where(known.state == OPEN, age - last, 1.0)
    last_day = np.bincount(last, weight * last_exposure, days)
    gone_before = np.cumsum(np.bincount(last, minlength=days)) - np.bincount(last, minlength=days)
    return _DailyCounts(
        exposure=growth * np.maximum(whole_days + last_day, 0.0),
        won=growth * np.bincount(last, weight * (known.state == WON), days),
        lost=growth * np.bincount(last, weight * (known.state == LOST), days),
        at_risk=np.cumsum(np.bincount(first, minlength=days)) - gone_before,
    )


def _first_ages(known: KnownLeads, last: Ints) -> Ints:
    """The age in whole days (n,) from which each lead is at risk; last: its last age (n,)."""
    if known.recorded_from_us is None:
        return np.zeros(len(known), dtype=np.int64)
    age = -(-(known.recorded_from_us - known.created_us) // DAY_US)  # rounded up
    return np.clip(age, 0, last).astype(np.int64)


def _shrunk_rates(events: Floats, exposure: Floats) -> Floats:
    """Events a lead-day (bins,), each as if PRIOR_EVENTS more had happened at the rate of the neighbouring ages.

    The mean of a gamma posterior (Bernardo and Smith 1994, 3.2). Without it the oldest age, which few leads reach,
    may have a rate of zero and pass it on to all older leads.
    """
    bins = np.arange(len(events))
    near = NEIGHBOUR ** np.abs(bins[:, None] - bins)
    around = near @ events / np.maximum(near @ exposure, 1e-9)
    prior_exposure = PRIOR_EVENTS / np.maximum(around, 1e-12)
    rates = np.where(around > 0, (events + PRIOR_EVENTS) / (exposure + prior_exposure), 0.0)

    # Rescale: all ages together expect as many events as happened.
    expected = max(float(rates @ exposure), 1e-9)
    return np.asarray(rates * (events.sum() / expected), dtype=np.float64)


def _bin_edges(days: int, known_ages: int) -> Ints:
    """First ages of the bins: single days, then widening; no bin starts at or after age `known_ages`."""
    edges = list(range(min(days, DAILY_BINS)))
    step = 2.0
    while edges[-1] + int(step) < days:
        edges.append(edges[-1] + int(step))
        step *= BIN_GROWTH
    return np.array([edge for edge in edges if edge < max(known_ages, 1)], dtype=np.int64)
