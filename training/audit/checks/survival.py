"""How long leads of a value stay open: those of the last window before T, against earlier windows."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from training.audit.evidence import MIN_EACH

WINDOWS = 12
AGE_EDGES = np.array([0.25, 0.5, 1.0, 2.0, 4.0])  # of a lead at a window's start, in windows
PRIOR_LEADS = 5.0  # weight of the average lead in the ending rate of a value


class RiskSet(NamedTuple):
    """Leads open at the start of windows: their numbers, age bins, and whether they ended within; arrays (m,)."""

    lead: Ints
    age_bin: Ints
    ended: Mask


@dataclass(frozen=True)
class Windows:
    """The leads open at the start of the last window before T, and (past) at the starts of the windows before it.

    end_us: of all leads (n,). days: length of a window.
    """

    last: RiskSet
    past: RiskSet
    end_us: Ints
    days: float


@dataclass(frozen=True)
class Spells:
    """From when to when n leads are open: times in microseconds UTC, whether the end was observed; arrays (n,)."""

    begin_us: Ints
    end_us: Ints
    ended: Mask


def windows_of(spells: Spells, as_of_us: int, included: Mask) -> Windows | None:
    """Follows the included leads (mask, n) through windows as long as the median spell; None if too few ended."""
    begin_us, end_us, ended = spells.begin_us, spells.end_us, spells.ended
    done = included & ended & (end_us > begin_us)
    if np.count_nonzero(done) < MIN_EACH:
        return None
    span_us = as_of_us - int(begin_us[included].min())
    median_us = np.median((end_us - begin_us)[done])
    width_us = int(np.clip(median_us, DAY_US, max(span_us // 4, DAY_US)))

    sets = []
    for k in range(WINDOWS + 1):
        start_us = as_of_us - (k + 1) * width_us
        lead = np.flatnonzero(included & (begin_us <= start_us) & (~ended | (end_us > start_us)))
        age = (start_us - begin_us[lead]) / width_us
        ended_within = ended[lead] & (end_us[lead] <= start_us + width_us)
        sets.append(RiskSet(lead, np.searchsorted(AGE_EDGES, age), ended_within))
    last, earlier = sets[0], sets[1:]
    past = RiskSet(
        lead=np.concatenate([risk.lead for risk in earlier]),
        age_bin=np.concatenate([risk.age_bin for risk in earlier]),
        ended=np.concatenate([risk.ended for risk in earlier]).astype(np.bool_),
    )
    if not (len(last.lead) and len(past.lead)):
        return None
    return Windows(last, past, end_us, width_us / DAY_US)


@dataclass(frozen=True)
class Survival:
    """By group of a column (groups,): leads of the last window against the pace of the windows before.

    at_risk: open at its start. still_open: of these, at T. expected: still open at the earlier pace.
    past: leads at risk in earlier windows. one_day: largest share of the ends that fall on one day.
    """

    at_risk: Floats
    still_open: Floats
    expected: Floats
    past: Floats
    one_day: Floats


def survival(windows: Windows, group: Ints, groups: int, *, adjust_pace: bool = True) -> Survival:
    """Compares the ending rate of each group (n,) in the last window with its own earlier rate, by age.

    What a value predicts cancels out, because it predicted the same before. A value known all along stays on some open
    leads; a value written at the closing never does. adjust_pace: scale the expectation to the pace of all leads in
    the last window, so that a purge of old leads is no evidence against one column.
    """
    past_leads = _count(windows.past, group, groups)
    past_ends = _count(windows.past, group, groups, only_ended=True)
    average_rate = (past_ends.sum(axis=0) + 0.5) / (past_leads.sum(axis=0) + 1.0)
    # Shrunk to the average of the age: a group of two leads says little.
    rate = (past_ends + PRIOR_LEADS * average_rate) / (past_leads + PRIOR_LEADS)

    leads = _count(windows.last, group, groups)
    ends = _count(windows.last, group, groups, only_ended=True)
    expected = (leads * (1 - rate)).sum(axis=1)
    if adjust_pace:
        at_average_pace = (leads * (1 - average_rate)).sum()
        expected *= min(1.0, (leads - ends).sum() / max(at_average_pace, 1.0))
    return Survival(
        at_risk=leads.sum(axis=1),
        still_open=(leads - ends).sum(axis=1),
        expected=expected,
        past=past_leads.sum(axis=1),
        one_day=_largest_day(windows, group, groups),
    )


def _count(risk: RiskSet, group: Ints, groups: int, *, only_ended: bool = False) -> Floats:
    """Leads at risk by group and age bin (groups, bins)."""
    bins = len(AGE_EDGES) + 1
    cell = group[risk.lead] * bins + risk.age_bin
    if only_ended:
        cell = cell[risk.ended]
    return np.bincount(cell, minlength=groups * bins).reshape(groups, bins).astype(np.float64)


def _largest_day(windows: Windows, group: Ints, groups: int) -> Floats:
    """Largest share of a group's ends in the last window that fall on one day (groups,)."""
    lead = windows.last.lead[windows.last.ended]
    if not len(lead):
        return np.zeros(groups)
    day = windows.end_us[lead] // DAY_US
    day -= day.min()
    days = day.max() + 1
    ends = np.bincount(group[lead] * days + day, minlength=groups * days).reshape(groups, -1)
    return np.asarray(ends.max(axis=1) / np.maximum(ends.sum(axis=1), 1))
