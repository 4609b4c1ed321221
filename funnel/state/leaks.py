"""Where leads are lost or stall more than before or than elsewhere: tests under one error rate, sized in revenue.

Every test is one-sided (worse, not different); all of them together are held to a false discovery rate by
Benjamini and Hochberg 1995. A rate is compared at a common age with leads still open accounted for, so that a
young window is not a bad one.
"""

import math
from collections.abc import Iterator

import numpy as np

from features.attributes import text_at
from funnel.formatting import percent
from funnel.state.comparisons import LEAST, Leak, age_of, worse
from funnel.state.deals import to_win
from funnel.state.hand_overs import hand_overs
from funnel.state.paths import HERE, Paths, Visits
from funnel.state.period import Period, Record, View, number, view
from funnel.state.stages import in_stage, next_higher, onward, unmeasured, win
from funnel.state.touches import Touches
from funnel.survival import Curve, later, upper_tail
from history.arrays import Floats, Mask
from history.history import DAY_US, WON, Factor

WINDOW_DAYS = 90.0  # the recent window; the one before it is twice as long
FALSE_DISCOVERIES = 0.1
MOST_GROUPS = 30  # of a column, the largest
COLUMNS = ("source", "owner")
GIVEN = ("owner",)  # who was given other leads is compared with their own past only


def leak_record(paths: Paths, levels: Paths, touches: Touches, to_us: int) -> Record:
    """What is worse, largest loss first, of all that was tested; windows end at to_us, levels are the groups' paths."""
    windows = _windows(paths, to_us)
    if windows is None:
        return {"tested": 0, "false_discovery_rate": FALSE_DISCOVERIES, "window": None, "found": []}
    now, before = (view(paths, period, touches) for period in windows)
    tests = [*_stages(now, before), *_entrances(now, before), *hand_overs(now, before, levels)]
    for column in COLUMNS:
        tests += _columns(now, before, column)
    q = benjamini_hochberg(np.array([test.p for test in tests]))
    deal = _average_deal(paths)
    found = [_found(test, float(q[i]), deal) for i, test in enumerate(tests) if q[i] <= FALSE_DISCOVERIES]
    return {
        "tested": len(tests),
        "false_discovery_rate": FALSE_DISCOVERIES,
        "window": {"days": now.period.days, "before_days": before.period.days},
        "found": sorted(found, key=lambda leak: -leak["lost_wins"]),
    }


def benjamini_hochberg(p: Floats) -> Floats:
    """The least false discovery rate at which each of m tests counts as a finding (Benjamini and Hochberg 1995)."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * m / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def _found(test: Leak, q: float, deal: float) -> Record:
    return {
        "kind": test.kind,
        "subject": test.subject,
        **test.group,
        "now": number(test.now),
        "before": number(test.before),
        "n_now": test.n_now,
        "n_before": test.n_before,
        "p": test.p,
        "q": q,
        "lost_wins": test.lost_wins,
        "lost_revenue": number(test.lost_wins * deal),
        "sentence": test.sentence,
    }


def _windows(paths: Paths, to_us: int) -> tuple[Period, Period] | None:
    if not len(paths):
        return None
    days = min(WINDOW_DAYS, (to_us - int(paths.created_us.min())) / DAY_US / 3)
    if days < 1:
        return None
    middle = to_us - round(days * DAY_US)
    return Period(middle, to_us), Period(middle - round(2 * days * DAY_US), middle)


def _average_deal(paths: Paths) -> float:
    paid = paths.amount[np.isfinite(paths.amount) & (paths.state == WON)]
    return float(paid.mean()) if len(paid) else math.nan


def _stages(now: View, before: View) -> Iterator[Leak]:
    """Of each stage: fewer go on by a common age; leads stay longer than they did."""
    days = age_of(now)
    higher = next_higher(now.visits)
    for place, name in enumerate(now.paths.names, start=1):
        first = (now.visits.place == place) & ~now.visits.again
        curves, wins, stays = [], [], []
        for seen in (now, before):
            rows = np.flatnonzero(first & seen.period.holds(seen.visits.begin_us))
            visits = seen.visits.take(rows)
            curves.append(onward(seen, visits, higher[rows]))
            wins.append(win(seen, visits))
            stays.append(visits.take(~unmeasured(seen, visits)))
        if min(c.entered for c in curves) < LEAST:
            continue
        yield _conversion(name, (curves[0], curves[1]), wins[1], days)
        yield _speed(name, (stays[0], stays[1]), wins[1].rate, now)


def _conversion(name: str, curves: tuple[Curve, Curve], win_before: Curve, days: float) -> Leak:
    now, before = curves
    worth = win_before.rate / before.rate if before.rate else 0.0
    lost = max(before.at(days) - now.at(days), 0.0) * now.entered * worth
    rates = now.at(days), before.at(days)
    text = f"{percent(rates[0])} of those that entered {name} went on in {days:.0f} days; it was {percent(rates[1])}"
    return Leak("conversion", name, *rates, now.entered, before.entered, worse(now, before, days), lost, text)


def _speed(name: str, stays: tuple[Visits, Visits], worth: float, seen: View) -> Leak:
    """Slower by the log-rank test; the cost is velocity's: the share that the delay adds to the cycle time."""
    now, before = (in_stage(visits) for visits in stays)
    medians = now.quantile(0.5), before.quantile(0.5)
    slower = medians[0] - medians[1]
    cycle = to_win(seen, seen.lead).given_event(0.5)
    known = math.isfinite(slower) and slower > 0 and math.isfinite(cycle)
    lost = now.entered * worth * slower / (cycle + slower) if known else 0.0
    text = f"leads stay {medians[0]:.1f} days in {name} (median); it was {medians[1]:.1f}"
    p = upper_tail(later(_times(stays[0]), _times(stays[1]))) if known else 1.0
    return Leak("speed", name, *medians, now.entered, before.entered, p, lost, text)


