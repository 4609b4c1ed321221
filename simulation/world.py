"""A simulated business apart from its leads: stages, sources, owners, calendar and rates."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from history.base.arrays import Floats, Ints
from history.text.times import DAY_US
from simulation.names import PEOPLE_FIRST, PEOPLE_LAST
from simulation.process import (
    BACK,
    DWELLS,
    FORWARD,
    LOST,
    RECENCIES,
    SKIP,
    STAGES,
    STATES,
    WON,
    Calendar,
    Keys,
    Tables,
)

STAGE_NAMES = ("new", "qualified", "proposal", "negotiation")
HORIZON_DAYS = 90
EPOCH = date(1970, 1, 1)


class Source(NamedTuple):
    """A source of leads: its share of them, their quality (added to the score), the share that comes by itself, and
    the cost of a lead.
    """

    name: str
    share: float
    quality: float
    inbound_share: float
    cost: float


SOURCES = (
    Source("organic_search", 0.22, 0.10, 0.9, 18.0),
    Source("paid_search", 0.18, -0.05, 0.9, 74.0),
    Source("paid_social", 0.16, 0.00, 0.8, 46.0),
    Source("referral", 0.10, 0.55, 0.6, 25.0),
    Source("partner", 0.07, 0.35, 0.5, 110.0),
    Source("events", 0.09, 0.10, 0.3, 160.0),
    Source("webinar", 0.08, -0.15, 0.7, 58.0),
    Source("outbound", 0.10, -0.50, 0.0, 95.0),
)
DRIFT_QUALITY = {"paid_social": -0.45}  # of leads created from the middle of the period on
DRIFT_SHARE = {"partner": 3.0}


@dataclass(frozen=True)
class World:
    """One simulated business; days are numbered since 1970.

    first_day, last_day: the period. cut_us: rows recorded later are not exported. drift_day: the middle of the period,
    from which DRIFT_QUALITY and DRIFT_SHARE hold. months (m,): firsts of months. skill (owners,): added to the score of
    an owner's leads; partner (owners,): who takes an owner's leads over in the late stages.
    """

    seed: int
    leads: int
    first_day: int
    last_day: int
    cut_us: int
    drift_day: int
    months: Ints
    owners: tuple[str, ...]
    skill: Floats
    partner: Ints
    tables: Tables
    calendar: Calendar


def stream(seed: int, name: str) -> int:
    """A 64-bit key for one named stream of random numbers."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "little")


