"""Days on which many leads were created at once: the day of an import, not the day on which each of them came."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.warnings import Warning
from history.history import History
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
    days, counts = np.unique(created_us // DAY_US, return_counts=True)
    is_bulk = counts >= max(FEWEST_LEADS, TIMES_USUAL * _usual(counts))
    if counts[is_bulk].sum() < max(LEAST_SHARE * len(created_us), 1):
        return ()
    bulk = []
    for day, count in zip(days[is_bulk].tolist(), counts[is_bulk].tolist(), strict=True):
        of_day = created_us[created_us // DAY_US == day]
        bulk.append(BulkDay(int(of_day.min()), int(of_day.max()), count))
    return tuple(bulk)


def in_bulk(created_us: Ints) -> Mask:
    """Which creations (n,) are of a bulk day."""
    is_bulk = np.zeros(len(created_us), dtype=np.bool_)
    for day in bulk_days(created_us):
        is_bulk |= (created_us >= day.first_us) & (created_us <= day.last_us)
    return is_bulk


def _usual(counts: Ints) -> int:
    """The lower median of the leads a day (days,); 0 if all leads are of one day."""
    return int(np.sort(counts)[(len(counts) - 1) // 2]) if len(counts) > 1 else 0


def bulk_warning(history: History) -> list[Warning]:
    """`bulk_creation` if the history has bulk days."""
    bulk = bulk_days(history.created_us)
    if not bulk:
        return []
    count = sum(day.count for day in bulk)
    named = ", ".join(f"{format_time(day.first_us)[:10]} ({day.count:,})" for day in bulk[:NAMED_DAYS])
    more = f" and {len(bulk) - NAMED_DAYS} more" if len(bulk) > NAMED_DAYS else ""
    detail = (
        f"{count:,} of {len(history):,} leads were created as by an import on {named}{more}; nothing is learned from "
        "their age, and their cycle times are too short; map created_at to the day on which each lead came"
    )
    return [Warning("bulk_creation", "created_at", detail)]
