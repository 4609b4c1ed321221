"""Costs against leads and deals: cost per lead and deal, return, payback, and an account's lifetime value."""

import math
from dataclasses import dataclass

import numpy as np

from funnel.columns import OTHER, column_values
from funnel.records import Record, finite, ratio
from funnel.state.leads.paths import StagePaths
from funnel.state.leads.touches import Touches
from funnel.state.money.attribution import attribution
from funnel.state.money.deals import decided_in, win_incidence_of
from funnel.state.period import Period, View, view_of
from funnel.survival import kaplan_meier
from history.base.arrays import Floats, Ints, Mask
from history.history import Costs, Factor
from history.spelling import one_spelling
from history.text.times import DAY_US

MAX_NAMES = 50  # sources or channels with a record of their own, by cost and leads


@dataclass(frozen=True)
class _Spending:
    """Costs (c,) of the period by the values of one label."""

    label: Factor
    amount: Floats


def economics(paths: StagePaths, period: Period, touches: Touches, spent_from_us: int) -> Record | None:
    """Costs of the period against its leads and deals, in all, by source and by first channel; None without costs.

    A cost counts by the share of its own period that lies between spent_from_us and the period's end.
    """
    costs = paths.history.costs
    if costs is None:
        return None
    spent = spent_in(costs, spent_from_us, period.to_us)
    view = view_of(paths, period, touches)
    source = column_values(paths.history, "source", paths.as_of_us)
    return {
        "total": _account(view, np.ones(len(paths), dtype=np.bool_), float(spent.sum())),
        "by_source": _by_value(view, source, _Spending(costs.source, spent)),
        "by_channel": _by_value(view, first_channel(paths), _Spending(costs.channel, spent)),
        "lifetime_value": lifetime_value(paths),
        "attribution": attribution(paths, decided_in(view)),
    }


def spent_in(costs: Costs, from_us: int, to_us: int) -> Floats:
    """The part (c,) of each cost that falls into [from_us, to_us), spread evenly over its own period."""
    overlap = np.minimum(costs.end_us, to_us) - np.maximum(costs.start_us, from_us)
    return np.asarray(costs.amount * np.maximum(overlap, 0) / (costs.end_us - costs.start_us))


def first_channel(paths: StagePaths) -> Factor:
    """The channel of each lead's first interaction that has one (n,)."""
    log = paths.history.interactions
    rows = np.flatnonzero(log.channel.codes >= 0)
    leads, first = np.unique(log.lead[rows], return_index=True)
    codes = np.full(len(paths), -1, dtype=np.int32)
    codes[leads] = log.channel.codes[rows[first]]
    return Factor(codes, log.channel.values)


def _by_value(view: View, of_lead: Factor, spending: _Spending) -> list[Record]:
    """One record a value of leads or costs, most spent first; beyond MAX_NAMES the rest is OTHER.

    Costs without a value and leads without one are under null. Empty if no cost has a value.
    """
    label = one_spelling(spending.label, of_lead.values)
    names = sorted({*of_lead.values, *label.values})
    leads, costs = _recoded(of_lead, names), _recoded(label, names)
    if not (costs > 0).any():
        return []
    size = len(names) + 1
    total = np.bincount(costs, weights=spending.amount, minlength=size)
    count = np.bincount(leads, minlength=size)
    used = np.flatnonzero((total != 0) | (count != 0)).tolist()
    used.sort(key=lambda code: (-total[code], -count[code]))

    shown = used if len(used) <= MAX_NAMES else used[: MAX_NAMES - 1]
    records = []
    for code in shown:
        name = names[code - 1] if code else None
        account = _account(view, leads == code, float(total[code]))
        records.append({"name": name, **account})
    if rest := used[len(shown) :]:
        account = _account(view, np.isin(leads, rest), float(total[rest].sum()))
        records.append({"name": OTHER, **account})
    return records


