"""Evidence that a column was filled in or changed by the outcome, from its values, its fill, its dates and its name."""

import re
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import poisson

from features.event_log import DAY_US, Floats, Ints, Mask
from training.audit_columns import Column, Leads

STRONG, WEAK = 2, 1
ALPHA = 1e-3  # chance that a set without leaks has any strong finding of the closing test, over all its values
LEAST_DECIDED, LEAST_EACH = 60, 20
WINDOWS = 12
AGE_EDGES = np.array([0.25, 0.5, 1.0, 2.0, 4.0])  # of a lead at a window's start, in windows
PRIOR = 5.0  # leads' worth of the average lead in the closing rate of a value
CERTAIN = 0.2  # a value is certain when it leaves at most this part of the average chance to be wrong
TELLING_VALUES = re.compile(r"\b(closed?|won|lost|converted|disqualified|unqualified|rejected|signed)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Evidence:
    """One thing found: how grave, in a clause for people, and its numbers."""

    grade: int
    clause: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Risk:
    """Leads at risk of an end at the starts of equal windows before T: the last window's, and those of the windows before it.

    lead and bin (age at the start) with whether the end came within the window; same_day: the largest part of the last window's
    ends that share one day; days: the window's length.
    """

    lead: Ints
    bin: Ints
    ended: Mask
    past_lead: Ints
    past_bin: Ints
    past_ended: Mask
    end_us: Ints
    days: float


def risk_of(begin_us: Ints, end_us: Ints, ends: Mask, as_of_us: int, who: Mask) -> Risk | None:
    """Follows the leads `who` from begin to end through windows as long as the median way; None for too short a history."""
    done = who & ends & (end_us > begin_us)
    if np.count_nonzero(done) < LEAST_EACH:
        return None
    span = as_of_us - int(begin_us[who].min())
    width = int(np.clip(np.median((end_us - begin_us)[done]), DAY_US, max(span // 4, DAY_US)))
    parts: list[tuple[Ints, Ints, Mask]] = []
    for k in range(WINDOWS + 1):
        start = as_of_us - (k + 1) * width
        lead = np.flatnonzero(who & (begin_us <= start) & (~ends | (end_us > start)))
        age = (start - begin_us[lead]) / width
        parts.append((lead, np.searchsorted(AGE_EDGES, age), ends[lead] & (end_us[lead] <= start + width)))
    past = [np.concatenate([part[i] for part in parts[1:]]) for i in range(3)]
    now = parts[0]
    return Risk(*now, *past, end_us, width / DAY_US) if len(now[0]) and len(past[0]) else None


@dataclass(frozen=True)
class Survival:
    """Of each value's leads at risk in the last window: how many, how many are still open, and how many would be at the pace before."""

    at_risk: Floats
    still: Floats
    expected: Floats
    past: Floats
    one_day: Floats  # largest part of the ends that fall on one day


def survival(risk: Risk, group: Ints, groups: int) -> Survival:
    """Compares a value's closing rate in the last window with its own before, by age, so that what it predicts cancels out.

    A value that is known all along goes on being open on some leads; one that is written at the closing never is.
    """
    bins = len(AGE_EDGES) + 1

    def count(lead: Ints, age: Ints, chosen: Mask | None = None) -> Floats:
        key = group[lead] * bins + age
        key = key if chosen is None else key[chosen]
        return np.bincount(key, minlength=groups * bins).reshape(groups, bins).astype(np.float64)

    n, m = count(risk.past_lead, risk.past_bin), count(risk.past_lead, risk.past_bin, risk.past_ended)
    average = (m.sum(axis=0) + 0.5) / (n.sum(axis=0) + 1.0)
    rate = (m + PRIOR * average) / (n + PRIOR)
    now, ended = count(risk.lead, risk.bin), count(risk.lead, risk.bin, risk.ended)
    pace = (now - ended).sum() / max((now * (1 - average)).sum(), 1.0)  # a purge of all leads says nothing of one column
    expected = (now * (1 - rate)).sum(axis=1) * min(1.0, pace)
    return Survival(
        now.sum(axis=1), (now - ended).sum(axis=1), expected, n.sum(axis=1), _one_day(risk, group, groups)
    )


def _one_day(risk: Risk, group: Ints, groups: int) -> Floats:
    lead = risk.lead[risk.ended]
    if not len(lead):
        return np.zeros(groups)
    day = risk.end_us[lead] // DAY_US
    day -= day.min()
    table = np.bincount(group[lead] * (day.max() + 1) + day, minlength=groups * (day.max() + 1))
    table = table.reshape(groups, -1)
    return np.asarray(table.max(axis=1) / np.maximum(table.sum(axis=1), 1))


def closing(column: Column, risk: Risk, tests: int) -> Evidence | None:
    """Values that no open lead has, although leads that closed lately had them: written when the lead closed."""
    groups = len(column.names)
    single = survival(risk, column.group, groups)
    whole = survival(risk, column.filled.astype(np.int64), 2)
    found = [g for g in range(1, groups) if _ended_all(single, g, tests)]
    if _ended_all(whole, 1, tests):
        gone, kept, expected = whole.at_risk[1], whole.still[1], whole.expected[1]
        what = "a value"
    elif found:
        gone, kept, expected = (float(a[found].sum()) for a in (single.at_risk, single.still, single.expected))
        what = "the value " + shown([column.names[g] for g in found])
    else:
        return None
    return Evidence(
        STRONG,
        f"of {gone:.0f} leads with {what} that were open {risk.days:.0f} days before T {kept:.0f} are still open, where {expected:.0f} "
        "would be at their earlier pace: it is written when a lead closes",
        {"at_risk": float(gone), "still_open": float(kept), "expected_open": round(float(expected), 1)},
    )


def _ended_all(s: Survival, g: int, tests: int) -> bool:
    expected = float(s.expected[g])
    if s.past[g] < LEAST_EACH or s.one_day[g] > 0.6 or s.still[g] > 0.1 * expected:
        return False
    return bool(poisson.cdf(s.still[g], expected) < ALPHA / max(tests, 1))


def happened(column: Column, leads: Leads) -> Evidence | None:
    """Dates after creation none of which lies ahead of T, as some would if they were planned: they tell what happened later."""
    moment = column.moment_us
    if moment is None:
        return None
    later = (moment >= 0) & (moment > leads.created_us + DAY_US)
    if np.count_nonzero(later) < max(50, 0.2 * np.count_nonzero(moment >= 0)):
        return None
    risk = risk_of(leads.created_us, moment, later, leads.as_of_us, later)
    if risk is None:
        return None
    s = survival(risk, np.zeros(len(later), dtype=np.int64), 1)
    expected, ahead = float(s.expected[0]), float(s.still[0])
    if s.past[0] < LEAST_EACH or ahead > 0.05 * expected or poisson.cdf(ahead, expected) > 1e-4:
        return None
    return Evidence(
        STRONG,
        f"its dates lie after creation but {ahead:.0f} lie after T, where {expected:.0f} planned ones would: they record what happened later",
        {"dates_ahead": ahead, "expected_ahead": round(expected, 1)},
    )


def agreement(column: Column, leads: Leads) -> Evidence | None:
    """A date that lies at the closing of nearly every closed lead that has it, while open leads have none."""
    moment = column.moment_us
    if moment is None or not leads.timed:
        return None
    given = leads.decided & ~leads.implied
    has = given & (moment >= 0)
    n, n_open = np.count_nonzero(has), np.count_nonzero(~leads.decided)
    if n < LEAST_EACH or n_open < LEAST_EACH:
        return None
    length = np.median((leads.closed_us - leads.created_us)[has])
    near = np.abs(moment - leads.closed_us)[has] <= np.clip(length / 4, DAY_US, 7 * DAY_US)
    rate_closed, rate_open = n / np.count_nonzero(given), np.count_nonzero(~leads.decided & (moment >= 0)) / n_open
    if wilson(near.sum(), n)[0] < 0.8 or rate_open > 0.1 * rate_closed or rate_closed * n_open < 10:
        return None
    return Evidence(
        STRONG,
        f"on {near.sum()} of {n} closed leads that have it the date is that of the closing within a week, "
        f"and {rate_open:.0%} of open leads have it",
        {"agree": float(near.mean()), "leads": float(n), "fill_open": round(rate_open, 4)},
    )


def fill(column: Column, leads: Leads) -> Evidence | None:
    """A column that closed leads have and equally old open ones do not."""
    old = leads.as_of_us - leads.created_us > (0 if leads.timed else leads.horizon_us + DAY_US)
    still, closed = old & ~leads.decided, old & leads.decided
    if np.count_nonzero(still) < 50 or np.count_nonzero(closed) < 50:
        return None
    cuts = np.quantile(leads.created_us[still], [0.2, 0.4, 0.6, 0.8])
    cohort = np.searchsorted(cuts, leads.created_us)
    expected = 0.0
    for c in range(5):
        mine = closed & (cohort == c)
        if mine.any():
            expected += column.filled[mine].mean() * np.count_nonzero(still & (cohort == c))
    have = np.count_nonzero(column.filled & still)
    if expected < 20 or have > 0.02 * expected:
        return None
    strong = not leads.timed and column.filled[closed].mean() > 0.5
    return Evidence(
        STRONG if strong else WEAK,
        f"{column.filled[closed].mean():.0%} of closed leads have a value, but {have} of {np.count_nonzero(still)} open ones of the same age",
        {
            "fill_closed": round(float(column.filled[closed].mean()), 4),
            "open_with_value": float(have),
            "expected_open": round(expected, 1),
        },
    )


@dataclass(frozen=True)
class Rules:
    """What a column's values alone say of the outcome of decided leads; shares are of those, certainty within a bound."""

    auc: float
    certain: list[str]
    won_share: float  # of decided leads, with a value that is certain to win
    lost_share: float
    wins: float  # of all wins, with a value that is certain to win
    losses: float
    named: float  # of decided leads, with a certain value that speaks of a closing


def rules_of(column: Column, leads: Leads) -> Rules | None:
    """None where fewer than LEAST_EACH were won or lost. AUC of win rates learned on the other half of the leads."""
    decided = leads.decided
    won = leads.won[decided]
    wins, losses = np.count_nonzero(won), np.count_nonzero(~won)
    if wins + losses < LEAST_DECIDED or min(wins, losses) < LEAST_EACH:
        return None
    group, k, base = column.group[decided], len(column.names), wins / len(won)
    n = np.bincount(group, minlength=k)
    w = np.bincount(group[won], minlength=k)
    low, high = wilson(w, n)
    able = (n >= 30) & (np.arange(k) > 1)
    if column.moment_us is not None:
        able = (n >= 30) & (np.arange(k) == 1)
    sure_won, sure_lost = able & (low >= 1 - CERTAIN * (1 - base)), able & (high <= CERTAIN * base)
    sure = np.flatnonzero(sure_won | sure_lost)
    sure = sure[np.argsort(-n[sure], kind="stable")]
    telling = [g for g in sure if TELLING_VALUES.search(column.names[g])]
    return Rules(
        auc=two_fold_auc(group, won, k),
        certain=[f"{column.names[g]} {w[g] / n[g]:.0%} of {n[g]}" for g in sure],
        won_share=float(n[sure_won].sum() / len(won)),
        lost_share=float(n[sure_lost].sum() / len(won)),
        wins=float(w[sure_won].sum() / wins),
        losses=float((n - w)[sure_lost].sum() / losses),
        named=float(n[telling].sum() / len(won)) if len(telling) else 0.0,
    )


def rules(found: Rules, telling: bool, timed: bool) -> Evidence | None:
    """Values that all but decide the outcome. With closing times given they are weak evidence: the times tell better."""
    covered = found.won_share + found.lost_share
    both = min(found.won_share, found.lost_share) >= 0.02
    decisive = found.auc >= 0.85 and (covered >= 1 / 3 or max(found.wins, found.losses) >= 0.5)
    graded = telling and both and found.auc >= 0.75
    spoken = found.named >= 0.05 and found.auc >= 0.75
    if not (decisive or graded or spoken or found.auc >= 0.9):
        return None
    values = f": {'; '.join(found.certain[:3])} won" if found.certain else ""
    return Evidence(
        STRONG if not timed and (decisive or graded or spoken) else WEAK,
        f"alone it ranks outcomes with AUC {found.auc:.2f}, and {covered:.0%} of decided leads have a value that all but settles them{values}",
        {"auc": round(found.auc, 4), "certain_share": round(covered, 4)},
    )


def two_fold_auc(group: Ints, won: Mask, groups: int) -> float:
    """Mean AUC, on each half of the leads, of the shrunken win rates by group on the other half; ties count half."""
    half = np.arange(len(won)) % 2 == 0
    base = won.mean()
    scores = []
    for test in (half, ~half):
        n = np.bincount(group[~test], minlength=groups)
        w = np.bincount(group[~test & won], minlength=groups)
        order = np.argsort((w + 2 * base) / (n + 2), kind="stable")
        rate = ((w + 2 * base) / (n + 2))[order]
        tie = np.cumsum(np.concatenate(([0], np.diff(rate) > 0)))
        good = np.bincount(tie, weights=np.bincount(group[test & won], minlength=groups)[order])
        bad = np.bincount(tie, weights=np.bincount(group[test & ~won], minlength=groups)[order])
        below = np.cumsum(bad) - bad
        pairs = good.sum() * bad.sum()
        scores.append(float((good * (below + 0.5 * bad)).sum() / pairs) if pairs else 0.5)
    return float(np.mean(scores))


def wilson(hits: Ints, n: Ints, z: float = 2.6) -> tuple[Floats, Floats]:
    """Wilson's bounds of a rate, z = 2.6 for 99.5 % on either side; 0 and 1 where there is nothing."""
    n = np.maximum(np.asarray(n, dtype=np.float64), 1e-9)
    p = np.asarray(hits) / n
    middle, width = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.clip((middle - width) / (1 + z * z / n), 0, 1), np.clip((middle + width) / (1 + z * z / n), 0, 1)


def shown(names: list[str], most: int = 3) -> str:
    """At most `most` values in quotes, and how many more."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{n[:60]}'" for n in names[:most]) + rest
