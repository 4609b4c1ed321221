"""Each stage's ledger, occupancy, conversion and times: over the visits that began in the period, and by calendar."""

from typing import Any

import numpy as np

from funnel.state.paths import (
    BACK,
    ENTRIES,
    EXIT_LOST,
    EXIT_WON,
    EXITS,
    HERE,
    MOVED_BACK,
    MOVED_ON,
    NO_STAGE,
    Visits,
)
from funnel.state.period import Record, View, number, quartiles, ratio
from funnel.survival import CENSORED, COMPETING, EVENT, Curve, curve
from history.arrays import Floats, Ints, Mask
from history.compiled import compiled
from history.history import DAY_US, LOST, OPEN, WON

GONE = tuple(range(MOVED_ON, EXIT_LOST + 1))


def stage_records(view: View) -> list[Record]:
    """One record a stage in their order; before them, stage null, the wait for the first one, where any lead waited."""
    higher = next_higher(view.visits)
    order = np.argsort(view.visits.place, kind="stable")
    bounds = np.searchsorted(view.visits.place[order], np.arange(len(view.paths.names) + 2))
    records = []
    for place in range(len(view.paths.names) + 1):
        rows = order[bounds[place] : bounds[place + 1]]
        if place == NO_STAGE and not len(rows):
            continue
        visits = view.visits.take(rows)
        name = None if place == NO_STAGE else view.paths.names[place - 1]
        records.append({"stage": name, **_stage(view, visits, higher[rows])})
    return records


def _stage(view: View, visits: Visits, higher: Ints) -> Record:
    began = view.period.holds(visits.begin_us)
    entered = visits.take(began)
    ended = visits.take((visits.left != HERE) & view.period.holds(visits.end_us))
    first = began & ~visits.again
    timed = entered.take(~unmeasured(view, entered))
    return {
        "ledger": ledger(entered, view.paths.names),
        "now": _now(view, visits),
        "conversion": {
            "onward": rate_record(onward(view, visits.take(first), higher[first]), view),
            "win": rate_record(win(view, visits.take(first)), view),
        },
        "calendar": _calendar(view, visits, ended),
        "days_in_stage": duration_record(in_stage(timed)),
    }


def ledger(entered: Visits, names: Any) -> Record:
    """What became of n entries: they are those here now, moved on, moved back, won and lost, together."""
    by = np.bincount(entered.left, minlength=len(EXITS)).tolist()
    came = np.bincount(entered.came, minlength=len(ENTRIES)).tolist()
    jumped = (entered.left == MOVED_ON) & (entered.to > entered.place + 1) & (entered.place != NO_STAGE)
    to = np.bincount(entered.to[entered.to > 0], minlength=len(names) + 1).tolist()
    return {
        "entries": len(entered),
        "first_entries": int((~entered.again).sum()),
        "re_entries": int(entered.again.sum()),
        "entered_by": dict(zip(ENTRIES, came, strict=True)),
        "there_now": by[HERE],
        "moved_on": by[MOVED_ON],
        "skipped_ahead": int(jumped.sum()),
        "moved_back": by[MOVED_BACK],
        "won": by[EXIT_WON],
        "lost": by[EXIT_LOST],
        "next": {name: to[place] for place, name in enumerate(names, start=1) if to[place]},
    }


def _now(view: View, visits: Visits) -> Record:
    """Leads in the stage at as_of, whenever they came, and their days there and since creation."""
    here = visits.take(visits.left == HERE)
    age = (view.paths.as_of_us - view.paths.created_us[here.lead]) / DAY_US
    return {
        "leads": len(here),
        "days_there": quartiles((view.paths.as_of_us - here.begin_us) / DAY_US),
        "days_old": quartiles(age),
    }


def _calendar(view: View, visits: Visits, ended: Visits) -> Record:
    """What happened in the period, whenever the visits began:
    there at its start + entries - exits = there at its end.
    """
    period = view.period
    by = np.bincount(ended.left, minlength=len(EXITS)).tolist()
    exits, start = len(ended), int(there(visits, period.from_us).sum())
    entries = int(period.holds(visits.begin_us).sum())
    decided = np.unique(visits.lead[view.paths.state[visits.lead] != OPEN])
    decided = decided[period.holds(view.paths.closed_us[decided])]
    return {
        "there_at_start": start,
        "entries": entries,
        **{name: by[code] for code, name in enumerate(EXITS) if code in GONE},
        "there_at_end": int(there(visits, period.to_us).sum()),
        "onward_rate": ratio(by[MOVED_ON] + by[EXIT_WON], exits),
        "win_rate": ratio(int((view.paths.state[decided] == WON).sum()), len(decided)),
        "churn_rate": ratio(by[EXIT_LOST], start + entries),
        "exits_per_day": exits / period.days,
        "onward_per_day": (by[MOVED_ON] + by[EXIT_WON]) / period.days,
    }


