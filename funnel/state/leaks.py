"""Leaks: stages, sources and owners that convert worse or slower than before or than elsewhere, sized in revenue.

Every test is one-sided (worse, not different). All tests together are held to a false discovery rate by Benjamini and
Hochberg 1995. Rates are compared at a common age with open leads censored, so that a recent window does not look worse
because its leads are young.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, norm

from funnel.columns import column_values
from funnel.formatting import format_percent
from funnel.records import Record, finite
from funnel.state.comparisons import FEWEST, Comparison, common_age_days, p_lower
from funnel.state.deals import win_incidence_of
from funnel.state.hand_overs import hand_overs
from funnel.state.paths import HERE, StagePaths, Visits
from funnel.state.period import Period, View, view_of
from funnel.state.stages import (
    has_unknown_length,
    next_higher_us,
    onward_incidence,
    stay_incidence,
    win_incidence,
)
from funnel.state.touches import Touches
from funnel.survival import CumulativeIncidence, Durations, logrank_p_later
from history.arrays import Ints, Mask
from history.history import DAY_US

WINDOW_DAYS = 90.0  # the recent window; the one before it is twice as long
LEAST_WINDOW_DAYS = 1
FALSE_DISCOVERIES = 0.1
MAX_GROUPS = 30  # values of a column that are tested, the most frequent ones
COLUMNS = ("source", "owner")
OWN_PAST_ONLY = ("owner",)  # owners receive different leads, so they are not compared with each other
MISSING = "(none)"


@dataclass(frozen=True)
class _Windows:
    """The leads in the recent window and in the one before it."""

    now: View
    before: View

    @property
    def views(self) -> tuple[View, View]:
        return self.now, self.before

    @property
    def days(self) -> float:
        """The common age at which rates are compared."""
        return common_age_days(self.now)


def leak_record(paths: StagePaths, groups: StagePaths, touches: Touches, to_us: int) -> Record:
    """The significant leaks, largest loss first, and the number of tests; windows end at to_us.

    groups: the paths over stage groups.
    """
    windows = _windows(paths, touches, to_us)
    if windows is None:
        return {"tested": 0, "false_discovery_rate": FALSE_DISCOVERIES, "window": None, "found": []}
    tests = list(_comparisons(windows, groups))
    q = false_discovery_control([test.p for test in tests]).tolist() if tests else []
    deal = _average_deal(paths)
    leaks = [
        _leak(test, rate, deal) for test, rate in zip(tests, q, strict=True) if rate <= FALSE_DISCOVERIES
    ]
    return {
        "tested": len(tests),
        "false_discovery_rate": FALSE_DISCOVERIES,
        "window": {"days": windows.now.period.days, "before_days": windows.before.period.days},
        "found": sorted(leaks, key=lambda leak: -leak["lost_wins"]),
    }


def _windows(paths: StagePaths, touches: Touches, to_us: int) -> _Windows | None:
    """Both windows, shortened to the data; None if the data spans less than three days."""
    if not len(paths):
        return None
    days = min(WINDOW_DAYS, (to_us - int(paths.created_us.min())) / DAY_US / 3)
    if days < LEAST_WINDOW_DAYS:
        return None
    middle = to_us - round(days * DAY_US)
    start = middle - round(2 * days * DAY_US)
    return _Windows(
        now=view_of(paths, Period(middle, to_us), touches),
        before=view_of(paths, Period(start, middle), touches),
    )


def _comparisons(windows: _Windows, groups: StagePaths) -> Iterator[Comparison]:
    yield from _stages(windows)
    yield from _entrances(windows)
    yield from hand_overs(windows.now, windows.before, groups)
    for column in COLUMNS:
        yield from _column(windows, column)


def _average_deal(paths: StagePaths) -> float:
    paid = paths.amount[np.isfinite(paths.amount) & paths.won]
    return float(paid.mean()) if len(paid) else math.nan


def _leak(test: Comparison, q: float, deal: float) -> Record:
    return {
        "kind": test.kind,
        "subject": test.subject,
        **test.group,
        "now": finite(test.now),
        "before": finite(test.before),
        "n_now": test.n_now,
        "n_before": test.n_before,
        "p": test.p,
        "q": q,
        "lost_wins": test.lost_wins,
        "lost_revenue": finite(test.lost_wins * deal),
        "sentence": test.sentence,
    }


@dataclass(frozen=True)
class _StageWindow:
    """One stage in one window: conversion onward and to the win from the first entry, and stays of known length."""

    onward: CumulativeIncidence
    win: CumulativeIncidence
    stays: Visits


def _stages(windows: _Windows) -> Iterator[Comparison]:
    """For each stage: fewer leads go on by a common age; leads stay longer."""
    visits = windows.now.visits
    higher_us = next_higher_us(visits)
    for place, name in enumerate(windows.now.paths.names, start=1):
        first = (visits.place == place) & ~visits.is_return
        now, before = (_stage_window(view, first, higher_us) for view in windows.views)
        if min(now.onward.entered, before.onward.entered) < FEWEST:
            continue
        yield _conversion(name, now, before, windows.days)
        yield _speed(name, now, before, windows.now)


def _stage_window(view: View, first: Mask, higher_us: Ints) -> _StageWindow:
    """first (m,) marks the stage's first visits."""
    rows = np.flatnonzero(first & view.period.holds(view.visits.begin_us))
    visits = view.visits.take(rows)
    return _StageWindow(
        onward=onward_incidence(view, visits, higher_us[rows]),
        win=win_incidence(view, visits),
        stays=visits.take(~has_unknown_length(view, visits)),
    )


