"""The pace of past leads: how soon won ones were touched and answered again, and how long leads stay in a stage."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from funnel.state.leads.paths import HERE, StagePaths, Visits
from funnel.state.leads.rows import rows_until
from funnel.state.leads.touches import Touches, touches_of
from funnel.state.stages import stay_incidence
from history.base.arrays import Floats, Ints
from history.history import offsets_of
from history.text.times import DAY_US, HOUR_US
from models.reasons.pace import Pace, stage_key

LONG = 0.9  # a stay or silence beyond this quantile is too long
FEWEST = 20  # gaps, stays or answers from which a quantile is taken


def learn_pace(paths: StagePaths, touches: Touches | None = None) -> Pace:
    """The pace of the leads known at paths.as_of_us."""
    if touches is None:
        touches = touches_of(paths, 0, paths.as_of_us + 1)
    return Pace(
        silent_days=dict(_silent_days(paths)),
        stuck_days=dict(_stuck_days(paths)),
        answer_hours=_answer_hours(paths, touches),
        has_touches=len(paths.history.interactions.time_us) > 0,
        has_outbound=touches.has_outbound,
    )


def _silent_days(paths: StagePaths) -> Iterator[tuple[str, float]]:
    """For each stage the days within which nine of ten gaps between touches ended, of leads that were won."""
    gaps = _gaps(paths)
    for place in np.unique(gaps.place).tolist():
        days = gaps.days[gaps.place == place]
        if len(days) >= FEWEST:
            yield stage_key(paths.name_of(place)), float(np.quantile(days, LONG))


@dataclass(frozen=True)
class _Gaps:
    """Days between successive touches of a won lead, and the place in which each gap began, (g,)."""

    place: Ints
    days: Floats


def _gaps(paths: StagePaths) -> _Gaps:
    log, visits = paths.history.interactions, paths.visits
    lead = log.lead
    rows = np.flatnonzero(lead[:-1] == lead[1:])
    lead = lead[rows]
    begin_us, end_us = log.time_us[rows], log.time_us[rows + 1]
    is_open = (begin_us >= paths.created_us[lead]) & (end_us <= paths.closed_us[lead])
    inside = paths.won[lead] & is_open
    lead, begin_us, end_us = lead[inside], begin_us[inside], end_us[inside]

    # The visit that a gap begins in is the last one that began by then.
    offsets = offsets_of(visits.lead, len(paths))
    visit = rows_until(offsets, visits.begin_us, lead, begin_us) - 1
    return _Gaps(visits.place[visit], (end_us - begin_us) / DAY_US)


def _stuck_days(paths: StagePaths) -> Iterator[tuple[str, float]]:
    """For each stage the days within which nine of ten visits ended."""
    for place in np.unique(paths.visits.place[paths.visits.place > 0]).tolist():
        in_place = paths.visits.place == place
        days = _long_stay(paths.visits.take(in_place & ~paths.is_implied[paths.visits.lead]))
        if math.isfinite(days):
            yield stage_key(paths.name_of(place)), days


def _long_stay(visits: Visits) -> float:
    """The LONG quantile of the stays, unfinished ones censored; else of the finished ones; else infinite.

    Infinite as well if most stays are unfinished: most leads are there, perhaps since losses are not recorded.
    """
    days = stay_incidence(visits).quantile(LONG)
    if not math.isnan(days):
        return days
    # Censoring hides the quantile if too few visits have lasted that long.
    ended = visits.take(visits.exit != HERE)
    is_usual = len(ended) >= FEWEST and 2 * len(ended) >= len(visits)
    return stay_incidence(ended).quantile(LONG) if is_usual else math.inf


def _answer_hours(paths: StagePaths, touches: Touches) -> float | None:
    """Hours within which half of the answered questions of won leads were answered; None if too few were."""
    of_won = touches.answered & paths.won[touches.question_lead]
    hours = (touches.answer_end_us - touches.asked_us)[of_won] / HOUR_US
    return float(np.median(hours)) if len(hours) >= FEWEST else None
