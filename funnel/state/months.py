"""The measures of a view month by month: calendar months in the funnel's time zone, cut to the period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from funnel.records import Record, finite, ratio
from funnel.state.activity import responses
from funnel.state.leads.paths import EXIT_WON, HERE, MOVED_ON, NO_STAGE
from funnel.state.money.deals import decided_in, open_days
from funnel.state.period import View
from history.base.arrays import Floats, Ints

ByMonth: TypeAlias = Sequence[float | None]


@dataclass(frozen=True)
class _Decisions:
    """By month (m,): closings, wins, wins with a known amount and their revenue, median days to the win."""

    closed: Ints
    won: Ints
    paid: Ints
    revenue: Floats
    cycle_days: list[float]


def month_records(view: View) -> list[Record]:
    """One record a month: leads created, decisions in force, revenue, cycle and response times, onward rates."""
    created_us = view.paths.created_us[view.lead]
    entered = _count(view.period.month_of(created_us), len(view.period.months))
    decisions = _decisions(view)
    response = _response_hours(view)
    onward = _onward_rates(view)
    records = []
    for m, month in enumerate(view.period.months):
        won, closed = int(decisions.won[m]), int(decisions.closed[m])
        paid, revenue = int(decisions.paid[m]), float(decisions.revenue[m])
        records.append(
            {
                "month": month.isoformat(),
                "entered": int(entered[m]),
                "won": won,
                "lost": closed - won,
                "win_rate": ratio(won, closed),
                "revenue": revenue if paid or not won else None,
                "average_deal": ratio(revenue, paid),
                "cycle_time_days": finite(decisions.cycle_days[m]),
                "response_hours": finite(response[m]),
                "stage_conversion": {name: rates[m] for name, rates in onward.items()},
            }
        )
    return records


def _decisions(view: View) -> _Decisions:
    paths, n = view.paths, len(view.period.months)
    decided = decided_in(view)
    month = view.period.month_of(paths.closed_us[decided])
    won, amount = paths.won[decided], paths.amount[decided]
    paid = won & np.isfinite(amount)
    timed = won & ~paths.is_implied[decided]
    return _Decisions(
        closed=_count(month, n),
        won=_count(month[won], n),
        paid=_count(month[paid], n),
        revenue=np.bincount(month[paid], weights=amount[paid], minlength=n).astype(np.float64),
        cycle_days=_medians(month[timed], open_days(view, decided[timed]), n),
    )


def _count(month: Ints, n: int) -> Ints:
    """Rows of each of n months; -1 is outside."""
    return np.bincount(month[month >= 0], minlength=n)


def _medians(month: Ints, values: Floats, n: int) -> list[float]:
    """Median of the values of each of n months, NaN without any."""
    order = np.argsort(month, kind="stable")
    parts = np.split(values[order], np.searchsorted(month[order], np.arange(1, n)))
    return [float(np.median(part)) if len(part) else np.nan for part in parts]


def _response_hours(view: View) -> list[float]:
    """Median hours to the answer of each month's questions, unanswered ones censored; NaN if unknown."""
    months = range(len(view.period.months))
    if not view.touches.has_outbound:
        return [np.nan] * len(months)
    month = view.period.month_of(view.touches.asked_us)
    return [responses(view, month == m).quantile(0.5) for m in months]


def _onward_rates(view: View) -> Mapping[str, ByMonth]:
    """By stage and month: the share of the visits that ended in the month which moved on or were won."""
    visits, n = view.visits, len(view.period.months)
    is_over = (visits.exit != HERE) & (visits.place != NO_STAGE)
    ended = visits.take(is_over & view.period.holds(visits.end_us))
    # One cell for each place and month, numbered row by row.
    cell = ended.place * n + view.period.month_of(ended.end_us)
    places = len(view.paths.names) + 1
    went_on = (ended.exit == MOVED_ON) | (ended.exit == EXIT_WON)
    exits = np.bincount(cell, minlength=places * n).reshape(places, n)
    onward = np.bincount(cell[went_on], minlength=places * n).reshape(places, n)

    rates: dict[str, ByMonth] = {}
    for place, name in enumerate(view.paths.names, start=1):
        pairs = zip(onward[place].tolist(), exits[place].tolist(), strict=True)
        rates[name] = [ratio(part, whole) for part, whole in pairs]
    return rates
