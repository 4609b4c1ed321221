"""The end of the data: the latest time of its rows without a few that lie far after everything else."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Ints
from history.base.whole import Question
from history.text.times import DAY_US

MOST_LATE: Final = 3
MOST_LATE_SHARE: Final = 0.005  # of all rows, where that is more
GAP_DAYS: Final = 30  # before late rows
OTHERS_FOR_EACH: Final = 10  # rows before the gap for each late one
# Rows of slow funnels are often a month apart. A gap of twice the widest of the ten before it occurs by chance at one
# end in a hundred, if rows come at random.
WIDER_THAN_OTHERS: Final = 2


@dataclass(frozen=True)
class Latest:
    """The latest of `count` times, ascending, as many as decide on the end of all."""

    times_us: Ints
    count: int
    most: int

    def and_then(self, other: "Latest") -> "Latest":
        """The latest of both."""
        both_us = np.concatenate([self.times_us, other.times_us])
        return _latest(both_us, self.count + other.count, max(self.most, other.most))

    def end(self) -> int | None:
        """The end of the data whose rows have these times; None without any."""
        needed = needed_count(self.count)
        return end_of_latest(self.times_us[len(self.times_us) - needed :], self.count) if needed else None


def _refuted(end_us: int | None, own: Latest) -> bool:
    """Whether these rows end later than all rows are said to."""
    own_us = own.end()
    return own_us is not None and (end_us is None or own_us > end_us)


END: Final = Question("end of the data", Latest.and_then, Latest.end, refuted=_refuted)


def latest_of(times_us: Ints, row_count: int | None = None) -> Latest:
    """The latest of these times (n,); row_count: of all rows beside which they may stand, at least n."""
    return _latest(times_us, len(times_us), needed_count(len(times_us) if row_count is None else row_count))


def _latest(times_us: Ints, count: int, most: int) -> Latest:
    start = max(len(times_us) - most, 0)
    return Latest(np.sort(np.partition(times_us, start)[start:] if start else times_us), count, most)


def end_of_latest(latest_us: Ints, count: int) -> int:
    """`Latest.end` of `count` rows, by the latest needed_count of them in ascending order."""
    gaps = np.diff(latest_us)
    for gap in (np.flatnonzero(gaps > GAP_DAYS * DAY_US)).tolist():
        late_count = len(gaps) - gap
        before = gaps[max(gap + 1 - OTHERS_FOR_EACH * late_count, 0) : gap]
        if late_count <= most_late(count) and gaps[gap] > WIDER_THAN_OTHERS * before.max(initial=0):
            return int(latest_us[gap])
    return int(latest_us[-1])


def most_late(count: int) -> int:
    """The largest number of late rows among `count`."""
    return min(max(MOST_LATE, int(MOST_LATE_SHARE * count)), count // (OTHERS_FOR_EACH + 1))


def needed_count(count: int) -> int:
    """The number of latest rows of `count` that decide on the end."""
    return min(count, (OTHERS_FOR_EACH + 1) * most_late(count) + 1)
