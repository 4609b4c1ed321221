"""Open leads that need action: unanswered, silent, stuck, valuable and untouched, or less likely to be won."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from funnel.records import Record, finite
from funnel.state.paths import HERE, StagePaths, Visits
from funnel.state.probabilities import LeadProbabilities
from funnel.state.rows import rows_until
from funnel.state.stages import stay_incidence
from funnel.state.touches import Touches
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, HOUR_US, OPEN, offsets_of
from history.snapshot import Snapshot
from models.presentation import lead_names

LONG = 0.9  # a stay or silence beyond this quantile is too long
FEWEST_GAPS = 20  # gaps, or stays, from which a quantile is taken
ANSWER_HOURS = 24.0
HIGH_VALUE = 0.9  # quantile of the expected revenue of open leads
HIGH_VALUE_SILENCE_DAYS = 7.0
LARGE_DROP = 0.25  # relative, since the earlier scoring
SHOWN_LEADS, MOST_ATTENTION = 20, 10_000  # default and upper bound of the list's length

SENTENCES = {
    "unanswered": "has waited {value:.0f} hours for an answer; the limit is {limit:.0f} hours",
    "silent": "no contact for {value:.0f} days; won leads in this stage were contacted again within {limit:.0f} days",
    "stuck": "in this stage for {value:.0f} days; nine of ten leads that left it did so within {limit:.0f} days",
    "high_value_untouched": "among the most valuable tenth of open leads, but no contact for {value:.0f} days",
    "probability_fell": "win probability fell by {points:.1f} percentage points within a week",
}


@dataclass(frozen=True)
class _Rule:
    """One reason for attention, of m open leads (m,): its measure, the limit, and whether the measure exceeds it."""

    code: str
    value: Floats
    flagged: Mask
    limit: Floats

    def reason(self, i: int) -> Record:
        value, limit = float(self.value[i]), float(self.limit[i])
        sentence = SENTENCES[self.code].format(value=value, limit=limit, points=100 * abs(value))
        return {"code": self.code, "value": value, "limit": finite(limit), "sentence": sentence}


@dataclass(frozen=True)
class _Worth:
    """Win probability and expected revenue of m open leads (m,)."""

    probability: Floats
    revenue: Floats


@dataclass
class _Urgent:
    """An open lead with its reasons; `row` indexes the open leads."""

    row: int
    reasons: list[Record] = field(default_factory=list)


def attention(
    paths: StagePaths,
    touches: Touches,
    probabilities: LeadProbabilities | None = None,
    most: int = SHOWN_LEADS,
) -> Record:
    """The open leads with a reason, most expected revenue first, at most `most`, and their number in all.

    Without a model a lead is worth its stage's win rate times the average deal.
    """
    here = paths.visits.take(paths.visits.exit == HERE)
    worth = _worth(paths, here, probabilities)
    urgent = _urgent(_rules(paths, touches, here, worth, probabilities))
    revenue = np.nan_to_num(worth.revenue).tolist()
    probability = np.nan_to_num(worth.probability).tolist()
    urgent.sort(key=lambda lead: (-revenue[lead.row], -probability[lead.row], -len(lead.reasons)))
    shown = []
    leads = np.array([here.lead[lead.row] for lead in urgent[:most]], dtype=np.int64)
    names = lead_names(Snapshot(paths.history, leads, np.full(len(leads), paths.as_of_us)))
    for lead, name in zip(urgent[:most], names, strict=True):
        row, place = lead.row, here.place[lead.row]
        shown.append(
            {
                "lead_id": paths.history.lead_ids[int(here.lead[row])],
                "name": name,
                "stage": paths.names[place - 1] if place else None,
                "probability": finite(worth.probability[row]),
                "expected_revenue": finite(worth.revenue[row]),
                "reasons": lead.reasons,
            }
        )
    return {"leads": len(urgent), "list": shown}


def _rules(
    paths: StagePaths,
    touches: Touches,
    here: Visits,
    worth: _Worth,
    probabilities: LeadProbabilities | None,
) -> list[_Rule]:
    """All rules, in the order in which a lead's reasons are listed."""
    lead = here.lead
    last_us = np.maximum(touches.last_touch_us[lead], paths.created_us[lead])
    silent_days = (paths.as_of_us - last_us) / DAY_US
    rules = [
        _unanswered(paths, touches, lead),
        _silent(paths, here, silent_days),
        _stuck(paths, here),
    ]
    # Without any interaction nobody records contacts: the time since the creation is no silence.
    if len(paths.history.interactions.time_us):
        rules.append(_valuable_and_untouched(worth.revenue, silent_days))
    if probabilities is not None:
        rules.append(_less_likely(probabilities, lead))
    return rules


def _urgent(rules: Sequence[_Rule]) -> list[_Urgent]:
    """The leads with a reason, in order of rows. Only flagged rows become objects."""
    by_row: dict[int, _Urgent] = {}
    for rule in rules:
        for row in np.flatnonzero(rule.flagged).tolist():
            by_row.setdefault(row, _Urgent(row)).reasons.append(rule.reason(row))
    return [by_row[row] for row in sorted(by_row)]


