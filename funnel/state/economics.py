"""What leads and deals cost and bring: cost per lead, cost per deal, return, payback,
and an account's lifetime value.
"""

import math

import numpy as np

from features.attributes import text_at
from funnel.state.attribution import attribution
from funnel.state.deals import decided_in, to_win
from funnel.state.paths import Paths
from funnel.state.period import Period, Record, View, number, ratio, view
from funnel.state.touches import Touches
from funnel.survival import CENSORED, EVENT, curve
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, WON, Costs, Factor

MOST = 50  # sources or channels, by cost and leads; beyond it the rest is one
OTHER = "(other)"


def economics(paths: Paths, period: Period, touches: Touches, spent_from_us: int) -> Record | None:
    """Costs of the period against its leads and deals, in all, by source and by first channel; None without costs.

    A cost counts by the share of its own period that lies between spent_from_us and the period's end.
    """
    costs = paths.history.costs
    if costs is None:
        return None
    spent = spent_in(costs, spent_from_us, period.to_us)
    seen = view(paths, period, touches)
    n = len(paths)
    instants = np.full(n, paths.as_of_us, dtype=np.int64)
    source = text_at(paths.history, "source", np.arange(n, dtype=np.int64), instants)
    channel = first_channel(paths)
    return {
        "total": _account(seen, np.ones(n, dtype=np.bool_), float(spent.sum())),
        "by_source": _split(seen, source, (costs.source, spent)),
        "by_channel": _split(seen, channel, (costs.channel, spent)),
        "lifetime_value": lifetime_value(paths),
        "attribution": attribution(paths, decided_in(seen)),
    }


def spent_in(costs: Costs, from_us: int, to_us: int) -> Floats:
    """The part (n,) of each cost that falls into [from_us, to_us), spread evenly over its own period."""
    overlap = np.minimum(costs.end_us, to_us) - np.maximum(costs.start_us, from_us)
    return np.asarray(costs.amount * np.maximum(overlap, 0) / (costs.end_us - costs.start_us))


def first_channel(paths: Paths) -> Factor:
    """The channel of each lead's first interaction that has one."""
    log = paths.history.interactions
    lead = np.repeat(np.arange(len(paths)), np.diff(log.offsets))
    rows = np.flatnonzero(log.channel.codes >= 0)
    owners, first = np.unique(lead[rows], return_index=True)
    codes = np.full(len(paths), -1, dtype=np.int32)
    codes[owners] = log.channel.codes[rows[first]]
    return Factor(codes, log.channel.values)


def _split(seen: View, of: Factor, spent: tuple[Factor, Floats]) -> list[Record]:
    """One record a value of either side, most spent first, beyond MOST the rest as OTHER; costs that name none and
    leads that have none are under null.
    """
    label, amount = spent
    names = sorted({*of.values, *label.values})
    place = {name: i for i, name in enumerate(names)}
    leads = np.array([*(place[v] for v in of.values), -1], dtype=np.int64)[of.codes]
    costs = np.array([*(place[v] for v in label.values), -1], dtype=np.int64)[label.codes]
    if not (costs >= 0).any():
        return []
    total = np.bincount(costs + 1, weights=amount, minlength=len(names) + 1)
    count = np.bincount(leads + 1, minlength=len(names) + 1)
    used = [i for i in range(len(total)) if total[i] or count[i]]
    used.sort(key=lambda i: (-total[i], -count[i]))
    shown = used if len(used) <= MOST else used[: MOST - 1]
    parts = [(None if i == 0 else names[i - 1], [i]) for i in shown]
    if rest := used[len(shown) :]:
        parts.append((OTHER, rest))
    return [
        {"name": name, **_account(seen, np.isin(leads + 1, part), float(total[part].sum()))}
        for name, part in parts
    ]


def _account(seen: View, mine: Mask, cost: float) -> Record:
    paths = seen.paths
    created = np.flatnonzero(mine & seen.period.holds(paths.created_us))
    decided = decided_in(seen)
    won = decided[mine[decided] & (paths.state[decided] == WON)]
    revenue = _sum(paths.amount[won])
    rate = to_win(seen, created).rate
    return {
        "cost": cost,
        "leads": len(created),
        "won": len(won),
        "revenue": revenue,
        "cost_per_lead": ratio(cost, len(created)),
        "cost_per_deal": ratio(cost, len(won)),
        "cost_per_deal_of_cohort": ratio(cost, len(created) * rate) if len(created) else None,
        "return_on_investment": None if revenue is None or not cost else (revenue - cost) / cost,
        "payback_days": number(payback_days(paths, created, cost)),
    }


def _sum(amount: Floats) -> float | None:
    known = amount[np.isfinite(amount)]
    return float(known.sum()) if len(known) or not len(amount) else None


def payback_days(paths: Paths, created: Ints, cost: float) -> float:
    """The age of its leads at which a cohort's wins have brought what it cost; NaN while they have not."""
    won = created[
        (paths.state[created] == WON) & np.isfinite(paths.amount[created]) & ~paths.implied[created]
    ]
    age = (paths.closed_us[won] - paths.created_us[won]) / DAY_US
    order = np.argsort(age, kind="stable")
    place = int(np.searchsorted(np.cumsum(paths.amount[won][order]), cost, side="left"))
    return float(age[order][place]) if place < len(won) and cost > 0 else math.nan


def lifetime_value(paths: Paths) -> Record | None:
    """Average deal / (1 - p), p the chance that an account that bought buys again (waiting accounts censored).

    p is one minus Kaplan-Meier's share that waits for ever, over all wins; a geometric number of deals. None
    without accounts that bought, or without amounts; the value is null where every account bought again.
    """
    n = len(paths)
    account = text_at(paths.history, "account_id", np.arange(n, dtype=np.int64), np.full(n, paths.as_of_us))
    won = np.flatnonzero((paths.state == WON) & (account.codes >= 0))
    amount = paths.amount[won][np.isfinite(paths.amount[won])]
    if not len(won) or not len(amount):
        return None
    order = np.lexsort((paths.closed_us[won], account.codes[won]))
    who, when = account.codes[won][order], paths.closed_us[won][order]
    again = np.append(who[1:] == who[:-1], False)
    until = np.where(again, np.append(when[1:], 0), paths.as_of_us)
    found = curve((until - when) / DAY_US, np.where(again, EVENT, CENSORED).astype(np.int8))
    deal, accounts = float(amount.mean()), len(np.unique(who))
    return {
        "accounts": accounts,
        "deals_per_account": len(won) / accounts,
        "revenue_per_account": float(amount.sum()) / accounts,
        "buys_again": number(found.rate),
        "median_days_between": number(found.given_event(0.5)),
        "lifetime_value": deal / (1 - found.rate) if found.rate < 1 else None,
    }
