"""Days on which many leads were created at once: the day of an import, not the day on which each of them came."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.warnings import Warning
from history.base.whole import Question
from history.text.times import DAY_US, format_time

FEWEST_LEADS = 50  # of a bulk day
# The leads of a bulk day against the median day. On simulated worlds and four real data sets the largest
# day has at most six times the median.
TIMES_USUAL = 20
# Of all leads, on all bulk days together: a list from a fair adds a few percent, and those leads did come that day.
LEAST_SHARE = 0.2
NAMED_DAYS = 3


@dataclass(frozen=True)
class BulkDay:
    """The leads created on one UTC day: how many, and the first and last instant, both inclusive."""

    first_us: int
    last_us: int
    count: int


def bulk_days(created_us: Ints) -> tuple[BulkDay, ...]:
    """The bulk days among the creations (n,), in order."""
    return bulk_of(days_of(created_us))


@dataclass(frozen=True)
class CreationDays:
    """Days with creations (days,), ascending: the first and last instant and the number of leads of each."""

    first_us: Ints
    last_us: Ints
    counts: Ints

    def and_then(self, other: "CreationDays") -> "CreationDays":
        """The days of both."""
        first_us = np.concatenate([self.first_us, other.first_us])
        last_us = np.concatenate([self.last_us, other.last_us])
        return _by_day(first_us, last_us, np.concatenate([self.counts, other.counts]))


def days_of(created_us: Ints) -> CreationDays:
    """The days of the creations (n,)."""
    return _by_day(created_us, created_us, np.ones(len(created_us), dtype=np.int64))


def _by_day(first_us: Ints, last_us: Ints, counts: Ints) -> CreationDays:
    days, place = np.unique(first_us // DAY_US, return_inverse=True)
    limits = np.iinfo(np.int64)
    earliest, latest = np.full(len(days), limits.max), np.full(len(days), limits.min)
    np.minimum.at(earliest, place, first_us)
    np.maximum.at(latest, place, last_us)
    return CreationDays(earliest, latest, np.bincount(place, counts, len(days)).astype(np.int64))


def bulk_of(days: CreationDays) -> tuple[BulkDay, ...]:
    """The bulk days among days with creations, in order."""
    is_bulk = days.counts >= max(FEWEST_LEADS, TIMES_USUAL * _usual(days.counts))
    if days.counts[is_bulk].sum() < max(LEAST_SHARE * days.counts.sum(), 1):
        return ()
    columns = (column[is_bulk].tolist() for column in (days.first_us, days.last_us, days.counts))
    return tuple(BulkDay(*day) for day in zip(*columns, strict=True))


def in_bulk(created_us: Ints) -> Mask:
    """Which creations (n,) are of a bulk day."""
    is_bulk = np.zeros(len(created_us), dtype=np.bool_)
    for day in bulk_days(created_us):
        is_bulk |= (created_us >= day.first_us) & (created_us <= day.last_us)
    return is_bulk


def _usual(counts: Ints) -> int:
    """The lower median of the leads a day (days,); 0 if all leads are of one day."""
    return int(np.sort(counts)[(len(counts) - 1) // 2]) if len(counts) > 1 else 0


def bulk_warning(days: CreationDays) -> list[Warning]:
    """`bulk_creation` if there are bulk days."""
    bulk = bulk_of(days)
    if not bulk:
        return []
    count = sum(day.count for day in bulk)
    named = ", ".join(f"{format_time(day.first_us)[:10]} ({day.count:,})" for day in bulk[:NAMED_DAYS])
    more = f" and {len(bulk) - NAMED_DAYS} more" if len(bulk) > NAMED_DAYS else ""
    detail = (
        f"{count:,} of {int(days.counts.sum()):,} leads were created as by an import on {named}{more}; nothing is "
        "learned from their age, and their cycle times are too short; map created_at to the day on which each lead came"
    )
    return [Warning("bulk_creation", "created_at", detail)]


BULK: Final = Question("bulk creations", CreationDays.and_then, bulk_warning)
