"""Evidence that a column was filled in or changed by the outcome, from its values, its fill, its dates and its name."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from history.arrays import Floats, Ints, Mask
from history.history import DAY_US
from training.audit.columns import NO_MOMENT, Column, Leads

STRONG, WEAK = 2, 1
ANY = "any value"
ALPHA = (
    1e-3  # chance that a set without leaks has any strong finding of the closing test, over all its values
)
LEAST_DECIDED, LEAST_EACH = 60, 20
WINDOWS = 12
AGE_EDGES = np.array([0.25, 0.5, 1.0, 2.0, 4.0])  # of a lead at a window's start, in windows
PRIOR = 5.0  # leads' worth of the average lead in the closing rate of a value


@dataclass(frozen=True)
class Evidence:
    """One thing found: how grave, in a clause for people, and its numbers."""

    grade: int
    clause: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Risk:
    """Leads at risk of an end at the start of the last window before T, and (past) at those of the windows before it.

    lead, bin (age at the start), whether the end came within the window; end_us (leads,); days: a window's length.
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
    """Follows the leads `who` from begin to end through windows as long as the median way; None where too few end."""
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
    leads, ages, ended = (np.concatenate([part[i] for part in parts[1:]]) for i in range(3))
    now = parts[0]
    if not (len(now[0]) and len(leads)):
        return None
    return Risk(now[0], now[1], now[2], leads, ages, ended.astype(np.bool_), end_us, width / DAY_US)


@dataclass(frozen=True)
class Survival:
    """Each value's leads at risk in the last window: how many, how many still are at T, how many by the past."""

    at_risk: Floats
    still: Floats
    expected: Floats
    past: Floats
    one_day: Floats  # largest part of the ends that fall on one day


