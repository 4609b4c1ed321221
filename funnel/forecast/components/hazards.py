"""State of every lead at an instant, and daily hazards of winning and losing by age."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from history.base.arrays import Flags, Floats, Ints, Mask
from history.history import LOST, OPEN, WON, History
from history.outcomes.settled import MOSTLY, is_undated
from history.snapshot import state_rows
from history.text.times import DAY_US

DAILY_BINS = 30  # ages up to here have a bin of one day, later ones share wider and wider bins
BIN_GROWTH = 1.15
FEWEST_AT_RISK = 20.0  # leads at risk from which an age has its own rate; older ages take the last such rate
PRIOR_EVENTS = 2.0  # strength of the prior, in wins (or losses): the rate of neighbouring ages
NEIGHBOUR = 0.5  # weight of an adjacent bin among the neighbouring ages; one k bins away has NEIGHBOUR**k
MAX_GROWTH_EXPONENT = 900.0  # 2**900 is still a finite float64


@dataclass(frozen=True)
class KnownLeads:
    """The n leads known at as_of_us, columns (n,).

    lead: position in the history. end_us: closing time of a decided lead, as_of_us of an open one. amount: of
    the win, NaN if unknown or not won. undated: decided leads whose closing time is only implied, None without any.
    """

    as_of_us: int
    lead: Ints
    created_us: Ints
    end_us: Ints
    state: Flags
    amount: Floats
    undated: Mask | None = None

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: Ints | Mask) -> "KnownLeads":
        """The leads at `index`."""
        return KnownLeads(
            self.as_of_us,
            self.lead[index],
            self.created_us[index],
            self.end_us[index],
            self.state[index],
            self.amount[index],
            None if self.undated is None else self.undated[index],
        )

    def as_at(self, at_us: int) -> "KnownLeads":
        """The leads by their dates up to an earlier instant: a decision counts at its own time, the last one alone."""
        then = self.take(self.created_us <= at_us)
        decided = then.end_us <= at_us
        return replace(
            then,
            as_of_us=at_us,
            end_us=np.minimum(then.end_us, at_us),
            state=np.where(decided, then.state, OPEN).astype(np.int8),
            amount=np.where(decided, then.amount, np.nan),
        )

    @property
    def won(self) -> Mask:
        """Whether each lead is won (n,)."""
        return np.asarray(self.state == WON)

    @property
    def has_timing(self) -> bool:
        """False if most decided leads have no closing time of their own: when leads are won is unknown."""
        return self.undated is None or bool(self.undated.sum() <= MOSTLY * (self.state != OPEN).sum())

    @property
    def undated_share(self) -> str:
        """How many decided leads have no closing time, in words."""
        undated = 0 if self.undated is None else int(self.undated.sum())
        return f"{undated:,} of {int((self.state != OPEN).sum()):,} decided leads have no closing time"

    @property
    def first_win_us(self) -> int | None:
        """Closing time of the first win; None without any."""
        closed_us = self.end_us[self.won]
        return int(closed_us.min()) if len(closed_us) else None

    def is_won_between(self, start_us: int, end_us: int) -> Mask:
        """Whether each lead was won in [start_us, end_us), (n,)."""
        return np.asarray(self.won & (self.end_us >= start_us) & (self.end_us < end_us))

    def won_between(self, start_us: int, end_us: int) -> "WinTotals":
        """Wins closed in [start_us, end_us), and the sum of their known amounts."""
        inside = self.is_won_between(start_us, end_us)
        return WinTotals(int(inside.sum()), float(np.nansum(self.amount[inside])))


class WinTotals(NamedTuple):
    """Wins, and the sum of their known amounts."""

    wins: int
    revenue: float


def known_leads(history: History, as_of_us: int) -> KnownLeads:
    """The leads as they stood at as_of_us, which may lie before history.as_of_us."""
    known_us = history.created_us if history.lead_known_us is None else history.lead_known_us
    lead = np.flatnonzero(known_us <= as_of_us).astype(np.int64)
    decisions = history.decisions
    row = state_rows(decisions, lead, np.full(len(lead), as_of_us, dtype=np.int64))

    state = np.full(len(lead), OPEN, dtype=np.int8)
    has_outcome = row >= 0
    state[has_outcome] = decisions.state[row[has_outcome]]

    end_us = np.full(len(lead), as_of_us, dtype=np.int64)
    decided = state != OPEN
    end_us[decided] = decisions.time_us[row[decided]]

    amount = np.full(len(lead), np.nan)
    won = state == WON
    amount[won] = decisions.amount[row[won]]

    undated = np.zeros(len(lead), dtype=np.bool_)
    undated[decided] = is_undated(decisions, history.created_us)[row[decided]]
    return KnownLeads(as_of_us, lead, history.created_us[lead], end_us, state, amount, undated)


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
    from DAILY_BINS on. Ages beyond the last with FEWEST_AT_RISK leads take its rates.
    """
    if not len(known):
        return Hazards(np.zeros(1), np.zeros(1))
    daily = _daily_counts(known, half_life_days)
    days = len(daily.exposure)
    edges = _bin_edges(days, int((daily.at_risk >= FEWEST_AT_RISK).sum()))
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

    leaving = np.bincount(last, weight, days)
    whole_days = weight.sum() - np.cumsum(leaving)
    # A decided lead was at risk for its last day as a whole: hazards are a day's, not an instant's.
    last_exposure = np.where(known.state == OPEN, age - last, 1.0)
    last_day = np.bincount(last, weight * last_exposure, days)
    leaving_heads = np.bincount(last, minlength=days)
    gone_before = np.concatenate(([0], np.cumsum(leaving_heads)))[:-1]
    return _DailyCounts(
        exposure=growth * np.maximum(whole_days + last_day, 0.0),
        won=growth * np.bincount(last, weight * (known.state == WON), days),
        lost=growth * np.bincount(last, weight * (known.state == LOST), days),
        at_risk=len(known) - gone_before,
    )


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
