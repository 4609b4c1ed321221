"""The order of day and month in dates such as 3/4/2026, by evidence over all dates of one or more columns."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.text.time_formats import DAY_FIRST, MONTH_FIRST

LARGEST_MONTH: Final = 12


@dataclass
class DateOrder:
    """The dates counted so far: those that have the day first, the month first, and those that leave it open.

    example, where: of the first date that leaves it open, if its finder names it. Dates with points are not counted:
    they have the day first, and are no evidence of dates with another mark.
    """

    day_first: int = 0
    month_first: int = 0
    undecided: int = 0
    example: str = ""
    where: str = ""

    def count(self, first: Ints, second: Ints) -> Mask:
        """Counts dates by their first two numbers (n,); returns which of them leave the order open."""
        is_day = (first > LARGEST_MONTH) & (second <= LARGEST_MONTH)
        is_month = (second > LARGEST_MONTH) & (first <= LARGEST_MONTH)
        is_open = (first <= LARGEST_MONTH) & (second <= LARGEST_MONTH) & (first != second)
        self.day_first += int(is_day.sum())
        self.month_first += int(is_month.sum())
        self.undecided += int(is_open.sum())
        return np.asarray(is_open)

    def and_then(self, other: "DateOrder") -> "DateOrder":
        """The dates of both, without an example."""
        return DateOrder(
            self.day_first + other.day_first,
            self.month_first + other.month_first,
            self.undecided + other.undecided,
        )

    @property
    def seen(self) -> int:
        """How many dates were evidence or left open."""
        return self.day_first + self.month_first + self.undecided

    def decided(self) -> str | None:
        """DAY_FIRST or MONTH_FIRST; None if the dates leave it open or contradict each other."""
        if self.day_first and self.month_first:
            return None
        if self.day_first:
            return DAY_FIRST
        return MONTH_FIRST if self.month_first else None