def keys(seed: int, name: str, index: npt.NDArray[np.integer]) -> Keys:
    """A 64-bit key for each index of a stream (splitmix64); it does not depend on the other indices."""
    base = np.array([stream(seed, name)], dtype=np.uint64)
    z = base + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def uniform(seed: int, name: str, index: npt.NDArray[np.integer]) -> Floats:
    """A uniform in (0, 1) for each index of a stream."""
    return np.asarray(((keys(seed, name, index) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53)


def normal(seed: int, name: str, index: npt.NDArray[np.integer]) -> Floats:
    """A standard normal for each index of a stream."""
    return np.asarray(ndtri(uniform(seed, name, index)), dtype=np.float64)


def pick(u: Floats, weights: npt.ArrayLike) -> Ints:
    """The position (n,) of each uniform among weights, which need not add up to 1."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.minimum(np.searchsorted(edges / edges[-1], u, side="right"), len(edges) - 1).astype(np.int64)


def day_number(day: date) -> int:
    return (day - EPOCH).days


def build_world(seed: int, leads: int, months: int, end: date, cut_us: int) -> World:
    """The business of the `months` calendar months up to and with the day `end`."""
    first, last = _first_day(end, months), day_number(end)
    starts = _month_starts(first, last, cut_us)

    owners = np.arange(6 + min(leads // 1000, 54))
    is_junior = owners % 3 == 0
    seniors = np.flatnonzero(~is_junior)
    partner = np.where(is_junior, seniors[owners % len(seniors)], owners)
    return World(
        seed=seed,
        leads=leads,
        first_day=first,
        last_day=last,
        cut_us=cut_us,
        drift_day=(first + last + 1) // 2,
        months=starts,
        owners=_owner_names(seed, len(owners)),
        skill=0.18 * normal(seed, "skill", owners),
        partner=partner.astype(np.int64),
        tables=_tables(),
        calendar=_calendar(first, last, starts),
    )


def _first_day(end: date, months: int) -> int:
    """The day `months` calendar months before the day after `end`; from the 29th on, the 28th."""
    after = end + timedelta(days=1)
    month = after.year * 12 + after.month - 1 - months  # counted from the year 0
    return day_number(date(month // 12, month % 12 + 1, min(after.day, 28)))


def _month_starts(first: int, last: int, cut_us: int) -> Ints:
    """The firsts of months after the first day, up to cut_us, as days."""
    firsts = [day for day in range(first + 1, last + 2) if (EPOCH + timedelta(days=day)).day == 1]
    return np.array([day for day in firsts if day * DAY_US <= cut_us], dtype=np.int64)


def _owner_names(seed: int, owners: int) -> tuple[str, ...]:
    """Distinct names: the pairs of a first and a last name in a random order."""
    pairs = np.argsort(uniform(seed, "owner", np.arange(len(PEOPLE_FIRST) * len(PEOPLE_LAST))))[:owners]
    return tuple(
        f"{PEOPLE_FIRST[p // len(PEOPLE_LAST)]} {PEOPLE_LAST[p % len(PEOPLE_LAST)]}" for p in pairs.tolist()
    )


def _tables() -> Tables:
    """Rates a business day by state; the base rates are by stage, the factors by recency, dwell and demo."""
    stage, dwell, recency, demo = np.indices((STAGES, DWELLS, RECENCIES, 2)).reshape(4, STATES)
    rates = np.zeros((STATES, 5))

    # By recency, the freshest first, and by dwell.
    win = np.array([0.0009, 0.0055, 0.0280, 0.0900])[stage]
    win = win * np.array([2.4, 1.2, 0.5, 0.2, 0.06])[recency] * np.array([0.8, 1.2, 1.1, 0.8, 0.4])[dwell]
    rates[:, WON] = win * np.where(demo == 1, 2.6, 1.0)

    lose = np.array([0.0046, 0.0042, 0.0042, 0.0042])[stage]
    lose = lose * np.array([0.2, 0.6, 1.3, 2.5, 4.5])[recency] * np.array([0.6, 1.0, 1.2, 1.2, 1.1])[dwell]
    rates[:, LOST] = lose * np.where(demo == 1, 0.6, 1.0)
    # Nobody closes early leads that fell silent: real histories are full of them.
    is_silent = (recency == RECENCIES - 1) & (dwell == DWELLS - 1) & (stage <= 1)
    rates[is_silent, LOST] *= 0.4

    pace = np.array([1.7, 1.1, 0.65, 0.35, 0.10])[recency] * np.array([1.0, 1.2, 0.9, 0.6, 0.3])[dwell]
    rates[:, FORWARD] = np.array([0.042, 0.034, 0.042, 0.0])[stage] * pace * np.where(demo == 1, 1.4, 1.0)
    rates[:, SKIP] = np.array([0.006, 0.006, 0.0, 0.0])[stage] * pace
    rates[:, BACK] = np.array([0.0, 0.004, 0.008, 0.012])[stage]

    inbound = np.array([0.13, 0.17, 0.20, 0.22])[stage] * np.array([1.4, 1.0, 0.75, 0.45, 0.15])[recency]
    outbound = np.array([0.16, 0.16, 0.18, 0.22])[stage] * np.array([1.1, 1.2, 0.9, 0.5, 0.10])[recency]
    return Tables(
        rates=rates,
        slope=np.array([0.38, -0.20, 0.10, 0.10, 0.0]),
        inbound=inbound,
        demo=np.array([0.02, 0.10, 0.12, 0.08])[stage],
        outbound=outbound,
        ambient=0.02,
        reopened=0.03,
    )


def _calendar(first: int, last: int, starts: Ints) -> Calendar:
    """Weekday rhythm, lulls in August and at year-end, the push before a quarter ends; covers the last horizon."""
    days = np.arange(first, last + HORIZON_DAYS + 110)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    dates = [EPOCH + timedelta(days=int(d)) for d in days]
    month = np.array([d.month for d in dates])
    month_in_8_days = np.array([(d + timedelta(days=8)).month for d in dates])
    is_lull = np.array([d.month == 8 or (d.month == 12 and d.day > 20) for d in dates])
    is_quarter_end = (month % 3 == 0) & (month_in_8_days != month)
    number = np.full(len(days), -1, dtype=np.int64)
    number[starts - first] = np.arange(len(starts))
    return Calendar(
        first_day=first,
        moves=np.array([0.9, 1.1, 1.15, 1.05, 0.8, 0.0, 0.0])[weekday] * np.where(is_lull, 0.75, 1.0),
        wins=np.where(is_quarter_end, 1.5, 1.0),
        touches=np.array([1.0, 1.1, 1.1, 1.05, 0.85, 0.25, 0.25])[weekday] * np.where(is_lull, 0.8, 1.0),
        monday=weekday == 0,
        half_week=(weekday == 0) | (weekday == 3),
        month=number,
    )