def _conversion(name: str, now: _StageWindow, before: _StageWindow, days: float) -> Comparison:
    """A lead that goes on is worth the win rate of those that went on before."""
    rate_now, rate_before = now.onward.at(days), before.onward.at(days)
    worth = before.win.final / before.onward.final if before.onward.final else 0.0
    return Comparison(
        kind="conversion",
        subject=name,
        now=rate_now,
        before=rate_before,
        n_now=now.onward.entered,
        n_before=before.onward.entered,
        p=p_lower(now.onward, before.onward, days),
        lost_wins=max(rate_before - rate_now, 0.0) * now.onward.entered * worth,
        sentence=(
            f"{format_percent(rate_now)} of the leads that entered {name} went on within {days:.0f} days; "
            f"before, it was {format_percent(rate_before)}"
        ),
    )


def _speed(name: str, now: _StageWindow, before: _StageWindow, view: View) -> Comparison:
    """Slower by the log-rank test; the cost is velocity's: the share that the delay adds to the cycle time."""
    stay_now, stay_before = stay_incidence(now.stays), stay_incidence(before.stays)
    median_now, median_before = stay_now.quantile(0.5), stay_before.quantile(0.5)
    delay = median_now - median_before
    cycle = win_incidence_of(view, view.lead).quantile_of_events(0.5)
    is_slower = math.isfinite(delay) and delay > 0 and math.isfinite(cycle)
    p, lost_wins = 1.0, 0.0
    if is_slower:
        p = logrank_p_later(_durations(now.stays), _durations(before.stays))
        lost_wins = stay_now.entered * before.win.final * delay / (cycle + delay)
    return Comparison(
        kind="speed",
        subject=name,
        now=median_now,
        before=median_before,
        n_now=stay_now.entered,
        n_before=stay_before.entered,
        p=p,
        lost_wins=lost_wins,
        sentence=(
            f"leads stay {median_now:.1f} days in {name} (median); before, it was {median_before:.1f} days"
        ),
    )


def _durations(stays: Visits) -> Durations:
    return Durations((stays.end_us - stays.begin_us) / DAY_US, np.asarray(stays.exit != HERE))


@dataclass(frozen=True)
class _Group:
    """The leads (n,) with one value of a column; value None is the missing value."""

    column: str
    value: str | None
    members: Mask

    @property
    def subject(self) -> str:
        return f"{self.column} {self.value or MISSING}"


