"""Stages: ledger, occupancy, conversion and times of the visits that began in the period, and calendar counts."""

from collections.abc import Sequence

import numpy as np

from funnel.records import QUARTILES, Record, finite, quartiles, ratio
from funnel.state.leads.paths import (
    BACK,
    ENTRIES,
    EXIT_LOST,
    EXIT_WON,
    EXITS,
    HERE,
    MOVED_BACK,
    MOVED_ON,
    NO_STAGE,
    REOPENED,
    SKIPPED,
    Visits,
)
from funnel.state.period import View
from funnel.survival import CumulativeIncidence, aalen_johansen, kaplan_meier, outcomes
from history.base.arrays import Floats, Ints, Mask
from history.base.compiled import compiled
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US

ENDED = tuple(range(MOVED_ON, EXIT_LOST + 1))  # exits of visits that are over


def stage_records(view: View) -> list[Record]:
    """One record a stage, in order; first, with stage null, the wait before the first stage, if any lead waited."""
    visits, names = view.visits, [None, *view.paths.names]
    higher_us = next_higher_us(visits)
    # Sorted once by place, so that each stage is a slice: a mask a stage would read every visit again.
    order = np.argsort(visits.place, kind="stable")
    bounds = np.searchsorted(visits.place[order], np.arange(len(names) + 1))
    records = []
    for place, name in enumerate(names):
        rows = order[bounds[place] : bounds[place + 1]]
        if place == NO_STAGE and not len(rows):
            continue
        record = _stage_record(view, visits.take(rows), higher_us[rows])
        records.append({"stage": name, **record})
    return records


def _stage_record(view: View, visits: Visits, higher_us: Ints) -> Record:
    """One stage; higher_us (m,) as in `onward_incidence`."""
    began = view.period.holds(visits.begin_us)
    entered = visits.take(began)
    first = began & ~visits.is_return
    first_visits = visits.take(first)
    timed = entered.take(~has_unknown_length(view, entered))
    onward = onward_incidence(view, first_visits, higher_us[first])
    return {
        "ledger": ledger(entered, view.paths.names),
        "now": _now(view, visits),
        "conversion": {
            "onward": conversion_record(onward, view),
            "win": conversion_record(win_incidence(view, first_visits), view),
        },
        "calendar": _calendar(view, visits),
        "days_in_stage": duration_record(stay_incidence(timed)),
    }


def ledger(entered: Visits, names: Sequence[str]) -> Record:
    """Fates of m entries: here now, moved on, moved back, won and lost add up to them."""
    by_exit = np.bincount(entered.exit, minlength=len(EXITS)).tolist()
    by_entry = np.bincount(entered.entry, minlength=len(ENTRIES)).tolist()
    next_place = entered.next_place
    by_next = np.bincount(next_place[next_place > 0], minlength=len(names) + 1).tolist()
    next_stages = {}
    for place, name in enumerate(names, start=1):
        if by_next[place]:
            next_stages[name] = by_next[place]
    # The wait before the first stage may end in any stage without skipping one.
    skipped = (entered.exit == MOVED_ON) & (next_place > entered.place + 1) & (entered.place != NO_STAGE)
    return {
        "entries": len(entered),
        "first_entries": int((~entered.is_return).sum()),
        "re_entries": int(entered.is_return.sum()),
        "entered_by": dict(zip(ENTRIES, by_entry, strict=True)),
        "there_now": by_exit[HERE],
        "moved_on": by_exit[MOVED_ON],
        "skipped_ahead": int(skipped.sum()),
        "moved_back": by_exit[MOVED_BACK],
        "won": by_exit[EXIT_WON],
        "lost": by_exit[EXIT_LOST],
        "next": next_stages,
    }


def _now(view: View, visits: Visits) -> Record:
    """Leads in the stage at as_of, whenever they entered, with days in it and days since creation."""
    here = visits.take(visits.exit == HERE)
    as_of_us = view.paths.as_of_us
    return {
        "leads": len(here),
        "days_there": quartiles((as_of_us - here.begin_us) / DAY_US),
        "days_old": quartiles((as_of_us - view.paths.created_us[here.lead]) / DAY_US),
    }


def _calendar(view: View, visits: Visits) -> Record:
    """Events of the period, whenever the visits began: there at start + entries - exits = there at end."""
    period, paths = view.period, view.paths
    ended = visits.take((visits.exit != HERE) & period.holds(visits.end_us))
    by_exit = np.bincount(ended.exit, minlength=len(EXITS)).tolist()
    moved_on = by_exit[MOVED_ON] + by_exit[EXIT_WON]
    start = int(is_there(visits, period.from_us).sum())
    entries = int(period.holds(visits.begin_us).sum())
    decided = np.unique(visits.lead[paths.state[visits.lead] != OPEN])
    decided = decided[period.holds(paths.closed_us[decided])]
    return {
        "there_at_start": start,
        "entries": entries,
        **{EXITS[code]: by_exit[code] for code in ENDED},
        "there_at_end": int(is_there(visits, period.to_us).sum()),
        "onward_rate": ratio(moved_on, len(ended)),
        "win_rate": ratio(int((paths.state[decided] == WON).sum()), len(decided)),
        "churn_rate": ratio(by_exit[EXIT_LOST], start + entries),
        "exits_per_day": len(ended) / period.days,
        "onward_per_day": moved_on / period.days,
    }


