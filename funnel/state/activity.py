"""Work on the leads of a view: touches, follow-ups, and the time until they were answered."""

import numpy as np

from funnel.records import QUARTILES, Record, finite, ratio
from funnel.state.leads.touches import NEVER
from funnel.state.period import View
from funnel.survival import CumulativeIncidence, kaplan_meier
from history.base.arrays import Mask
from history.history import OPEN
from history.text.times import HOUR_US

OUTBOUND_KEYS = (
    "follow_ups",
    "follow_ups_per_lead",
    "first_response_hours",
    "response_hours",
    "waiting_for_answer",
)  # figures that need the direction of touches


def activity(view: View) -> Record:
    """Touches and follow-ups of the period, and response times in hours.

    Follow-ups and responses are null if the log has no outbound touches.
    """
    touches, lead = view.touches, view.lead
    touch_count = int(touches.touch_count[lead].sum())
    worked = _worked(view)
    counts = {
        "leads_open_in_period": worked,
        "touches": touch_count,
        "touches_per_lead": ratio(touch_count, worked),
    }
    if not touches.has_outbound:
        return {**counts, **dict.fromkeys(OUTBOUND_KEYS)}
    follow_ups = int(touches.follow_up_count[lead].sum())
    return {
        **counts,
        "follow_ups": follow_ups,
        "follow_ups_per_lead": ratio(follow_ups, worked),
        "first_response_hours": hours_record(first_response(view)),
        "response_hours": hours_record(responses(view)),
        "waiting_for_answer": _waiting(view),
    }


def _worked(view: View) -> int:
    """Leads open at any time in the period; as for touches, a closing that was reopened does not end a lead."""
    paths, lead = view.paths, view.lead
    created = paths.created_us[lead] < view.period.to_us
    return int((created & (paths.closed_us[lead] >= view.period.from_us)).sum())


def first_response(view: View) -> CumulativeIncidence:
    """Hours from creation to our first outbound touch, of leads created in the period; closings and as_of censor."""
    paths, lead = view.paths, view.created
    first_us = view.touches.first_outbound_us[lead]
    answered = first_us != NEVER
    end_us = np.where(answered, first_us, paths.closed_us[lead])
    return kaplan_meier((end_us - paths.created_us[lead]) / HOUR_US, answered)


def responses(view: View, rows: Mask | None = None) -> CumulativeIncidence:
    """Hours from each question to our next outbound touch; closings and as_of censor.

    rows (q,) marks the questions; None: those of the period.
    """
    touches = view.touches
    rows = view.period.holds(touches.asked_us) if rows is None else rows
    hours = (touches.answer_end_us[rows] - touches.asked_us[rows]) / HOUR_US
    return kaplan_meier(hours, touches.answered[rows])


def hours_record(times: CumulativeIncidence) -> Record:
    return {
        "n": times.entered,
        "answered": times.events,
        **{name: finite(times.quantile(share)) for name, share in QUARTILES.items()},
        "answered_in_a_day": finite(times.at(24.0)),
    }


def _waiting(view: View) -> int:
    """Leads open at as_of whose last question has no answer."""
    unanswered = view.touches.question_lead[~view.touches.answered]
    return int((view.paths.state[unanswered] == OPEN).sum())
