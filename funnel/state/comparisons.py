"""One comparison of now with before or elsewhere: how likely the gap is by chance, and what it costs."""

import math
from dataclasses import dataclass, field

from funnel.state.period import View
from funnel.survival import Curve, spread_if_equal, upper_tail

LEAST = 20  # leads on each side of a comparison


@dataclass(frozen=True)
class Leak:
    """One comparison; rates are shares by `days`, times in days, entrances in leads a day; lost_wins what the
    gap costs.
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


def age_of(now: View) -> float:
    """The age at which rates are compared: the horizon, or two thirds of the window where that is shorter."""
    return min(float(now.paths.history.config.horizon_days), now.period.days * 2 / 3)


def worse(now: Curve, before: Curve, days: float) -> float:
    """P(a rate by `days` this much lower by chance), normal, with the spread of two samples of one kind; 1 where either
    side is too small or not watched for so long.
    """
    if min(now.entered, before.entered) < LEAST:
        return 1.0
    spread = spread_if_equal(now, before, days)
    gap = before.at(days) - now.at(days)
    return upper_tail(gap / spread) if 0.0 < spread < math.inf else 1.0
