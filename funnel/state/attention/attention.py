"""Open leads that need attention: unanswered, silent, stuck, valuable and untouched, or less likely to be won."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from funnel.columns import column_values
from funnel.records import Record, finite
from funnel.state.attention.due import (
    HIGH_VALUE_SILENCE_DAYS,
    DueTimes,
    OpenFacts,
    answer_limit,
    due_times,
    open_facts,
)
from funnel.state.attention.next_step import LARGE_DROP, Situation, due_of, last_touch, next_step, question
from funnel.state.attention.pace import learn_pace
from funnel.state.leads.paths import HERE, StagePaths, Visits
from funnel.state.leads.probabilities import LeadProbabilities
from funnel.state.leads.touches import Touches
from history.base.arrays import Floats, Ints, Mask
from history.config.display import leads_per_owner
from history.history import OPEN
from history.snapshot import Snapshot
from history.text.folding import fold
from history.text.times import DAY_US, HOUR_US
from models.reasons.pace import Pace
from models.scores.presentation import lead_names

HIGH_VALUE = 0.9  # quantile of the expected revenue of open leads
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
    """An open lead with its reasons; `row` indexes the open leads. is_chosen: within its owner's budget."""

    row: int
    reasons: list[Record] = field(default_factory=list)
    is_chosen: bool = False


@dataclass(frozen=True)
class _Open:
    """The m open leads: their facts, what they are worth, and when each rule begins to hold.

    is_valuable (m,): in the top tenth by expected revenue.
    """

    paths: StagePaths
    facts: OpenFacts
    worth: _Worth
    is_valuable: Mask
    due: DueTimes
    pace: Pace
    probabilities: LeadProbabilities | None


def attention(
    paths: StagePaths,
    touches: Touches,
    probabilities: LeadProbabilities | None = None,
    most: int = SHOWN_LEADS,
    pace: Pace | None = None,
) -> Record:
    """The open leads with a reason, most expected revenue first, at most `most`, and their number in all.

    Without a model a lead is worth its stage's win rate times the average deal. The limits are those of `pace`, else of
    the leads themselves. `attention` of an entry is the code of its first reason if it is among the most valuable of
    its owner (`per_owner`; `chosen` counts them), else null; by_reason counts the chosen leads by that code.
    """
    facts, limits = open_facts(paths, touches), pace or learn_pace(paths, touches)
    here = paths.visits.take(paths.visits.exit == HERE)
    due = due_times(facts, limits, answer_limit(paths.history.config.targets))
    worth = _worth(paths, here, probabilities)
    leads = _Open(paths, facts, worth, _is_valuable(worth.revenue), due, limits, probabilities)
    urgent = _urgent(_rules(leads))
    revenue = np.nan_to_num(leads.worth.revenue, nan=-1.0).tolist()
    probability = np.nan_to_num(leads.worth.probability).tolist()
    urgent.sort(key=lambda lead: (-revenue[lead.row], -probability[lead.row]))
    per_owner = leads_per_owner(paths.history.config.display)
    chosen = _choose(urgent, leads, per_owner)
    return {
        "leads": len(urgent),
        "per_owner": per_owner,
        "chosen": chosen,
        "by_reason": _by_reason(urgent, leads.worth),
        "list": _entries(urgent[:most], leads),
    }


def _choose(urgent: Sequence[_Urgent], leads: _Open, per_owner: int) -> int:
    """Marks the first `per_owner` leads of each owner, those without one together; returns their number."""
    owners = column_values(leads.paths.history, "owner", leads.paths.as_of_us)
    counts: dict[str | None, int] = {}
    for lead in urgent:
        owner = owners.text(int(leads.facts.lead[lead.row]))
        key = None if owner is None else fold(owner)
        counts[key] = counts.get(key, 0) + 1
        lead.is_chosen = counts[key] <= per_owner
    return sum(lead.is_chosen for lead in urgent)


def _by_reason(urgent: Sequence[_Urgent], worth: _Worth) -> list[Record]:
    """The chosen leads by their first reason: leads and expected revenue, the most revenue first."""
    rows: dict[str, list[int]] = {}
    for lead in urgent:
        if lead.is_chosen:
            rows.setdefault(lead.reasons[0]["code"], []).append(lead.row)
    records = []
    for code, of_code in rows.items():
        revenue = worth.revenue[of_code]
        known = revenue[np.isfinite(revenue)]
        records.append(
            {
                "code": code,
                "leads": len(of_code),
                "expected_revenue": float(known.sum()) if len(known) else None,
            }
        )
    return sorted(records, key=lambda record: (-(record["expected_revenue"] or 0.0), record["code"]))


