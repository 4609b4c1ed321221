"""What became of every lead by an instant, and how fast leads of an age are won and lost."""

from dataclasses import dataclass

import numpy as np

from history.arrays import Flags, Floats, Ints, Mask
from history.history import DAY_US, LOST, OPEN, WON, History
from history.snapshot import state_rows

DAILY_BINS = 30  # ages up to here have a day of their own, later ones share wider and wider bins
BIN_GROWTH = 1.15
FEWEST_AT_RISK = 20.0  # leads of an age that say something of it; older ages take the rate of the last
PRIOR_EVENTS = 2.0  # wins, or losses, that say an age's rate is that of the ages around
NEIGHBOUR = 0.5  # weight of the next bin among the ages around, of the one after it its square


@dataclass(frozen=True)
class Lives:
    """The n leads known at as_of_us: position in the history, creation, end of view, state, amount (NaN unless won).

    end_us is the closing time of a won or lost lead and as_of_us of an open one.
    """

    as_of_us: int
    lead: Ints
    created_us: Ints
    end_us: Ints
    state: Flags
    amount: Floats

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: Ints | Mask) -> "Lives":
        return Lives(
            self.as_of_us,
            self.lead[index],
            self.created_us[index],
            self.end_us[index],
            self.state[index],
            self.amount[index],
        )

    @property
    def first_win_us(self) -> int | None:
        won = self.end_us[self.state == WON]
        return int(won.min()) if len(won) else None

    def won_between(self, start_us: int, end_us: int) -> tuple[int, float]:
        """Wins closed in [start_us, end_us), and the sum of their known amounts."""
        inside = (self.state == WON) & (self.end_us >= start_us) & (self.end_us < end_us)
        return int(inside.sum()), float(np.nansum(self.amount[inside]))


def lives(history: History, as_of_us: int) -> Lives:
    """The leads as they stood at as_of_us, which may lie before history.as_of_us."""
    known = history.created_us if history.lead_known_us is None else history.lead_known_us
    lead = np.flatnonzero(known <= as_of_us).astype(np.int64)
    row = state_rows(history.outcomes, lead, np.full(len(lead), as_of_us, dtype=np.int64))
    end = np.full(len(lead), as_of_us, dtype=np.int64)
    state = np.full(len(lead), OPEN, dtype=np.int8)
    amount = np.full(len(lead), np.nan)
    seen = row >= 0
    state[seen] = history.outcomes.state[row[seen]]
    decided = state != OPEN
    end[decided] = history.outcomes.time_us[row[decided]]
    won = state == WON
    amount[won] = history.outcomes.amount[row[won]]
    return Lives(as_of_us, lead, history.created_us[lead], end, state, amount)


@dataclass(frozen=True)
class Hazards:
    """Chances of a day, of leads still open at the age of k whole days, to be won and to be lost, each (k,)."""

    won: Floats
    lost: Floats

    def from_age(self, days: int) -> tuple[Floats, Floats]:
        """Cumulative incidence of win and loss over ages 0..days of new leads, each (days + 1,)."""
        won, lost = _extended(self.won, days), _extended(self.lost, days)
        free = np.concatenate(([1.0], np.cumprod(1 - won - lost)))
        return (
            np.concatenate(([0.0], np.cumsum(free[:-1] * won))),
            np.concatenate(([0.0], np.cumsum(free[:-1] * lost))),
        )

    def free(self, days: int) -> Floats:
        """The share of new leads still open at ages 0..days, (days + 1,)."""
        return np.concatenate(([1.0], np.cumprod(1 - _extended(self.won, days) - _extended(self.lost, days))))


def _extended(rate: Floats, days: int) -> Floats:
    return rate[:days] if len(rate) >= days else np.concatenate((rate, np.full(days - len(rate), rate[-1])))


def hazards(seen: Lives, half_life_days: float) -> Hazards:
    """Daily rates by age in competing risks (Aalen and Johansen 1978), a day of exposure halving in
    weight with each half-life.

    The weight belongs to the calendar day, not to the lead, so that all ages speak of the same recent time. Ages are
    pooled in bins that widen from DAILY_BINS on; ages beyond the last with FEWEST_AT_RISK leads take that one's rates.
    """
    if not len(seen):
        return Hazards(np.zeros(1), np.zeros(1))
    age = np.maximum((seen.end_us - seen.created_us) / DAY_US, 0.0)
    last = age.astype(np.int64)
    days = int(last.max()) + 1
    back = (seen.as_of_us - seen.created_us) / DAY_US / half_life_days
    weight = np.exp2(-back)
    growth = np.exp2(np.minimum(np.arange(days) / half_life_days, 900.0))
    leaving = np.bincount(last, weight, days)
    full = weight.sum() - np.cumsum(leaving)  # those that live through the whole day
    part = np.bincount(last, weight * np.where(seen.state == OPEN, age - last, 1.0), days)
    exposure = growth * np.maximum(full + part, 0.0)
    won = growth * np.bincount(last, weight * (seen.state == WON), days)
    lost = growth * np.bincount(last, weight * (seen.state == LOST), days)
    heads = len(seen) - np.concatenate(([0], np.cumsum(np.bincount(last, minlength=days))))[:-1]
    edges = _edges(days, int((heads >= FEWEST_AT_RISK).sum()))
    width = np.diff(np.append(edges, days))
    exposed = np.add.reduceat(exposure, edges)
    rates = [_shrunk(np.add.reduceat(events, edges), exposed) for events in (won, lost)]
    total = np.maximum(rates[0] + rates[1], 1.0)
    return Hazards(np.repeat(rates[0] / total, width), np.repeat(rates[1] / total, width))


def _shrunk(events: Floats, exposed: Floats) -> Floats:
    """Events a day of exposure (bins,), each as if PRIOR_EVENTS more had come at the rate of the ages around it.

    The mean of a gamma prior (Bernardo and Smith 1994, 3.2): the oldest age, which few leads have reached, would else
    have a rate of nought and hand it to all older leads.
    """
    bins = np.arange(len(events))
    near = NEIGHBOUR ** np.abs(bins[:, None] - bins)
    around = near @ events / np.maximum(near @ exposed, 1e-9)
    prior = PRIOR_EVENTS / np.maximum(around, 1e-12)
    rates = np.where(around > 0, (events + PRIOR_EVENTS) / (exposed + prior), 0.0)
    expected = max(float(rates @ exposed), 1e-9)
    return np.asarray(
        rates * (events.sum() / expected), dtype=np.float64
    )  # all ages together expect what came


def _edges(days: int, known: int) -> Ints:
    """Starts of the bins of ages: single days, then widening, none starting after age `known`."""
    edges = list(range(min(days, DAILY_BINS)))
    step = 2.0
    while edges[-1] + int(step) < days:
        edges.append(edges[-1] + int(step))
        step *= BIN_GROWTH
    kept = [edge for edge in edges if edge < max(known, 1)]
    return np.array(kept, dtype=np.int64)
