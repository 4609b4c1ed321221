"""Comparison of two rates, now against before or elsewhere: significance of the gap and its cost."""

import math
from dataclasses import dataclass, field

from scipy.stats import norm

from funnel.state.period import View
from funnel.survival import CumulativeIncidence, score_standard_error

FEWEST = 20  # leads on each side of a comparison


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
    group: dict[str, str | None] = field(default_factory=dict)


def common_age_days(now: View) -> float:
    """The age at which rates are compared: the horizon, or two thirds of the window if that is shorter."""
    return min(float(now.paths.history.config.horizon_days), now.period.days * 2 / 3)


def p_lower(now: CumulativeIncidence, before: CumulativeIncidence, days: float) -> float:
    """One-sided p of the score test that `now` is lower than `before` by `days`, normal approximation.

    1 if a side has fewer than FEWEST leads or was not observed for so long.
    """
    if min(now.entered, before.entered) < FEWEST:
        return 1.0
    error = score_standard_error(now, before, days)
    gap = before.at(days) - now.at(days)
    return float(norm.sf(gap / error)) if 0.0 < error < math.inf else 1.0