def _entries(urgent: Sequence[_Urgent], leads: _Open) -> list[Record]:
    history, facts = leads.paths.history, leads.facts
    lead = np.array([facts.lead[one.row] for one in urgent], dtype=np.int64)
    names = lead_names(Snapshot(history, lead, np.full(len(lead), leads.paths.as_of_us)))
    entries = []
    for one, name in zip(urgent, names, strict=True):
        step = next_step(_situation(leads, one.row))
        action, fact = (None, None) if step is None else step.words(leads.paths.as_of_us, history.config.zone)
        entries.append(
            {
                "lead_id": history.lead_ids[int(facts.lead[one.row])],
                "name": name,
                "stage": facts.stage[one.row],
                "probability": finite(leads.worth.probability[one.row]),
                "expected_revenue": finite(leads.worth.revenue[one.row]),
                "attention": one.reasons[0]["code"] if one.is_chosen else None,
                "next_action": action,
                "next_fact": fact,
                "reasons": one.reasons,
            }
        )
    return entries


def _situation(leads: _Open, row: int) -> Situation:
    """The open lead as funnel/state/attention/next_step.py takes it."""
    paths, facts, due = leads.paths, leads.facts, leads.due
    log, lead, stage = paths.history.interactions, int(facts.lead[row]), facts.stage[row]
    earlier = None if leads.probabilities is None else finite(leads.probabilities.earlier[lead])
    times = (due.unanswered_us, due.silent_us, due.stuck_us, due.untouched_us)
    return Situation(
        now_us=paths.as_of_us,
        zone=paths.history.config.zone,
        stage=stage,
        next_stage=stage_after(paths.names, stage),
        created_us=int(facts.created_us[row]),
        entered_us=int(facts.entered_us[row]),
        last_touch=last_touch(log, lead, int(facts.last_touch_us[row])),
        asked=question(log, lead, int(facts.asked_us[row])),
        due=due_of([int(us[row]) for us in times]),
        probability=finite(leads.worth.probability[row]),
        earlier=earlier,
        is_valuable=bool(leads.is_valuable[row]),
        answer_hours=leads.pace.answer_hours,
    )


def stage_after(names: Sequence[str], stage: str | None) -> str | None:
    """The stage that follows, None after the last one."""
    place = 0 if stage is None else names.index(stage) + 1
    return names[place] if place < len(names) else None


def _rules(leads: _Open) -> list[_Rule]:
    """All rules, in the order in which a lead's reasons are listed."""
    rules = [_unanswered(leads), _silent(leads), _stuck(leads)]
    if leads.pace.has_touches:
        rules.append(_valuable_and_untouched(leads))
    if leads.probabilities is not None:
        rules.append(_less_likely(leads.probabilities, leads.facts.lead))
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


def _since(leads: _Open, instant_us: Ints, unit_us: int) -> Floats:
    return np.asarray((leads.paths.as_of_us - instant_us) / unit_us)


def _limits(limits: Sequence[float | None]) -> Floats:
    return np.array([math.inf if limit is None else limit for limit in limits], dtype=np.float64)


def _unanswered(leads: _Open) -> _Rule:
    """Hours since the open question, against the configured response time, else a day."""
    limit = answer_limit(leads.paths.history.config.targets)
    return _Rule(
        "unanswered",
        _since(leads, leads.facts.asked_us, HOUR_US),
        leads.paths.as_of_us > leads.due.unanswered_us,
        np.full(len(leads.facts.lead), limit),
    )


def _silent(leads: _Open) -> _Rule:
    """Longer without a touch than nine of ten gaps between touches in the same stage, of leads that were won."""
    limit = _limits([leads.pace.silent_limit(stage) for stage in leads.facts.stage])
    days = _since(leads, leads.facts.silent_since_us, DAY_US)
    return _Rule("silent", days, leads.paths.as_of_us > leads.due.silent_us, limit)


def _stuck(leads: _Open) -> _Rule:
    """Longer in the stage than nine of ten visits."""
    limit = _limits([leads.pace.stuck_limit(stage) for stage in leads.facts.stage])
    days = _since(leads, leads.facts.entered_us, DAY_US)
    return _Rule("stuck", days, leads.paths.as_of_us > leads.due.stuck_us, limit)


def _valuable_and_untouched(leads: _Open) -> _Rule:
    """In the top tenth by expected revenue, if revenues differ, and silent for a week."""
    flagged = leads.is_valuable & (leads.paths.as_of_us > leads.due.untouched_us)
    days = _since(leads, leads.facts.silent_since_us, DAY_US)
    return _Rule("high_value_untouched", days, flagged, np.full(len(days), HIGH_VALUE_SILENCE_DAYS))


def _is_valuable(revenue: Floats) -> Mask:
    """The top tenth of the known revenues (m,)."""
    known = revenue[np.isfinite(revenue)]
    # Equal revenues have no top tenth: every lead would reach the quantile.
    if not len(known) or known.min() == known.max():
        return np.zeros(len(revenue), dtype=np.bool_)
    return np.asarray(revenue >= np.quantile(known, HIGH_VALUE))


def _less_likely(probabilities: LeadProbabilities, lead: Ints) -> _Rule:
    change = probabilities.now[lead] - probabilities.earlier[lead]
    limit = -LARGE_DROP * probabilities.earlier[lead]
    return _Rule("probability_fell", change, change < limit, limit)
