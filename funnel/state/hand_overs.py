"""Hand-overs followed by silence: a lead goes to another owner or stage group, and is not contacted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from funnel.formatting import format_percent
from funnel.state.assignments import OWNER, assignments
from funnel.state.comparisons import FEWEST, Comparison, common_age_days, p_lower
from funnel.state.paths import FORWARD, SKIPPED, StagePaths
from funnel.state.period import View
from funnel.state.rows import rows_until
from funnel.survival import CENSORED, COMPETING, EVENT, CumulativeIncidence, aalen_johansen
from history.arrays import Ints, Mask
from history.history import DAY_US, OPEN, OUTBOUND, WON

SILENCE_DAYS = 7


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


def hand_overs(now: View, before: View, groups: StagePaths) -> Iterator[Comparison]:
    """Leads handed over in both windows: those without an outbound touch for a week against those with one.

    Hand-overs are changes of owner and moves on into each stage group; the lead stays open through the week. Without
    outbound touches in the log the result is empty: a lead's own messages would count as our care.
    """
    if not now.touches.has_outbound:
        return
    both_windows = replace(now, period=replace(now.period, from_us=before.period.from_us))
    days = common_age_days(now)
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
    silent_wins, touched_wins = (_win_incidence(paths, handed.take(rows)) for rows in (~touched, touched))
    if min(silent_wins.entered, touched_wins.entered) < FEWEST:
        return
    silent_rate, touched_rate = silent_wins.at(days), touched_wins.at(days)
    receiver = "another owner" if handed.receiver == OWNER else f"the stage group {handed.receiver}"
    yield Comparison(
        kind="hand_over",
        subject=handed.receiver,
        now=silent_rate,
        before=touched_rate,
        n_now=silent_wins.entered,
        n_before=touched_wins.entered,
        p=p_lower(silent_wins, touched_wins, days),
        lost_wins=max(touched_rate - silent_rate, 0.0) * silent_wins.entered,
        sentence=(
            f"{silent_wins.entered} leads went to {receiver} and were not contacted for {SILENCE_DAYS} days; "
            f"{format_percent(silent_rate)} of them are won within {days:.0f} days, "
            f"against {format_percent(touched_rate)} of those contacted"
        ),
    )


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
    outcome = np.where(state == WON, EVENT, np.where(state == OPEN, CENSORED, COMPETING)).astype(np.int8)
    return aalen_johansen((paths.closed_us[handed.lead] - handed.until_us) / DAY_US, outcome)
