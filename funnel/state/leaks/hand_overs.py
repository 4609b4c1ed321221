"""Hand-overs followed by silence: a lead goes to another owner or stage group, and is not contacted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from funnel.formatting import format_percent
from funnel.state.leads.assignments import OWNER, assignments
from funnel.state.leads.paths import FORWARD, SKIPPED, StagePaths
from funnel.state.leads.rows import rows_until
from funnel.state.leaks.comparisons import Comparison, RateGap
from funnel.state.leaks.windows import Windows
from funnel.state.period import View
from funnel.survival import CumulativeIncidence, aalen_johansen, outcomes
from history.base.arrays import Ints, Mask
from history.history import LOST, OUTBOUND, WON
from history.text.times import DAY_US

SILENCE_DAYS = (
    7  # without an outbound touch; the win is counted from their end, so that both sides start alike
)


@dataclass(frozen=True)
class _HandOvers:
    """Hand-overs (m,) to `receiver`, an owner or the name of a stage group: lead and instant."""

    receiver: str
    lead: Ints
    at_us: Ints

    @property
    def until_us(self) -> Ints:
        """End of the days in which a touch is expected."""
        return self.at_us + SILENCE_DAYS * DAY_US

    def take(self, index: Mask) -> "_HandOvers":
        return replace(self, lead=self.lead[index], at_us=self.at_us[index])


def hand_overs(windows: Windows, groups: StagePaths) -> Iterator[Comparison]:
    """Leads handed over in both windows: those without an outbound touch for a week against those with one.

    Hand-overs are changes of owner and moves on into each stage group; the lead stays open through the week. Without
    outbound touches in the log the result is empty: a lead's own messages would count as our care.
    """
    now = windows.now
    if not now.touches.has_outbound:
        return
    # Silent and contacted leads are compared with each other, so both windows are one sample.
    both_windows = replace(now, period=replace(now.period, from_us=windows.before.period.from_us))
    days = windows.days
    assigned = assignments(now.paths.history)
    changed = assigned.take(assigned.is_change)
    yield from _silence(both_windows, _HandOvers(OWNER, changed.lead, changed.at_us), days)
    visits = groups.visits
    moved_on = (visits.entry == FORWARD) | (visits.entry == SKIPPED)
    for place, name in enumerate(groups.names, start=1):
        rows = (visits.place == place) & moved_on
        yield from _silence(both_windows, _HandOvers(name, visits.lead[rows], visits.begin_us[rows]), days)


def _silence(view: View, handed: _HandOvers, days: float) -> Iterator[Comparison]:
    paths = view.paths
    observed = view.period.holds(handed.at_us) & (handed.until_us <= paths.closed_us[handed.lead])
    handed = handed.take(observed)
    touched = _is_touched(paths, handed)
    silent_wins = _win_incidence(paths, handed.take(~touched))
    touched_wins = _win_incidence(paths, handed.take(touched))
    gap = RateGap(silent_wins, touched_wins, days)
    if not gap.is_testable:
        return
    receiver = "another owner" if handed.receiver == OWNER else f"the stage group {handed.receiver}"
    sentence = (
        f"{silent_wins.entered} leads went to {receiver} and were not contacted for {SILENCE_DAYS} days; "
        f"{format_percent(gap.rate_now)} of them are won within {days:.0f} days, "
        f"against {format_percent(gap.rate_before)} of those contacted"
    )
    yield gap.comparison("hand_over", handed.receiver, sentence)


def _is_touched(paths: StagePaths, handed: _HandOvers) -> Mask:
    """Whether each lead has an outbound touch after the hand-over, until its week is over (m,)."""
    log = paths.history.interactions
    outbound_before = np.concatenate(([0], np.cumsum(log.direction == OUTBOUND)))
    start = rows_until(log.offsets, log.time_us, handed.lead, handed.at_us)
    end = rows_until(log.offsets, log.time_us, handed.lead, handed.until_us)
    return np.asarray(outbound_before[end] > outbound_before[start])


def _win_incidence(paths: StagePaths, handed: _HandOvers) -> CumulativeIncidence:
    """Days from the end of the week to the win; a loss competes, open leads are censored."""
    state = paths.state[handed.lead]
    days = (paths.closed_us[handed.lead] - handed.until_us) / DAY_US
    return aalen_johansen(days, outcomes(event=state == WON, competing=state == LOST))