def _recoded(factor: Factor, names: list[str]) -> Ints:
    """Codes of a factor over `names`, from 1 on; 0 for a missing value."""
    code = {name: i for i, name in enumerate(names, start=1)}
    new_codes = [code[value] for value in factor.values]
    # Code -1, a missing value, reads the last entry.
    return np.array([*new_codes, 0], dtype=np.int64)[factor.codes]


def _account(view: View, members: Mask, cost: float) -> Record:
    """The figures of the leads marked by `members` (n,) and their cost."""
    paths = view.paths
    created = np.flatnonzero(members & view.period.holds(paths.created_us))
    decided = decided_in(view)
    won = decided[members[decided] & paths.won[decided]]
    revenue = _known_sum(paths.amount[won])
    cost_per_deal_of_cohort = None
    if len(created):
        # Leads still open count with their probability, so that a young cohort's deals do not look dear.
        deals_to_come = len(created) * win_incidence_of(view, created).final
        cost_per_deal_of_cohort = ratio(cost, deals_to_come)
    return_on_investment = None
    if revenue is not None and cost:
        return_on_investment = (revenue - cost) / cost
    return {
        "cost": cost,
        "leads": len(created),
        "won": len(won),
        "revenue": revenue,
        "cost_per_lead": ratio(cost, len(created)),
        "cost_per_deal": ratio(cost, len(won)),
        "cost_per_deal_of_cohort": cost_per_deal_of_cohort,
        "return_on_investment": return_on_investment,
        "payback_days": finite(payback_days(paths, created, cost)),
    }


def _known_sum(amount: Floats) -> float | None:
    """Sum of the known amounts; None if all of one or more amounts are unknown."""
    known = amount[np.isfinite(amount)]
    return float(known.sum()) if len(known) or not len(amount) else None


def payback_days(paths: StagePaths, created: Ints, cost: float) -> float:
    """The age of a cohort's leads at which its wins have earned its cost; NaN until then."""
    usable = paths.won[created] & np.isfinite(paths.amount[created]) & ~paths.is_implied[created]
    won = created[usable]
    age = (paths.closed_us[won] - paths.created_us[won]) / DAY_US
    order = np.argsort(age, kind="stable")
    earned = np.cumsum(paths.amount[won][order])
    place = int(np.searchsorted(earned, cost, side="left"))
    return float(age[order][place]) if place < len(won) and cost > 0 else math.nan


def lifetime_value(paths: StagePaths) -> Record | None:
    """Average deal / (1 - p), p the probability that an account that bought buys again: a geometric number of deals.

    p is 1 - Kaplan-Meier of the days to the next win, over all wins; accounts that have not bought again are censored.
    None without accounts that bought, or without amounts; the value is null if every account bought again.
    """
    account = column_values(paths.history, "account_id", paths.as_of_us)
    won = np.flatnonzero(paths.won & (account.codes >= 0))
    amount = paths.amount[won][np.isfinite(paths.amount[won])]
    if not len(won) or not len(amount):
        return None
    # By account, then time: the next row of the same account is its next deal.
    order = np.lexsort((paths.closed_us[won], account.codes[won]))
    buyer, bought_us = account.codes[won][order], paths.closed_us[won][order]
    buys_again = np.append(buyer[1:] == buyer[:-1], False)
    next_us = np.append(bought_us[1:], 0)
    until_us = np.where(buys_again, next_us, paths.as_of_us)
    repeat = kaplan_meier((until_us - bought_us) / DAY_US, buys_again)
    deal, accounts = float(amount.mean()), len(np.unique(buyer))
    return {
        "accounts": accounts,
        "deals_per_account": len(won) / accounts,
        "revenue_per_account": float(amount.sum()) / accounts,
        "buys_again": finite(repeat.final),
        "median_days_between": finite(repeat.quantile_of_events(0.5)),
        "lifetime_value": deal / (1 - repeat.final) if repeat.final < 1 else None,
    }
