"""Wins, losses and money of the period: each lead once, by the decision that is in force at as_of."""

import numpy as np

from funnel.state.period import MONTH_DAYS, Record, View, number, quartiles, ratio
from funnel.state.stages import rate_record
from funnel.survival import CENSORED, COMPETING, EVENT, Curve, curve, wilson
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, LOST, OPEN, WON

LEAST_KNOWN = 0.5  # share of decided leads with a known amount for a win rate by amount
MOST_REASONS = 10


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
    low, high = wilson(wins / len(decided), len(decided)) if len(decided) else (None, None)
    return {
        "won": wins,
        "lost": losses,
        "win_rate": ratio(wins, wins + losses),
        "win_rate_low": low,
        "win_rate_high": high,
        "win_rate_by_amount": _by_amount(amount, won, known),
        "revenue": float(paid.sum()) if len(paid) else (0.0 if not wins else None),
        "revenue_per_month": float(paid.sum()) / view.period.days * MONTH_DAYS
        if len(paid) or not wins
        else None,
        "average_deal": float(paid.mean()) if len(paid) else None,
        "unknown_amounts": wins - len(paid),
        "lost_reasons": _reasons(view, decided[state == LOST]),
    }


def _by_amount(amount: Floats, won: Mask, known: Mask) -> float | None:
    """Won amount of the decided amount; None where too few of the wins or of the losses have one."""
    for kind in (won, ~won):
        if kind.any() and known[kind].mean() < LEAST_KNOWN:
            return None
    return ratio(float(amount[won & known].sum()), float(amount[known].sum()))


def _reasons(view: View, lost: Ints) -> Record:
    values = view.paths.history.outcomes.reason.values
    codes = view.paths.reason[lost]
    count = np.bincount(codes[codes >= 0], minlength=len(values))
    order = np.argsort(-count, kind="stable")[:MOST_REASONS]
    return {values[code]: int(count[code]) for code in order.tolist() if count[code]}


def to_win(view: View, lead: Ints) -> Curve:
    """From creation to the win in force; a loss competes; leads open at as_of are censored."""
    state = view.paths.state[lead]
    outcome = np.where(state == WON, EVENT, np.where(state == LOST, COMPETING, CENSORED)).astype(np.int8)
    return curve(open_days(view, lead), outcome)


def open_days(view: View, lead: Ints) -> Floats:
    """Days from creation to the closing in force, or to as_of."""
    return np.asarray((view.paths.closed_us[lead] - view.paths.created_us[lead]) / DAY_US)


def funnel_record(view: View) -> Record:
    """The leads created in the period: entered = open + won + lost at as_of, and the rate at which they are won."""
    lead = view.lead[view.period.holds(view.paths.created_us[view.lead])]
    by = np.bincount(view.paths.state[lead], minlength=3).tolist()
    return {
        "entered": len(lead),
        "open": by[OPEN],
        "won": by[WON],
        "lost": by[LOST],
        "win": rate_record(to_win(view, lead), view),
    }


def cycle(view: View) -> Record:
    """Days from creation to the win: of the period's wins, and of the leads created in it, those still open
    accounted for.

    Closing times that no column gave are left out, and leads with one of the cohort too.
    """
    created = view.lead[view.period.holds(view.paths.created_us[view.lead])]
    found = to_win(view, created[~view.paths.implied[created]])
    return {
        "calendar": quartiles(win_days(view)),
        "cohort": {
            "n": found.entered,
            "wins": found.events,
            **{
                name: number(found.given_event(share))
                for name, share in (("q25", 0.25), ("median", 0.5), ("q75", 0.75))
            },
        },
    }


def win_days(view: View) -> Floats:
    """Days from creation to the win of each of the period's wins that has a time of its own."""
    decided = decided_in(view)
    return open_days(view, decided[(view.paths.state[decided] == WON) & ~view.paths.implied[decided]])


def velocity(open_leads: int, money: Record, days: Record) -> Record:
    """Leads x win rate x average deal / cycle time: what the funnel brings a day, in currency and in wins."""
    mean, rate, deal = days["calendar"]["mean"], money["win_rate"], money["average_deal"]
    known = mean is not None and mean > 0 and rate is not None
    return {
        "leads": open_leads,
        "win_rate": rate,
        "average_deal": deal,
        "cycle_time_days": mean,
        "wins_per_day": open_leads * rate / mean if known else None,
        "revenue_per_day": open_leads * rate * deal / mean if known and deal is not None else None,
    }
