"""The same measures month by month: calendar months in the funnel's zone, cut to the period."""

import numpy as np

from funnel.state.activity import responses
from funnel.state.deals import decided_in, open_days
from funnel.state.paths import EXIT_WON, HERE, MOVED_ON, NO_STAGE
from funnel.state.period import Record, View, number, ratio
from history.arrays import Floats, Ints
from history.history import WON


def month_records(view: View) -> list[Record]:
    """One record a month: entrances, decisions in force, win rate, revenue, cycle and response time, onward
    rate by stage.
    """
    period, paths = view.period, view.paths
    n = len(period.months)
    entered = _count(period.month_of(paths.created_us[view.lead]), n)
    decided = decided_in(view)
    month, won = period.month_of(paths.closed_us[decided]), paths.state[decided] == WON
    wins, closed = _count(month[won], n), _count(month, n)
    amount = paths.amount[decided]
    paid = won & np.isfinite(amount)
    revenue = np.bincount(month[paid], weights=amount[paid], minlength=n)
    known = _count(month[paid], n)
    timed = won & ~paths.implied[decided]
    cycle = _medians(month[timed], open_days(view, decided[timed]), n)
    response = _response_hours(view)
    shares = _onward(view)
    return [
        {
            "month": period.months[m].isoformat(),
            "entered": int(entered[m]),
            "won": int(wins[m]),
            "lost": int(closed[m] - wins[m]),
            "win_rate": ratio(int(wins[m]), int(closed[m])),
            "revenue": float(revenue[m]) if known[m] or not wins[m] else None,
            "average_deal": ratio(float(revenue[m]), int(known[m])),
            "cycle_time_days": number(cycle[m]),
            "response_hours": number(response[m]),
            "stage_conversion": {name: share[m] for name, share in shares.items()},
        }
        for m in range(n)
    ]


def _count(month: Ints, n: int) -> Ints:
    return np.bincount(month[month >= 0], minlength=n)


def _medians(month: Ints, values: Floats, n: int) -> list[float]:
    order = np.argsort(month, kind="stable")
    parts = np.split(values[order], np.searchsorted(month[order], np.arange(1, n)))
    return [float(np.median(part)) if len(part) else np.nan for part in parts]


def _response_hours(view: View) -> list[float]:
    """The median hours of each month's questions, those without an answer yet accounted for."""
    if not view.touches.directed:
        return [np.nan] * len(view.period.months)
    month = view.period.month_of(view.touches.asked_us)
    return [responses(view, month == m).quantile(0.5) for m in range(len(view.period.months))]


def _onward(view: View) -> dict[str, list[float | None]]:
    """Of the visits of a stage that ended in each month, the share that moved on or was won."""
    visits, n = view.visits, len(view.period.months)
    ended = visits.take((visits.left != HERE) & (visits.place != NO_STAGE) & view.period.holds(visits.end_us))
    month = view.period.month_of(ended.end_us)
    cell = ended.place * n + month
    size = (len(view.paths.names) + 1) * n
    exits = np.bincount(cell, minlength=size)
    on = np.bincount(cell[(ended.left == MOVED_ON) | (ended.left == EXIT_WON)], minlength=size)
    return {
        name: [ratio(int(on[place * n + m]), int(exits[place * n + m])) for m in range(n)]
        for place, name in enumerate(view.paths.names, start=1)
    }
