"""Comparison of two rates, now against before or elsewhere: significance of the gap and its cost."""

import math
from dataclasses import dataclass, field
from typing import TypeAlias

from funnel.significance import normal_p_above
from funnel.survival import CumulativeIncidence, score_standard_error

FEWEST = 20  # leads on each side of a comparison: the normal approximation is poor below

GroupValue: TypeAlias = dict[str, str | None]  # a column and its value; empty for a comparison of all leads


@dataclass(frozen=True)
class Comparison:
    """A one-sided comparison.

    now, before: shares by a common age, times in days, or leads created a day, by `kind`. lost_wins: wins that the
    gap costs. group: the column value compared, if any.
    """

    kind: str  # conversion, speed, quality, elsewhere, hand_over, entrances
    subject: str
    now: float
    before: float
    n_now: int
    n_before: int
    p: float
    lost_wins: float
    sentence: str
    group: GroupValue = field(default_factory=dict)


@dataclass(frozen=True)
class RateGap:
    """Two cumulative incidences at a common age of `days`; worth: wins that one event of `now` brings."""

    now: CumulativeIncidence
    before: CumulativeIncidence
    days: float
    worth: float = 1.0

    @property
    def is_testable(self) -> bool:
        """Whether both sides have FEWEST leads."""
        return min(self.now.entered, self.before.entered) >= FEWEST

    @property
    def rate_now(self) -> float:
        return self.now.at(self.days)

    @property
    def rate_before(self) -> float:
        return self.before.at(self.days)

    def comparison(
        self, kind: str, subject: str, sentence: str, group: GroupValue | None = None
    ) -> Comparison:
        """The gap's test and cost. A rate that rose costs nothing."""
        gap = max(self.rate_before - self.rate_now, 0.0)
        return Comparison(
            kind=kind,
            subject=subject,
            now=self.rate_now,
            before=self.rate_before,
            n_now=self.now.entered,
            n_before=self.before.entered,
            p=p_lower(self.now, self.before, self.days),
            lost_wins=gap * self.now.entered * self.worth,
            sentence=sentence,
            group=group or {},
        )


def p_lower(now: CumulativeIncidence, before: CumulativeIncidence, days: float) -> float:
    """One-sided p of the score test that `now` is lower than `before` by `days`, normal approximation.

    1 if a side has fewer than FEWEST leads or was not observed for so long.
    """
    if min(now.entered, before.entered) < FEWEST:
        return 1.0
    error = score_standard_error(now, before, days)
    gap = before.at(days) - now.at(days)
    return normal_p_above(gap / error) if 0.0 < error < math.inf else 1.0