def there(visits: Visits, instant_us: int) -> Mask:
    """Visits that go on just before an instant."""
    begun: Mask = visits.begin_us < instant_us
    return np.asarray(begun & ((visits.left == HERE) | (visits.end_us >= instant_us)))


def unmeasured(view: View, visits: Visits) -> Mask:
    """Visits that end with a closing whose time no column gave: their length says nothing."""
    closing: Mask = (visits.left == EXIT_WON) | (visits.left == EXIT_LOST)
    return np.asarray(closing & view.paths.implied[visits.lead])


def in_stage(visits: Visits) -> Curve:
    """Days from entering to leaving, visits that go on censored."""
    days = (visits.end_us - visits.begin_us) / DAY_US
    return curve(days, np.where(visits.left == HERE, CENSORED, EVENT).astype(np.int8))


def onward(view: View, first: Visits, higher: Ints) -> Curve:
    """From the first entry to the first later entry of any later stage or the win; a loss competes; open
    leads censored.

    higher (m,): when that later stage began, -1 for never. Moves back do not end it, and a loss that was
    reopened is none.
    """
    state, closed_us = view.paths.state[first.lead], view.paths.closed_us[first.lead]
    on = (higher >= 0) | (state == WON)
    end_us = np.where(higher >= 0, higher, np.maximum(closed_us, first.begin_us))
    return _curve(first.begin_us, end_us, on, ~on & (state == LOST))


def win(view: View, first: Visits) -> Curve:
    """From the first entry to the win; a loss competes; leads open at as_of are censored."""
    state, closed_us = view.paths.state[first.lead], view.paths.closed_us[first.lead]
    return _curve(first.begin_us, np.maximum(closed_us, first.begin_us), state == WON, state == LOST)


def _curve(begin_us: Ints, end_us: Ints, event: Mask, other: Mask) -> Curve:
    days: Floats = (end_us - begin_us) / DAY_US
    return curve(days, np.where(event, EVENT, np.where(other, COMPETING, CENSORED)).astype(np.int8))


def rate_record(found: Curve, view: View) -> Record:
    """A conversion: leads that began, how many had the event so far, and the rate with censoring accounted for.

    The rate is null as long as nothing happened to any of them: young leads are not lost ones.
    """
    low, high = found.interval()
    happened = len(found.days) > 0
    horizon = view.paths.history.config.horizon_days
    return {
        "leads": found.entered,
        "so_far": found.events,
        "ended_otherwise": found.competing,
        "open": found.censored,
        "rate": number(found.rate) if happened else None,
        "rate_low": number(low),
        "rate_high": number(high),
        "rate_in_horizon": number(found.at(horizon)) if happened else None,
        "observed_days": number(float(found.days[-1])) if happened else None,
        "median_days": number(found.given_event(0.5)),
    }


def duration_record(found: Curve) -> Record:
    """A time as a distribution, those that have not ended yet accounted for (Kaplan and Meier 1958)."""
    return {
        "n": found.entered,
        "ended": found.events,
        "open": found.censored,
        **{
            name: number(found.quantile(share))
            for name, share in (("q25", 0.25), ("median", 0.5), ("q75", 0.75))
        },
    }


def next_higher(visits: Visits) -> Ints:
    """When each visit's lead next began a visit of a later place, -1 for never (m,)."""
    out = np.full(len(visits), -1, dtype=np.int64)
    _next_higher(out, visits.lead, visits.place, visits.begin_us)
    return out


@compiled()
def _next_higher(out: Ints, lead: Ints, place: Ints, begin: Ints) -> None:
    waiting = np.empty(len(lead), dtype=np.int64)
    n = 0
    for row in range(len(lead) - 1, -1, -1):
        if n and lead[waiting[n - 1]] != lead[row]:
            n = 0
        while n and place[waiting[n - 1]] <= place[row]:
            n -= 1
        if n:
            out[row] = begin[waiting[n - 1]]
        waiting[n] = row
        n += 1


def flow_ledger(view: View) -> Record:
    """Open at the period's start + entered + reopened - won - lost = open at its end, closings that were
    reopened included.
    """
    visits, period = view.visits, view.period
    left = visits.left[(visits.left > MOVED_BACK) & period.holds(visits.end_us)]
    entered = int(period.holds(view.paths.created_us[view.lead]).sum())
    begun = view.visits.came[period.holds(visits.begin_us)]
    return {
        "open_at_start": int(there(visits, period.from_us).sum()),
        "entered": entered,
        "reopened": int((begun == ENTRIES.index("reopened")).sum()),
        "won": int((left == EXIT_WON).sum()),
        "lost": int((left == EXIT_LOST).sum()),
        "open_at_end": int(there(visits, period.to_us).sum()),
        "moves_back": int((begun == BACK).sum()),
        "skips": int((begun == ENTRIES.index("skip")).sum()),
        "entered_per_day": entered / period.days,
        "closed_per_day": len(left) / period.days,
    }