def _groups(windows: _Windows, column: str) -> Iterator[_Group]:
    """The most frequent values of a column; empty if leads do not have the column."""
    paths = windows.now.paths
    if column not in paths.history.attributes:
        return
    factor = column_values(paths.history, column, paths.as_of_us)
    count = np.bincount(factor.codes + 1, minlength=len(factor.values) + 1)
    for code in np.argsort(-count, kind="stable")[:MAX_GROUPS].tolist():
        if count[code]:
            value = None if code == 0 else factor.values[code - 1]
            yield _Group(column, value, np.asarray(factor.codes == code - 1))


def _entrances(windows: _Windows) -> Iterator[Comparison]:
    """Fewer leads a day than before, in all and by source."""
    everyone = np.ones(len(windows.now.paths), dtype=np.bool_)
    yield from _fewer(windows, everyone, None)
    for group in _groups(windows, "source"):
        yield from _fewer(windows, group.members, group)


def _fewer(windows: _Windows, members: Mask, group: _Group | None) -> Iterator[Comparison]:
    """A Poisson rate against another, given the sum of both counts (Przyborowski and Wilenski 1940).

    The binomial is approximated by a normal with continuity correction.
    """
    now, before = windows.views
    created_us = now.paths.created_us
    recent, earlier = (members & view.period.holds(created_us) for view in windows.views)
    n, m = int(recent.sum()), int(earlier.sum())
    if m < FEWEST:
        return
    rate_now, rate_before = n / now.period.days, m / before.period.days
    share = now.period.days / (now.period.days + before.period.days)
    z = ((n + m) * share - n - 0.5) / math.sqrt((n + m) * share * (1 - share))
    worth = win_incidence_of(before, np.flatnonzero(earlier)).final
    leads = "leads" if group is None else f"leads from {group.value or 'no source'}"
    yield Comparison(
        kind="entrances",
        subject="entrances" if group is None else group.subject,
        now=rate_now,
        before=rate_before,
        n_now=n,
        n_before=m,
        p=float(norm.sf(z)),
        lost_wins=max(rate_before - rate_now, 0.0) * now.period.days * worth,
        sentence=f"{rate_now:.2f} {leads} a day were created; before, it was {rate_before:.2f}",
        group={} if group is None else {group.column: group.value},
    )


def _column(windows: _Windows, column: str) -> Iterator[Comparison]:
    """Leads of a value that are won less often than before, and less often than other leads in both windows."""
    now = windows.now
    recent, earlier = (view.period.holds(view.paths.created_us) for view in windows.views)
    both = recent | earlier
    for group in _groups(windows, column):
        own_recent, own_earlier, own, others = (
            win_incidence_of(now, np.flatnonzero(rows))
            for rows in (
                recent & group.members,
                earlier & group.members,
                both & group.members,
                both & ~group.members,
            )
        )
        if min(own_recent.entered, own_earlier.entered) >= FEWEST:
            yield _quality("quality", group, own_recent, own_earlier, windows.days)
        if column not in OWN_PAST_ONLY and min(own.entered, others.entered) >= FEWEST:
            yield _quality("elsewhere", group, own, others, windows.days)


def _quality(
    kind: str, group: _Group, wins: CumulativeIncidence, reference: CumulativeIncidence, days: float
) -> Comparison:
    """A group's win rate against the reference, its own past (quality) or the other leads (elsewhere)."""
    rate, reference_rate = wins.at(days), reference.at(days)
    compared = "before, it was" if kind == "quality" else "for other leads it is"
    return Comparison(
        kind=kind,
        subject=group.subject,
        now=rate,
        before=reference_rate,
        n_now=wins.entered,
        n_before=reference.entered,
        p=p_lower(wins, reference, days),
        lost_wins=max(reference_rate - rate, 0.0) * wins.entered,
        sentence=(
            f"{format_percent(rate)} of the leads of {group.subject} are won within {days:.0f} days; "
            f"{compared} {format_percent(reference_rate)}"
        ),
        group={group.column: group.value},
    )
