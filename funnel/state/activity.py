"""How the leads of a view were worked: touches, follow-ups, and the time until they were answered."""

import numpy as np

from funnel.state.period import Record, View, number, ratio
from funnel.state.touches import NEVER
from funnel.survival import CENSORED, EVENT, Curve, curve
from history.arrays import Ints, Mask
from history.history import HOUR_US, OPEN


def activity(view: View) -> Record:
    """Touches and follow-ups in the period, and response times in hours;
    null where the log has no outbound direction.
    """
    touches, lead = view.touches, view.lead
    touched, followed = int(touches.touched[lead].sum()), int(touches.followed[lead].sum())
    worked = _worked(view)
    directed = touches.directed
    return {
        "leads_open_in_period": worked,
        "touches": touched,
        "touches_per_lead": ratio(touched, worked),
        "follow_ups": followed if directed else None,
        "follow_ups_per_lead": ratio(followed, worked) if directed else None,
        "first_response_hours": hours_record(first_response(view)) if directed else None,
        "response_hours": hours_record(responses(view)) if directed else None,
        "waiting_for_answer": _waiting(view) if directed else None,
    }


def _worked(view: View) -> int:
    """Leads open at any time in the period; a closing that was reopened ends nothing, as for touches."""
    paths, lead = view.paths, view.lead
    there = (paths.created_us[lead] < view.period.to_us) & (paths.closed_us[lead] >= view.period.from_us)
    return int(there.sum())


def first_response(view: View) -> Curve:
    """From creation to our first outbound touch, for leads created in the period; closings and as_of censor."""
    paths = view.paths
    lead = view.lead[view.period.holds(paths.created_us[view.lead])]
    first = view.touches.first_us[lead]
    return _hours(
        paths.created_us[lead], np.where(first == NEVER, paths.closed_us[lead], first), first != NEVER
    )


def responses(view: View, rows: Mask | None = None) -> Curve:
    """From each inbound touch of the period, when none was waiting already, to our next outbound; closings
    and as_of censor.
    """
    touches = view.touches
    rows = view.period.holds(touches.asked_us) if rows is None else rows
    return _hours(touches.asked_us[rows], touches.settled_us[rows], touches.answered[rows])


def _hours(begin_us: Ints, end_us: Ints, ended: Mask) -> Curve:
    return curve((end_us - begin_us) / HOUR_US, np.where(ended, EVENT, CENSORED).astype(np.int8))


def hours_record(found: Curve) -> Record:
    return {
        "n": found.entered,
        "answered": found.events,
        **{
            name: number(found.quantile(share))
            for name, share in (("q25", 0.25), ("median", 0.5), ("q75", 0.75))
        },
        "answered_in_a_day": number(found.at(24.0)),
    }


def _waiting(view: View) -> int:
    """Leads open at as_of whose last question has no answer."""
    unanswered = view.touches.asked_lead[~view.touches.answered]
    return int((view.paths.state[unanswered] == OPEN).sum())
