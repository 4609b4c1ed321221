"""The instants from which open leads need attention: facts of each lead, and the pace of past ones as limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from funnel.state.leads.paths import HERE, StagePaths
from funnel.state.leads.touches import NEVER, Touches
from history.base.arrays import Floats, Ints
from history.text.times import DAY_US, HOUR_US
from models.reasons.pace import Pace

ANSWER_HOURS: Final = 24.0
HIGH_VALUE_SILENCE_DAYS: Final = 7.0
NOT_DUE: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class OpenFacts:
    """Facts of m open leads, columns (m,).

    lead: index in the paths. stage: the current one, None before the first. entered_us: the begin of the stay there.
    last_touch_us and asked_us, the first inbound touch since the last outbound one: NEVER if missing.
    """

    lead: Ints
    stage: Sequence[str | None]
    created_us: Ints
    entered_us: Ints
    last_touch_us: Ints
    asked_us: Ints

    @property
    def silent_since_us(self) -> Ints:
        """The last touch, or the creation (m,)."""
        return np.maximum(self.last_touch_us, self.created_us)


@dataclass(frozen=True)
class DueTimes:
    """The instants (m,) after which each rule holds if nothing happens; NOT_DUE for never."""

    unanswered_us: Ints
    silent_us: Ints
    stuck_us: Ints
    untouched_us: Ints


def open_facts(paths: StagePaths, touches: Touches) -> OpenFacts:
    """The facts of the leads that are open at paths.as_of_us, in their order."""
    here = paths.visits.take(paths.visits.exit == HERE)
    asked_us = np.full(len(paths), NEVER, dtype=np.int64)
    waiting = ~touches.answered
    asked_us[touches.question_lead[waiting]] = touches.asked_us[waiting]
    return OpenFacts(
        lead=here.lead,
        stage=[paths.name_of(place) for place in here.place.tolist()],
        created_us=paths.created_us[here.lead],
        entered_us=here.begin_us,
        last_touch_us=touches.last_touch_us[here.lead],
        asked_us=asked_us[here.lead],
    )


def answer_limit(targets: Mapping[str, Any]) -> float:
    """Hours within which a question is to be answered: the target's, else a day."""
    return float(targets.get("response_time_hours", ANSWER_HOURS))


def due_times(facts: OpenFacts, pace: Pace, answer_hours: float) -> DueTimes:
    """When each rule begins to hold. A rule without its limit, or without records of touches, never does."""
    silent_us = facts.silent_since_us
    unanswered_us = np.where(facts.asked_us == NEVER, NOT_DUE, facts.asked_us + round(answer_hours * HOUR_US))
    never = np.full(len(facts.lead), NOT_DUE, dtype=np.int64)
    return DueTimes(
        unanswered_us=unanswered_us if pace.has_outbound else never,
        silent_us=_after(silent_us, [pace.silent_limit(stage) for stage in facts.stage]),
        stuck_us=_after(facts.entered_us, [pace.stuck_limit(stage) for stage in facts.stage]),
        # Without any interaction nobody records contacts: the time since the creation is no silence.
        untouched_us=silent_us + round(HIGH_VALUE_SILENCE_DAYS * DAY_US) if pace.has_touches else never,
    )


def _after(since_us: Ints, limits: Sequence[float | None]) -> Ints:
    """Each instant (m,) plus its limit in days; NOT_DUE without one."""
    days: Floats = np.array(limits, dtype=np.float64)
    known = np.isfinite(days)
    limit_us = np.round(np.where(known, days, 0.0) * DAY_US).astype(np.int64)
    return np.where(known, since_us + limit_us, NOT_DUE)
