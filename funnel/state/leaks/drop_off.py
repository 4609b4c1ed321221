"""Drop-off by attributes and interactions: which leads are lost from a stage more often than the others.

An association, not a cause. All tests of a report are held together to the false discovery rate of the leaks
(Benjamini and Hochberg 1995).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from funnel.formatting import format_number, format_percent
from funnel.records import Record
from funnel.significance import chi_squared_p_above, false_discovery_rates
from funnel.state.leads.paths import EXIT_LOST, EXIT_WON, MOVED_ON, NO_STAGE, StagePaths
from funnel.state.leaks.comparisons import FEWEST
from funnel.state.leaks.drop_off_factors import (
    LANDMARK_DAYS,
    Factor,
    StageVisits,
    attribute_factors,
    touch_factors,
)
from funnel.state.leaks.leaks import FALSE_DISCOVERIES
from funnel.state.period import Period
from history.base.arrays import Floats, Ints, Mask
from models.figures.kernel import Z80

FEWEST_EXPECTED = 5.0  # in each cell under independence: below, the chi-squared approximation is poor
MOST_FOUND = 50
NO_DROP_OFF: Record = {
    "tested": 0,
    "false_discovery_rate": FALSE_DISCOVERIES,
    "landmark_days": LANDMARK_DAYS,
    "significant": 0,
    "found": [],
}


@dataclass(frozen=True)
class _Test:
    """Leads lost from a stage, and all that left it: with a factor, and without it."""

    stage: str
    factor: Factor
    n_with: int
    lost_with: int
    n_without: int
    lost_without: int

    @property
    def is_testable(self) -> bool:
        """Whether both sides have FEWEST leads and every cell is expected to have FEWEST_EXPECTED."""
        n = self.n_with + self.n_without
        lost = self.lost_with + self.lost_without
        least = min(self.n_with, self.n_without) * min(lost, n - lost)
        return min(self.n_with, self.n_without) >= FEWEST and least >= FEWEST_EXPECTED * n

    @property
    def cells(self) -> Floats:
        """lost and not lost with the factor, then without it, (4,)."""
        with_, without = self.lost_with, self.lost_without
        return np.array([with_, self.n_with - with_, without, self.n_without - without], dtype=np.float64)

    @property
    def excess_lost(self) -> float:
        """Leads with the factor lost beyond the share of the others; negative if fewer are."""
        return self.lost_with - self.n_with * self.lost_without / self.n_without

    def p(self) -> float:
        """Two-sided p of Pearson's chi-squared test."""
        lost_with, kept_with, lost_without, kept_without = self.cells.tolist()
        n = self.n_with + self.n_without
        lost, kept = lost_with + lost_without, kept_with + kept_without
        gap = lost_with * kept_without - kept_with * lost_without
        return chi_squared_p_above(n * gap**2 / (self.n_with * self.n_without * lost * kept), 1)


def drop_off(paths: StagePaths, period: Period, columns: Sequence[str] | None = None) -> Record:
    """Factors whose leads are lost from a stage more or less often than the other leads, most leads lost first.

    Of the first visits of each stage that ended in the period: lost against moved on or won. columns: the attributes to
    look at; None: all but those of identity, ignored and sensitive ones and the owner.
    """
    tests = [test for test in _tests(paths, period, columns) if test.is_testable]
    if not tests:
        return dict(NO_DROP_OFF)
    p = [test.p() for test in tests]
    rates = false_discovery_rates(p)
    records = [
        _record(test, p_value, rate)
        for test, p_value, rate in zip(tests, p, rates, strict=True)
        if rate <= FALSE_DISCOVERIES
    ]
    records.sort(key=lambda record: -abs(record["excess_lost"]))
    return {**NO_DROP_OFF, "tested": len(tests), "significant": len(records), "found": records[:MOST_FOUND]}


def _tests(paths: StagePaths, period: Period, columns: Sequence[str] | None) -> Iterator[_Test]:
    visits = ended_visits(paths, period)
    long_visits = visits.lasting(LANDMARK_DAYS)
    for factor in attribute_factors(paths.history, visits, columns):
        yield from _by_stage(paths, visits, factor)
    for factor in touch_factors(paths.history, long_visits):
        yield from _by_stage(paths, long_visits, factor)


def ended_visits(paths: StagePaths, period: Period) -> StageVisits:
    """The first visits of each stage that ended in the period with a loss, a move on or a win."""
    visits = paths.visits
    is_over = np.isin(visits.exit, (EXIT_LOST, EXIT_WON, MOVED_ON)) & period.holds(visits.end_us)
    visits = visits.take(is_over & ~visits.is_return & (visits.place != NO_STAGE))
    is_decided = visits.exit != MOVED_ON
    return StageVisits(
        lead=visits.lead,
        place=visits.place,
        begin_us=visits.begin_us,
        end_us=visits.end_us,
        lost=np.asarray(visits.exit == EXIT_LOST),
        # An implied closing time tells nothing of how long the lead was there.
        is_timed=~(is_decided & paths.is_implied[visits.lead]),
    )


def _by_stage(paths: StagePaths, visits: StageVisits, factor: Factor) -> Iterator[_Test]:
    """One test a stage of a factor that marks some of its visits."""
    size = len(paths.names) + 1
    n_with = _count(visits.place, factor.marked & factor.known, size)
    lost_with = _count(visits.place, factor.marked & factor.known & visits.lost, size)
    n_without = _count(visits.place, ~factor.marked & factor.known, size)
    lost_without = _count(visits.place, ~factor.marked & factor.known & visits.lost, size)
    for place, name in enumerate(paths.names, start=1):
        if n_with[place] and n_without[place]:
            yield _Test(
                name,
                factor,
                int(n_with[place]),
                int(lost_with[place]),
                int(n_without[place]),
                int(lost_without[place]),
            )


def _count(place: Ints, marked: Mask, size: int) -> Ints:
    """Marked visits by place, (size,)."""
    return np.bincount(place[marked], minlength=size)


def _record(test: _Test, p: float, q: float) -> Record:
    cells = test.cells
    # Haldane and Anscombe: an empty cell would make the ratio 0 or infinite.
    cells = cells + 0.5 if (cells == 0).any() else cells
    log_odds = float(np.log(cells[0] * cells[3] / (cells[1] * cells[2])))
    half_width = Z80 * float(np.sqrt((1 / cells).sum()))
    odds = {
        "odds_ratio": float(np.exp(log_odds)),
        "odds_ratio_low": float(np.exp(log_odds - half_width)),
        "odds_ratio_high": float(np.exp(log_odds + half_width)),
    }
    share_with, share_without = test.lost_with / test.n_with, test.lost_without / test.n_without
    sentence = (
        f"{format_percent(share_with)} of the leads with {test.factor.words} are lost from {test.stage}, of the others "
        f"{format_percent(share_without)} (odds ratio {format_number(odds['odds_ratio'])}, 80 % interval "
        f"{format_number(odds['odds_ratio_low'])} to {format_number(odds['odds_ratio_high'])})"
    )
    return {
        "stage": test.stage,
        **test.factor.to_record(),
        "n_with": test.n_with,
        "lost_with": test.lost_with,
        "n_without": test.n_without,
        "lost_without": test.lost_without,
        "lost_rate_with": share_with,
        "lost_rate_without": share_without,
        **odds,
        "p": p,
        "q": q,
        "excess_lost": test.excess_lost,
        "sentence": sentence,
    }