def _times(visits: Visits) -> tuple[Floats, Mask]:
    return (visits.end_us - visits.begin_us) / DAY_US, np.asarray(visits.left != HERE)


def _entrances(now: View, before: View) -> Iterator[Leak]:
    """Fewer leads a day than before, in all and by source: a Poisson rate given the sum of both (Przyborowski
    and Wilenski 1940).
    """
    yield from _fewer(now, before, None)
    if "source" in now.paths.history.attributes:
        yield from _fewer(now, before, _values(now.paths, "source"))


def _fewer(now: View, before: View, values: Factor | None) -> Iterator[Leak]:
    recent, earlier = (v.period.holds(v.paths.created_us) for v in (now, before))
    share = now.period.days / (now.period.days + before.period.days)
    for name, mine in _groups(values, len(now.paths)):
        n, m = int((recent & mine).sum()), int((earlier & mine).sum())
        if m < LEAST:
            continue
        rates = n / now.period.days, m / before.period.days
        z = ((n + m) * share - n - 0.5) / math.sqrt((n + m) * share * (1 - share))
        worth = to_win(before, np.flatnonzero(earlier & mine)).rate
        lost = max(rates[1] - rates[0], 0.0) * now.period.days * worth
        what = "leads" if name is None else f"leads from {name[0] or 'no source'}"
        text = f"{rates[0]:.2f} {what} a day entered; it was {rates[1]:.2f}"
        group = {} if name is None else {"source": name[0]}
        subject = "entrances" if name is None else f"source {name[0] or '(none)'}"
        yield Leak("entrances", subject, *rates, n, m, upper_tail(z), lost, text, group)


def _values(paths: Paths, column: str) -> Factor:
    n = len(paths)
    return text_at(
        paths.history, column, np.arange(n, dtype=np.int64), np.full(n, paths.as_of_us, dtype=np.int64)
    )


Group = tuple[tuple[str | None] | None, Mask]


def _groups(values: Factor | None, n: int) -> Iterator[Group]:
    if values is None:
        yield None, np.ones(n, dtype=np.bool_)
        return
    count = np.bincount(values.codes + 1, minlength=len(values.values) + 1)
    for code in np.argsort(-count, kind="stable")[:MOST_GROUPS].tolist():
        if count[code]:
            yield (None if code == 0 else values.values[code - 1],), np.asarray(values.codes == code - 1)


def _columns(now: View, before: View, column: str) -> Iterator[Leak]:
    """Leads of a source or owner that are won less often than before,
    and less often than the others' in the same time.
    """
    if column not in now.paths.history.attributes:
        return
    days = age_of(now)
    recent, earlier = (v.period.holds(v.paths.created_us) for v in (now, before))
    for name, mine in _groups(_values(now.paths, column), len(now.paths)):
        assert name is not None
        own, past = (to_win(now, np.flatnonzero(when & mine)) for when in (recent, earlier))
        both = recent | earlier
        ours, theirs = to_win(now, np.flatnonzero(both & mine)), to_win(now, np.flatnonzero(both & ~mine))
        who = f"{column} {name[0] or '(none)'}"
        for kind, left, right, than in (
            ("quality", own, past, "it was"),
            ("elsewhere", ours, theirs, "elsewhere it is"),
        ):
            if min(left.entered, right.entered) < LEAST or (kind == "elsewhere" and column in GIVEN):
                continue
            rates = left.at(days), right.at(days)
            lost = max(rates[1] - rates[0], 0.0) * left.entered
            text = f"{percent(rates[0])} of the leads of {who} are won in {days:.0f} days; {than} {percent(rates[1])}"
            p = worse(left, right, days)
            yield Leak(kind, who, *rates, left.entered, right.entered, p, lost, text, {column: name[0]})
