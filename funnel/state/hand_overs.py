"""Hand-overs followed by silence: a lead goes to another owner or group of stages, and nobody speaks to it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from funnel.formatting import percent
from funnel.state.assignments import assignments
from funnel.state.comparisons import LEAST, Leak, age_of, worse
from funnel.state.paths import FORWARD, SKIPPED, Paths
from funnel.state.period import View
from funnel.survival import CENSORED, COMPETING, EVENT, Curve, curve
from history.arrays import Ints, Mask
from history.history import DAY_US, OPEN, OUTBOUND, WON

SILENCE_DAYS = 7


def hand_overs(now: View, before: View, levels: Paths) -> Iterator[Leak]:
    """Leads handed over in both windows: those we did not touch for a week after it against those that we did.

    Hand-overs are changes of owner, and moves on into each group of stages; the lead was open through that week. Where
    the log does not tell who spoke there are none: a lead's own interest would pass for our care.
    """
    if not now.touches.directed:
        return
    seen = replace(now, period=replace(now.period, from_us=before.period.from_us))
    lead, at_us = _owner_changes(now.paths)
    yield from _silence(seen, (lead, at_us), "owner", age_of(now))
    visits = levels.visits
    for place, name in enumerate(levels.names, start=1):
        rows = (visits.place == place) & ((visits.came == FORWARD) | (visits.came == SKIPPED))
        yield from _silence(seen, (visits.lead[rows], visits.begin_us[rows]), name, age_of(now))


def _owner_changes(paths: Paths) -> tuple[Ints, Ints]:
    lead, at_us, _ = assignments(paths.history)
    changed = np.flatnonzero(lead[1:] == lead[:-1]) + 1
    return lead[changed], at_us[changed]


def _silence(seen: View, handed: tuple[Ints, Ints], to: str, days: float) -> Iterator[Leak]:
    paths, (lead, at_us) = seen.paths, handed
    watched_us = at_us + SILENCE_DAYS * DAY_US
    fit = seen.period.holds(at_us) & (watched_us <= paths.closed_us[lead])
    lead, at_us, watched_us = lead[fit], at_us[fit], watched_us[fit]
    silent = ~_touched(paths, lead, at_us, watched_us)
    quiet, cared = (_win_after(paths, lead[rows], watched_us[rows]) for rows in (silent, ~silent))
    if min(quiet.entered, cared.entered) < LEAST:
        return
    rates = quiet.at(days), cared.at(days)
    lost = max(rates[1] - rates[0], 0.0) * quiet.entered
    text = (
        f"{quiet.entered} leads went to another {to if to == 'owner' else f'group, {to},'} "
        f"and were not touched for {SILENCE_DAYS} days: "
        f"{percent(rates[0])} of them are won in {days:.0f} days, {percent(rates[1])} of those that were touched"
    )
    p = worse(quiet, cared, days)
    yield Leak("hand_over", to, *rates, quiet.entered, cared.entered, p, lost, text)


def _touched(paths: Paths, lead: Ints, from_us: Ints, to_us: Ints) -> Mask:
    log = paths.history.interactions
    touched = np.zeros(len(lead), dtype=np.bool_)
    for i, (one, start, end) in enumerate(zip(lead.tolist(), from_us.tolist(), to_us.tolist(), strict=True)):
        rows = slice(log.offsets[one], log.offsets[one + 1])
        times = log.time_us[rows][log.direction[rows] == OUTBOUND]
        touched[i] = np.searchsorted(times, end, side="right") > np.searchsorted(times, start, side="right")
    return touched


def _win_after(paths: Paths, lead: Ints, from_us: Ints) -> Curve:
    state = paths.state[lead]
    outcome = np.where(state == WON, EVENT, np.where(state == OPEN, CENSORED, COMPETING)).astype(np.int8)
    return curve((paths.closed_us[lead] - from_us) / DAY_US, outcome)