def _worth(paths: StagePaths, here: Visits, probabilities: LeadProbabilities | None) -> _Worth:
    if probabilities is not None:
        probability = probabilities.now[here.lead]
        return _Worth(probability, probability * probabilities.amount[here.lead])
    probability = np.full(len(here), np.nan)
    first = paths.visits.take(~paths.visits.is_return)
    decided = paths.state[first.lead] != OPEN
    for place in np.unique(here.place).tolist():
        in_place = decided & (first.place == place)
        if in_place.any():
            probability[here.place == place] = paths.won[first.lead[in_place]].mean()
    paid = paths.amount[paths.won & np.isfinite(paths.amount)]
    return _Worth(probability, probability * (paid.mean() if len(paid) else math.nan))


def _unanswered(paths: StagePaths, touches: Touches, lead: Ints) -> _Rule:
    """Hours since the open question, against the configured response time, else a day."""
    waiting_hours = np.full(len(paths), np.nan)
    is_open = ~touches.answered
    asking_lead = touches.question_lead[is_open]
    waiting_hours[asking_lead] = (paths.as_of_us - touches.asked_us[is_open]) / HOUR_US
    hours = waiting_hours[lead]
    limit = float(paths.history.config.targets.get("response_time_hours", ANSWER_HOURS))
    # Without outbound touches in the log no question looks answered.
    flagged = touches.has_outbound & (hours > limit)
    return _Rule("unanswered", hours, flagged, np.full(len(lead), limit))


def _silent(paths: StagePaths, here: Visits, silent_days: Floats) -> _Rule:
    """Longer without a touch than nine of ten gaps between touches in the same stage, of leads that were won."""
    limit = np.full(len(here), np.inf)
    gaps = _gaps(paths)
    for place in np.unique(here.place).tolist():
        days = gaps.days[gaps.place == place]
        if len(days) >= FEWEST_GAPS:
            limit[here.place == place] = np.quantile(days, LONG)
    return _Rule("silent", silent_days, silent_days > limit, limit)


@dataclass(frozen=True)
class _Gaps:
    """Days between successive touches of a won lead, and the place in which each gap began, (g,)."""

    place: Ints
    days: Floats


def _gaps(paths: StagePaths) -> _Gaps:
    log, visits = paths.history.interactions, paths.visits
    lead = log.lead
    rows = np.flatnonzero(lead[:-1] == lead[1:])
    lead = lead[rows]
    begin_us, end_us = log.time_us[rows], log.time_us[rows + 1]
    is_open = (begin_us >= paths.created_us[lead]) & (end_us <= paths.closed_us[lead])
    inside = paths.won[lead] & is_open
    lead, begin_us, end_us = lead[inside], begin_us[inside], end_us[inside]

    # The visit that a gap begins in is the last one that began by then.
    offsets = offsets_of(visits.lead, len(paths))
    visit = rows_until(offsets, visits.begin_us, lead, begin_us) - 1
    return _Gaps(visits.place[visit], (end_us - begin_us) / DAY_US)


def _stuck(paths: StagePaths, here: Visits) -> _Rule:
    """Longer in the stage than nine of ten visits."""
    days = (paths.as_of_us - here.begin_us) / DAY_US
    limit = np.full(len(here), np.inf)
    for place in np.unique(here.place[here.place > 0]).tolist():
        in_place = paths.visits.place == place
        visits = paths.visits.take(in_place & ~paths.is_implied[paths.visits.lead])
        limit[here.place == place] = _long_stay(visits)
    return _Rule("stuck", days, days > limit, limit)


def _long_stay(visits: Visits) -> float:
    """The LONG quantile of the stays, unfinished ones censored; else of the finished ones; else infinite.

    Infinite as well if most stays are unfinished: most leads are there, perhaps since losses are not recorded.
    """
    days = stay_incidence(visits).quantile(LONG)
    if not math.isnan(days):
        return days
    # Censoring hides the quantile if too few visits have lasted that long.
    ended = visits.take(visits.exit != HERE)
    is_usual = len(ended) >= FEWEST_GAPS and 2 * len(ended) >= len(visits)
    return stay_incidence(ended).quantile(LONG) if is_usual else math.inf


def _valuable_and_untouched(revenue: Floats, silent_days: Floats) -> _Rule:
    """In the top tenth by expected revenue, if revenues differ, and silent for a week."""
    known = revenue[np.isfinite(revenue)]
    flagged = np.zeros(len(revenue), dtype=np.bool_)
    # Equal revenues have no top tenth: every lead would reach the quantile.
    if len(known) and known.min() < known.max():
        least = np.quantile(known, HIGH_VALUE)
        flagged = (revenue >= least) & (silent_days > HIGH_VALUE_SILENCE_DAYS)
    limit = np.full(len(revenue), HIGH_VALUE_SILENCE_DAYS)
    return _Rule("high_value_untouched", silent_days, flagged, limit)


def _less_likely(probabilities: LeadProbabilities, lead: Ints) -> _Rule:
    change = probabilities.now[lead] - probabilities.earlier[lead]
    limit = -LARGE_DROP * probabilities.earlier[lead]
    return _Rule("probability_fell", change, change < limit, limit)
