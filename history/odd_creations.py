"""Leads created far before all others: they widen neither the training grid nor a period of the funnel."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.whole import Question
from history.data_end import GAP_DAYS, most_late
from history.text.times import DAY_US


def first_creation_us(created_us: Ints) -> int:
    """The earliest of the creations (n,), n >= 1, without odd ones.

    Odd are at most three or 0.5 % of the leads, with ten others for each, if the gap after them is wider than the span
    of all others and than GAP_DAYS: a placeholder such as 2000-01-01, or a typing error.
    """
    after_us = earliest_of(created_us).after_odd()
    return int(created_us.min()) if after_us is None else after_us


@dataclass(frozen=True)
class Earliest:
    """The earliest of `count` creations, ascending, as many as decide which are odd, and the last of all."""

    created_us: Ints
    last_us: int
    count: int
    most: int

    def and_then(self, other: "Earliest") -> "Earliest":
        """The creations of both."""
        both_us = np.concatenate([self.created_us, other.created_us])
        last_us = max(self.last_us, other.last_us)
        return _earliest(both_us, last_us, self.count + other.count, max(self.most, other.most))

    def after_odd(self) -> int | None:
        """The first creation after odd ones, None without odd ones."""
        # The span of the others and not their gaps: a young funnel often begins with a few leads of a pilot.
        for odd in range(most_late(self.count), 0, -1):
            first_us = int(self.created_us[odd])
            if first_us - int(self.created_us[odd - 1]) > max(self.last_us - first_us, GAP_DAYS * DAY_US):
                return first_us
        return None


AFTER_ODD: Final = Question("odd creations", Earliest.and_then, Earliest.after_odd)


def earliest_of(created_us: Ints, row_count: int | None = None) -> Earliest:
    """The earliest creations (n,); row_count: of all beside which they may stand, at least n."""
    n = len(created_us)
    last_us = int(created_us.max()) if n else np.iinfo(np.int64).min
    return _earliest(created_us, last_us, n, most_late(n if row_count is None else row_count) + 1)


def _earliest(created_us: Ints, last_us: int, count: int, most: int) -> Earliest:
    end = min(most, len(created_us))
    first_us = np.partition(created_us, end - 1)[:end] if end else created_us[:0]
    return Earliest(np.sort(first_us), last_us, count, most)


def odd_creations(created_us: Ints) -> Mask:
    """Which creations (n,) are odd."""
    if not len(created_us):
        return np.zeros(0, dtype=np.bool_)
    return created_us < first_creation_us(created_us)