def is_there(visits: Visits, instant_us: int) -> Mask:
    """Whether each visit goes on just before an instant, (m,)."""
    begun: Mask = visits.begin_us < instant_us
    return np.asarray(begun & ((visits.exit == HERE) | (visits.end_us >= instant_us)))


def has_unknown_length(view: View, visits: Visits) -> Mask:
    """Whether each visit ends with a closing whose time is implied: its length has no meaning."""
    closing: Mask = (visits.exit == EXIT_WON) | (visits.exit == EXIT_LOST)
    return np.asarray(closing & view.paths.is_implied[visits.lead])


def stay_incidence(visits: Visits) -> CumulativeIncidence:
    """Days from entering to leaving; visits that go on are censored."""
    return kaplan_meier((visits.end_us - visits.begin_us) / DAY_US, visits.exit != HERE)


def onward_incidence(view: View, first: Visits, higher_us: Ints) -> CumulativeIncidence:
    """Days from the first entry to the first later entry of any later stage, or to the win.

    A loss competes, open leads are censored. higher_us (m,): begin of that later stage, -1 for never. Moves back do not
    end the time, and a loss that was reopened does not compete.
    """
    state, closed_us = view.paths.state[first.lead], view.paths.closed_us[first.lead]
    went_on = (higher_us >= 0) | (state == WON)
    end_us = np.where(higher_us >= 0, higher_us, np.maximum(closed_us, first.begin_us))
    return _competing(first.begin_us, end_us, went_on, ~went_on & (state == LOST))


def win_incidence(view: View, first: Visits) -> CumulativeIncidence:
    """Days from the first entry to the win; a loss competes, leads open at as_of are censored."""
    state, closed_us = view.paths.state[first.lead], view.paths.closed_us[first.lead]
    return _competing(first.begin_us, np.maximum(closed_us, first.begin_us), state == WON, state == LOST)


def _competing(begin_us: Ints, end_us: Ints, event: Mask, competing: Mask) -> CumulativeIncidence:
    days: Floats = (end_us - begin_us) / DAY_US
    return aalen_johansen(days, outcomes(event, competing))


def conversion_record(incidence: CumulativeIncidence, view: View) -> Record:
    """A conversion: leads, events so far, and the rate with open leads censored.

    The rate is null until the first event or competing event: leads that are merely young are not lost.
    """
    low, high = incidence.interval()
    happened = len(incidence.days) > 0
    horizon = view.paths.history.config.horizon_days
    return {
        "leads": incidence.entered,
        "so_far": incidence.events,
        "ended_otherwise": incidence.competing,
        "open": incidence.censored,
        "rate": finite(incidence.final) if happened else None,
        "rate_low": finite(low),
        "rate_high": finite(high),
        "rate_in_horizon": finite(incidence.at(horizon)) if happened else None,
        "observed_days": finite(float(incidence.days[-1])) if happened else None,
        "median_days": finite(incidence.quantile_of_events(0.5)),
    }


def duration_record(times: CumulativeIncidence) -> Record:
    """A duration's quartiles, unfinished ones censored (Kaplan and Meier 1958)."""
    return {
        "n": times.entered,
        "ended": times.events,
        "open": times.censored,
        **{name: finite(times.quantile(share)) for name, share in QUARTILES.items()},
    }


def next_higher_us(visits: Visits) -> Ints:
    """When each visit's lead next began a visit of a later place, -1 for never (m,)."""
    out = np.full(len(visits), -1, dtype=np.int64)
    _next_higher(out, visits.lead, visits.place, visits.begin_us)
    return out


@compiled()
def _next_higher(out: Ints, lead: Ints, place: Ints, begin: Ints) -> None:
    """A stack of rows with rising places, walked from the end (next greater element)."""
    stack = np.empty(len(lead), dtype=np.int64)
    n = 0
    for row in range(len(lead) - 1, -1, -1):
        if n and lead[stack[n - 1]] != lead[row]:
            n = 0
        while n and place[stack[n - 1]] <= place[row]:
            n -= 1
        if n:
            out[row] = begin[stack[n - 1]]
        stack[n] = row
        n += 1


def flow_ledger(view: View) -> Record:
    """Open at start + entered + reopened - won - lost = open at end, closings that were reopened included."""
    visits, period = view.visits, view.period
    is_closing = (visits.exit == EXIT_WON) | (visits.exit == EXIT_LOST)
    closings = visits.exit[is_closing & period.holds(visits.end_us)]
    entries = visits.entry[period.holds(visits.begin_us)]
    entered = len(view.created)
    return {
        "open_at_start": int(is_there(visits, period.from_us).sum()),
        "entered": entered,
        "reopened": int((entries == REOPENED).sum()),
        "won": int((closings == EXIT_WON).sum()),
        "lost": int((closings == EXIT_LOST).sum()),
        "open_at_end": int(is_there(visits, period.to_us).sum()),
        "moves_back": int((entries == BACK).sum()),
        "skips": int((entries == SKIPPED).sum()),
        "entered_per_day": entered / period.days,
        "closed_per_day": len(closings) / period.days,
    }
