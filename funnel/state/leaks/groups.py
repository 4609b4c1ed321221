"""Comparisons by source and owner: fewer leads created, and leads that are won less often."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from funnel.columns import column_values
from funnel.formatting import format_percent
from funnel.significance import normal_p_above
from funnel.state.leaks.comparisons import FEWEST, Comparison, GroupValue, RateGap
from funnel.state.leaks.windows import Windows
from funnel.state.money.deals import win_incidence_of
from history.base.arrays import Mask

MAX_GROUPS = 30  # values of a column that are tested, the most frequent ones
COLUMNS = ("source", "owner")
OWN_PAST_ONLY = ("owner",)  # owners receive different leads, so they are not compared with each other
MISSING = "(none)"
CONTINUITY = 0.5  # correction of a normal approximation to a count


@dataclass(frozen=True)
class _Group:
    """The leads (n,) with one value of a column; value None is the missing value."""

    column: str
    value: str | None
    members: Mask

    @property
    def subject(self) -> str:
        return f"{self.column} {self.value or MISSING}"

    @property
    def key(self) -> GroupValue:
        return {self.column: self.value}


def _groups(windows: Windows, column: str) -> Iterator[_Group]:
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


def entrances(windows: Windows) -> Iterator[Comparison]:
    """Fewer leads a day than before, in all and by source."""
    everyone = np.ones(len(windows.now.paths), dtype=np.bool_)
    yield from _fewer(windows, everyone, None)
    for group in _groups(windows, "source"):
        yield from _fewer(windows, group.members, group)


def _fewer(windows: Windows, members: Mask, group: _Group | None) -> Iterator[Comparison]:
    """A Poisson rate against another, given the sum of both counts (Przyborowski and Wilenski 1940).

    The binomial is approximated by a normal with continuity correction.
    """
    now, before = windows.views
    created_us = now.paths.created_us
    recent = members & now.period.holds(created_us)
    earlier = members & before.period.holds(created_us)
    n, m = int(recent.sum()), int(earlier.sum())
    if m < FEWEST:
        return
    rate_now, rate_before = n / now.period.days, m / before.period.days
    share = now.period.days / (now.period.days + before.period.days)
    deviation = math.sqrt((n + m) * share * (1 - share))
    z = ((n + m) * share - n - CONTINUITY) / deviation
    worth = win_incidence_of(before, np.flatnonzero(earlier)).final
    leads = "leads" if group is None else f"leads from {group.value or 'no source'}"
    yield Comparison(
        kind="entrances",
        subject="entrances" if group is None else group.subject,
        now=rate_now,
        before=rate_before,
        n_now=n,
        n_before=m,
        p=normal_p_above(z),
        lost_wins=max(rate_before - rate_now, 0.0) * now.period.days * worth,
        sentence=f"{rate_now:.2f} {leads} a day were created; before, it was {rate_before:.2f}",
        group={} if group is None else group.key,
    )


def win_rates(windows: Windows, column: str) -> Iterator[Comparison]:
    """Leads of a value that are won less often than before, and less often than other leads in both windows."""
    now, before = windows.views
    recent = now.period.holds(now.paths.created_us)
    earlier = before.period.holds(before.paths.created_us)
    both = recent | earlier
    for group in _groups(windows, column):
        own_past = _win_gap(windows, recent & group.members, earlier & group.members)
        if own_past.is_testable:
            yield _won_less(own_past, "quality", group)
        elsewhere = _win_gap(windows, both & group.members, both & ~group.members)
        if column not in OWN_PAST_ONLY and elsewhere.is_testable:
            yield _won_less(elsewhere, "elsewhere", group)


def _win_gap(windows: Windows, leads: Mask, reference: Mask) -> RateGap:
    """Win rates of the leads marked by `leads` and by `reference` (n,)."""
    view = windows.now
    wins = win_incidence_of(view, np.flatnonzero(leads))
    reference_wins = win_incidence_of(view, np.flatnonzero(reference))
    return RateGap(wins, reference_wins, windows.days)


def _won_less(gap: RateGap, kind: str, group: _Group) -> Comparison:
    """A group's win rate against its own past (quality) or the other leads (elsewhere)."""
    compared = "before, it was" if kind == "quality" else "for other leads it is"
    sentence = (
        f"{format_percent(gap.rate_now)} of the leads of {group.subject} are won within {gap.days:.0f} days; "
        f"{compared} {format_percent(gap.rate_before)}"
    )
    return gap.comparison(kind, group.subject, sentence, group.key)
