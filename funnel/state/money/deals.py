"""Wins, losses and revenue of the period: each lead once, by the decision in force at as_of."""

import numpy as np

from funnel.dates import MONTH_DAYS
from funnel.records import QUARTILES, Record, finite, quartiles, ratio
from funnel.state.period import View
from funnel.state.stages import conversion_record
from funnel.survival import CumulativeIncidence, aalen_johansen, outcomes
from history.base.arrays import Floats, Ints, Mask
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US
from models.figures.intervals import rate_interval

LEAST_KNOWN = 0.5  # share of wins, and of losses, with an amount from which a win rate by amount is given
MAX_REASONS = 10


def decided_in(view: View) -> Ints:
    """The leads whose decision in force lies in the period."""
    state, closed_us = view.paths.state[view.lead], view.paths.closed_us[view.lead]
    return np.asarray(view.lead[(state != OPEN) & view.period.holds(closed_us)])


def deals(view: View) -> Record:
    """Counts, win rate by number and by amount, revenue and average deal of the period's decisions."""
    decided = decided_in(view)
    state, amount = view.paths.state[decided], view.paths.amount[decided]
    won, known = state == WON, np.isfinite(amount)
    wins, losses = int(won.sum()), int((state == LOST).sum())
    paid = amount[won & known]
    revenue = float(paid.sum()) if len(paid) or not wins else None
    low, high = rate_interval(wins / len(decided), len(decided)) if len(decided) else (None, None)
    return {
        "won": wins,
        "lost": losses,
        "win_rate": ratio(wins, wins + losses),
        "win_rate_low": low,
        "win_rate_high": high,
        "win_rate_by_amount": _win_rate_by_amount(amount, won, known),
        "revenue": revenue,
        "revenue_per_month": None if revenue is None else revenue / view.period.days * MONTH_DAYS,
        "average_deal": float(paid.mean()) if len(paid) else None,
        "unknown_amounts": wins - len(paid),
        "lost_reasons": _reasons(view, decided[state == LOST]),
    }


def _win_rate_by_amount(amount: Floats, won: Mask, known: Mask) -> float | None:
    """Won share of the decided amount; None if too few of the wins or of the losses have an amount."""
    for kind in (won, ~won):
        if kind.any() and known[kind].mean() < LEAST_KNOWN:
            return None
    return ratio(float(amount[won & known].sum()), float(amount[known].sum()))


def _reasons(view: View, lost: Ints) -> Record:
    """The most frequent reasons of losses, with their counts."""
    values = view.paths.history.decisions.reason.values
    codes = view.paths.reason[lost]
    count = np.bincount(codes[codes >= 0], minlength=len(values))
    reasons = {}
    for code in np.argsort(-count, kind="stable")[:MAX_REASONS].tolist():
        if count[code]:
            reasons[values[code]] = int(count[code])
    return reasons


def win_incidence_of(view: View, lead: Ints) -> CumulativeIncidence:
    """Days from creation to the win in force; a loss competes, leads open at as_of are censored."""
    state = view.paths.state[lead]
    outcome = outcomes(event=state == WON, competing=state == LOST)
    return aalen_johansen(open_days(view, lead), outcome)


def open_days(view: View, lead: Ints) -> Floats:
    """Days from creation to the closing in force, or to as_of (n,)."""
    return np.asarray((view.paths.closed_us[lead] - view.paths.created_us[lead]) / DAY_US)


def funnel_record(view: View) -> Record:
    """The leads created in the period: entered = open + won + lost at as_of, and their conversion to the win."""
    lead = view.created
    by_state = np.bincount(view.paths.state[lead], minlength=3).tolist()
    return {
        "entered": len(lead),
        "open": by_state[OPEN],
        "won": by_state[WON],
        "lost": by_state[LOST],
        "win": conversion_record(win_incidence_of(view, lead), view),
    }


def cycle_time(view: View) -> Record:
    """Days from creation to the win: of the period's wins, and of its cohort with open leads censored.

    Leads with an implied closing time are left out.
    """
    created = view.created
    cohort = win_incidence_of(view, created[~view.paths.is_implied[created]])
    return {
        "calendar": quartiles(win_days(view)),
        "cohort": {
            "n": cohort.entered,
            "wins": cohort.events,
            **{name: finite(cohort.quantile_of_events(share)) for name, share in QUARTILES.items()},
        },
    }


def win_days(view: View) -> Floats:
    """Days from creation to the win of each win of the period with a given closing time."""
    decided = decided_in(view)
    return open_days(view, decided[view.paths.won[decided] & ~view.paths.is_implied[decided]])


def velocity(open_leads: int, money: Record, days: Record) -> Record:
    """Leads x win rate x average deal / cycle time: revenue a day, and wins a day.

    money: of `deals`; days: of `cycle_time`.
    """
    mean, rate, deal = days["calendar"]["mean"], money["win_rate"], money["average_deal"]
    wins_per_day = revenue_per_day = None
    if mean is not None and mean > 0 and rate is not None:
        wins_per_day = open_leads * rate / mean
        if deal is not None:
            revenue_per_day = open_leads * rate * deal / mean
    return {
        "leads": open_leads,
        "win_rate": rate,
        "average_deal": deal,
        "cycle_time_days": mean,
        "wins_per_day": wins_per_day,
        "revenue_per_day": revenue_per_day,
    }
