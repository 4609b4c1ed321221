"""Groups of a forecast by a column: the group of each lead, each group's share of future wins, sums by group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from funnel.columns import MAX_GROUPS, OTHER, column_values, known_columns, refuse_unknown_column
from funnel.forecast.periods import CalendarPeriod
from funnel.known_leads import KnownLeads
from history.base.arrays import Floats, Ints
from history.history import History
from history.snapshot import Snapshot, current_stages
from history.text.times import DAY_US

Value: TypeAlias = str | None

NOT_YET_CREATED = "(not yet created)"  # by stage: the group of leads that have yet to come
RECENT_DAYS = 91
FEWEST_RECENT = 20  # recent leads from which they alone give the groups' shares of new leads
PRIOR_LEADS = 20.0  # leads of a group that would pull its win rate halfway to that of all


@dataclass(frozen=True)
class Groups:
    """names (g,), the group of every lead of the history (n,), and each group's share of new wins (g,), sum 1."""

    column: str
    names: list[Value]
    of_lead: Ints
    new_share: Floats


def single_group(history: History) -> Groups:
    """One group of all leads."""
    return Groups("", [None], np.zeros(len(history), dtype=np.int64), np.ones(1))


def groups_by(history: History, known: KnownLeads, column: str) -> Groups:
    """Groups by a lead column, valid at T, or by `stage`; beyond the largest, the rest is OTHER.

    Raises InvalidInput for an unknown column.
    """
    if column == "stage":
        return _stage_groups(history, known)
    refuse_unknown_column(column, ["stage", *known_columns(history)])
    factor = column_values(history, column, known.as_of_us)
    # Code -1, a missing value, reads the last entry.
    value_of_code = [*factor.values, None]
    values = [value_of_code[code] for code in factor.codes.tolist()]
    coded = _coded(values, known)
    share = _new_share(known, coded.of_lead[known.lead], len(coded.names))
    return Groups(column, coded.names, coded.of_lead, share)


def _stage_groups(history: History, known: KnownLeads) -> Groups:
    n = len(history)
    everyone = np.arange(n, dtype=np.int64)
    instants = np.full(n, known.as_of_us, dtype=np.int64)
    coded = _coded(current_stages(Snapshot(history, everyone, instants)), known)
    names = [*coded.names, NOT_YET_CREATED]
    new_share = np.zeros(len(names))
    new_share[-1] = 1.0
    return Groups("stage", names, coded.of_lead, new_share)


class _Coded(NamedTuple):
    """Group names, by number of known leads, then name, missing last; and the group of each lead (n,)."""

    names: list[Value]
    of_lead: Ints


def _coded(values: list[Value], known: KnownLeads) -> _Coded:
    """Groups of the values (n,) of the history's leads."""
    count = Counter(values[i] for i in known.lead.tolist())
    ranked = sorted(count, key=lambda name: (-count[name], name is None, name or ""))
    names = ranked
    if len(ranked) > MAX_GROUPS:
        names = [*ranked[: MAX_GROUPS - 1], OTHER]
    place = {name: min(i, len(names) - 1) for i, name in enumerate(ranked)}
    # Leads not yet known at T may have other values; their group is not read.
    of_lead = [place.get(value, 0) for value in values]
    return _Coded(names or [None], np.array(of_lead, dtype=np.int64))


def _new_share(known: KnownLeads, group: Ints, n: int) -> Floats:
    """Share of new wins (n,): each group's recent leads times its win rate, shrunk to the rate of all."""
    if not len(known):
        return np.full(n, 1.0 / n)
    recent = known.created_us > known.as_of_us - RECENT_DAYS * DAY_US
    if recent.sum() < FEWEST_RECENT:
        recent = np.ones(len(known), dtype=np.bool_)
    rate = float(known.won.mean())
    leads = np.bincount(group, minlength=n)
    wins = np.bincount(group, known.won, n)
    recent_leads = np.bincount(group[recent], minlength=n)
    # 1e-6 keeps the weights positive if no lead was ever won.
    weight = recent_leads * (wins + PRIOR_LEADS * rate + 1e-6) / (leads + PRIOR_LEADS)
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def sum_by_group(of_group: Ints, values: Floats, groups: Groups) -> Floats:
    """Sums (k, g) of values (n, k) over leads of groups (n,)."""
    k, g = values.shape[1], len(groups.names)
    sums = np.empty((k, g))
    for i in range(k):
        sums[i] = np.bincount(of_group, values[:, i], g)
    return sums


@dataclass(frozen=True)
class WonAlready:
    """Wins and revenue (k, g) by period and group."""

    wins: Floats
    revenue: Floats


def won_already(known: KnownLeads, spans: Sequence[CalendarPeriod], groups: Groups) -> WonAlready:
    """Wins known at T that closed in each span; a win of unknown amount adds no revenue."""
    g = len(groups.names)
    of_group = groups.of_lead[known.lead]
    wins, revenue = np.zeros((len(spans), g)), np.zeros((len(spans), g))
    for i, span in enumerate(spans):
        inside = known.is_won_between(span.start_us, span.end_us)
        group = of_group[inside]
        wins[i] = np.bincount(group, minlength=g)
        revenue[i] = np.bincount(group, np.nan_to_num(known.amount[inside]), g)
    return WonAlready(wins, revenue)