def survival(risk: Risk, group: Ints, groups: int, *, paced: bool = True) -> Survival:
    """Compares a value's rate of ends in the last window with its own before, by age: what it predicts cancels out.

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
    expected = (now * (1 - rate)).sum(axis=1)
    if paced:  # a purge of all leads says nothing of one column
        expected *= min(1.0, (now - ended).sum() / max((now * (1 - average)).sum(), 1.0))
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
        what = ANY
    elif found:
        gone, kept, expected = (
            float(a[found].sum()) for a in (single.at_risk, single.still, single.expected)
        )
        what = shown([column.names[g] for g in found])
    else:
        return None
    return Evidence(
        STRONG,
        f"of {gone:.0f} leads with {what} that were open {risk.days:.0f} days before T {kept:.0f} are still open, "
        f"where {expected:.0f} would be at their earlier pace: it is written when a lead closes",
        {"at_risk": float(gone), "still_open": float(kept), "expected_still_open": float(expected)},
    )


def _ended_all(s: Survival, g: int, tests: int) -> bool:
    expected = float(s.expected[g])
    if s.past[g] < LEAST_EACH or s.one_day[g] > 0.6 or s.still[g] > 0.1 * expected:
        return False
    return bool(poisson.cdf(s.still[g], expected) < ALPHA / max(tests, 1))


def happened(column: Column, leads: Leads) -> Evidence | None:
    """Dates after creation of which none lies ahead of T, as some would if they were planned."""
    moment = column.moment_us
    if moment is None:
        return None
    later = (moment != NO_MOMENT) & (moment > leads.created_us + DAY_US)
    if np.count_nonzero(later) < max(50, 0.2 * np.count_nonzero(moment != NO_MOMENT)):
        return None
    risk = risk_of(leads.created_us, moment, later, leads.as_of_us, later)
    if risk is None:
        return None
    s = survival(risk, np.zeros(len(later), dtype=np.int64), 1, paced=False)
    expected, ahead = float(s.expected[0]), float(s.still[0])
    if s.past[0] < LEAST_EACH or ahead > 0.05 * expected or poisson.cdf(ahead, expected) > 1e-4:
        return None
    return Evidence(
        STRONG,
        f"its dates lie after creation but {ahead:.0f} lie after T, where {expected:.0f} planned ones would: "
        "they record what happened later",
        {"dates_ahead": ahead, "expected_ahead": expected},
    )


def agreement(column: Column, leads: Leads) -> Evidence | None:
    """A date that lies at the closing of nearly every closed lead that has it, while open leads have none."""
    moment = column.moment_us
    if moment is None or not leads.timed:
        return None
    given = leads.decided & ~leads.implied
    has = given & (moment != NO_MOMENT)
    n, n_open = np.count_nonzero(has), np.count_nonzero(~leads.decided)
    if n < LEAST_EACH or n_open < LEAST_EACH:
        return None
    length = np.median((leads.closed_us - leads.created_us)[has])
    near = np.abs(moment - leads.closed_us)[has] <= np.clip(length / 4, DAY_US, 7 * DAY_US)
    rate_closed, rate_open = (
        n / np.count_nonzero(given),
        np.count_nonzero(~leads.decided & (moment != NO_MOMENT)) / n_open,
    )
    if wilson(near.sum(), n)[0] < 0.8 or rate_open > 0.1 * rate_closed or rate_closed * n_open < 10:
        return None
    return Evidence(
        STRONG,
        f"on {near.sum()} of {n} closed leads that have it the date is that of the closing within a week, "
        f"and {rate_open:.0%} of open leads have it",
        {"dates_agree": float(near.mean()), "dated_leads": float(n), "dated_open": float(rate_open)},
    )


def only_closed(column: Column, leads: Leads) -> Evidence | None:
    """A value (with closing times: any) that closed leads have and open ones created at the same time do not."""
    old = leads.as_of_us - leads.created_us > (0 if leads.timed else leads.horizon_us + DAY_US)
    still, closed = old & ~leads.decided, old & leads.decided
    if min(np.count_nonzero(still), np.count_nonzero(closed)) < 50:
        return None
    found = _absent(column.filled.astype(np.int64), ["none", ANY], leads, (still, closed))
    if found is None and not leads.timed:
        found = _absent(column.group, column.names, leads, (still, closed))
    return found


def _absent(group: Ints, names: list[str], leads: Leads, sides: tuple[Mask, Mask]) -> Evidence | None:
    expected, have, share = _by_cohort(group, len(names), leads.created_us, sides)
    absent = (expected >= 20) & (have <= 0.02 * expected) & (np.arange(len(names)) > 0)
    if not absent.any():
        return None
    part, there, due = (float(a[absent].sum()) for a in (share, have, expected))
    return Evidence(
        STRONG if not leads.timed and part > 0.5 else WEAK,
        f"{part:.0%} of closed leads have {shown([names[g] for g in np.flatnonzero(absent)])}, but {there:.0f} of "
        f"{np.count_nonzero(sides[0])} open ones, where closed leads of the same age let expect {due:.0f}",
        {"share_closed": part, "open_with_value": there, "expected_open_with_value": due},
    )


def _by_cohort(
    group: Ints, groups: int, created_us: Ints, sides: tuple[Mask, Mask]
) -> tuple[Floats, Floats, Floats]:
    """By value: open leads expected from closed ones created at the same time, those there, share of closed."""
    still, closed = sides
    cohort = np.searchsorted(np.quantile(created_us[still], [0.2, 0.4, 0.6, 0.8]), created_us)

    def count(who: Mask) -> Floats:
        table = np.bincount(group[who] * 5 + cohort[who], minlength=groups * 5)
        return table.reshape(groups, 5).astype(np.float64)

    shut, there = count(closed), count(still)
    expected = shut / np.maximum(shut.sum(axis=0), 1) * there.sum(axis=0)
    return expected.sum(axis=1), there.sum(axis=1), shut.sum(axis=1) / shut.sum()


def wilson(hits: npt.ArrayLike, n: npt.ArrayLike, z: float = 2.6) -> tuple[Floats, Floats]:
    """Wilson's bounds of a rate, z = 2.6 for 99.5 % on either side; 0 and 1 where there is nothing."""
    n = np.maximum(np.asarray(n, dtype=np.float64), 1e-9)
    p = np.asarray(hits) / n
    middle, width = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.clip((middle - width) / (1 + z * z / n), 0, 1), np.clip(
        (middle + width) / (1 + z * z / n), 0, 1
    )


def shown(names: list[str], most: int = 3) -> str:
    """At most `most` values in quotes, and how many more."""
    if names == [ANY]:
        return ANY
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{n[:60]}'" for n in names[:most]) + rest
