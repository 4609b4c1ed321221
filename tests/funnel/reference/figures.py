"""Every figure of one block of the funnel, counted from docs/reference/funnel.md over plain leads."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from tests.funnel.reference.curves import QUARTERS, Incidence, Spell, quartiles, rate_record, wilson
from tests.funnel.reference.leads import DAY, HOUR, Funnel, Known, Visit, instant, local_day, walk

Record = dict[str, Any]
EXITS = ("moved_on", "moved_back", "won", "lost")
MONTH = 365.25 / 12


@dataclass(frozen=True)
class Span:
    """The instants start <= t < end."""

    start: int
    end: int

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.start <= at < self.end

    @property
    def days(self) -> float:
        return (self.end - self.start) / DAY


def block(funnel: Funnel, span: Span) -> Record:
    """The figures of the funnel's leads within the period, under the names of the JSON but stage_groups and targets."""
    open_at_end = sum(_open_before(lead, span.end) for lead in funnel.leads)
    money, days = deals(funnel, span), cycle(funnel, span)
    return {
        "funnel": entered(funnel, span),
        "flow": flow(funnel, span),
        "deals": money,
        "cycle_time_days": days,
        "velocity": velocity(open_at_end, money, days),
        "activity": activity(funnel, span),
        "stages": stages(funnel, span),
        "months": months(funnel, span),
        "cohorts": cohorts(funnel, span),
    }


def regrouped(funnel: Funnel, members: Mapping[str, Sequence[str]]) -> Funnel:
    """The funnel whose stages are groups of stages; a stage of no group leaves the lead where it was."""
    group = {stage: name for name, stages in members.items() for stage in stages}
    leads = []
    for lead in funnel.leads:
        entries = [(at, group[stage]) for at, stage in lead.entries if stage in group]
        changed = replace(lead, entries=entries)
        changed.visits = walk(changed, list(members), funnel.as_of)
        leads.append(changed)
    return replace(funnel, leads=leads, order=list(members))


def _days(us: int) -> Fraction:
    return Fraction(us, DAY)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _there_before(visit: Visit, at: int) -> bool:
    return visit.begin < at and (visit.left == "here" or visit.end >= at)


def _open_before(lead: Known, at: int) -> bool:
    return any(_there_before(visit, at) for visit in lead.visits)


def _ended(lead: Known) -> str:
    return {"won": "event", "lost": "other", "open": "open"}[lead.state]


def to_win(leads: Sequence[Known]) -> Incidence:
    return Incidence([(_days(lead.closed - lead.created), _ended(lead)) for lead in leads])


def entered(funnel: Funnel, span: Span) -> Record:
    leads = [lead for lead in funnel.leads if lead.created in span]
    state = Counter(lead.state for lead in leads)
    return {
        "entered": len(leads),
        "open": state["open"],
        "won": state["won"],
        "lost": state["lost"],
        "win": rate_record(to_win(leads), funnel.horizon_days),
    }


def flow(funnel: Funnel, span: Span) -> Record:
    visits = [visit for lead in funnel.leads for visit in lead.visits]
    left = Counter(visit.left for visit in visits if visit.left != "here" and visit.end in span)
    came = Counter(visit.how for visit in visits if visit.begin in span)
    n = sum(lead.created in span for lead in funnel.leads)
    return {
        "open_at_start": sum(_open_before(lead, span.start) for lead in funnel.leads),
        "entered": n,
        "reopened": came["reopened"],
        "won": left["won"],
        "lost": left["lost"],
        "open_at_end": sum(_open_before(lead, span.end) for lead in funnel.leads),
        "moves_back": came["back"],
        "skips": came["skip"],
        "entered_per_day": n / span.days,
        "closed_per_day": (left["won"] + left["lost"]) / span.days,
    }


def _decided(funnel: Funnel, span: Span, *states: str) -> list[Known]:
    return [
        lead for lead in funnel.leads if lead.state in (states or ("won", "lost")) and lead.closed in span
    ]


def deals(funnel: Funnel, span: Span) -> Record:
    won, lost = _decided(funnel, span, "won"), _decided(funnel, span, "lost")
    n = len(won) + len(lost)
    paid = [lead.amount for lead in won if lead.amount is not None]
    missed = [lead.amount for lead in lost if lead.amount is not None]
    enough = 2 * len(paid) >= len(won) and 2 * len(missed) >= len(lost)
    low, high = wilson(len(won) / n, n) if n else (None, None)
    revenue = sum(paid) if paid or not won else None
    reasons = Counter(lead.reason for lead in lost if lead.reason)
    return {
        "won": len(won),
        "lost": len(lost),
        "win_rate": _share(len(won), n),
        "win_rate_low": low,
        "win_rate_high": high,
        "win_rate_by_amount": _share(sum(paid), sum(paid) + sum(missed)) if enough else None,
        "revenue": revenue,
        "revenue_per_month": None if revenue is None else revenue / span.days * MONTH,
        "average_deal": _share(sum(paid), len(paid)),
        "unknown_amounts": len(won) - len(paid),
        "lost_reasons": dict(reasons),
    }


def _win_days(funnel: Funnel, span: Span) -> list[float]:
    return [(w.closed - w.created) / DAY for w in _decided(funnel, span, "won") if not w.implied]


def cycle(funnel: Funnel, span: Span) -> Record:
    cohort = to_win([lead for lead in funnel.leads if lead.created in span and not lead.implied])
    quarters = {name: cohort.quantile_of_events(share) for name, share in QUARTERS}
    return {
        "calendar": quartiles(_win_days(funnel, span)),
        "cohort": {"n": len(cohort.spells), "wins": cohort.count("event"), **quarters},
    }


def velocity(leads: int, money: Record, days: Record) -> Record:
    rate, deal, mean = money["win_rate"], money["average_deal"], days["calendar"]["mean"]
    wins = leads * rate / mean if mean and rate is not None else None
    return {
        "leads": leads,
        "win_rate": rate,
        "average_deal": deal,
        "cycle_time_days": mean,
        "wins_per_day": wins,
        "revenue_per_day": None if wins is None or deal is None else wins * deal,
    }


def _seen(lead: Known) -> list[tuple[int, str]]:
    """The touches from creation to the closing in force."""
    return [(at, direction) for at, direction, _ in lead.touches if lead.created <= at <= lead.closed]


def _questions(lead: Known) -> list[tuple[int, int, bool]]:
    """(asked, settled, answered) of each inbound touch when none was waiting."""
    questions: list[tuple[int, int, bool]] = []
    for at, direction in _seen(lead):
        waiting = bool(questions) and not questions[-1][2]
        if direction == "inbound" and not waiting:
            questions.append((at, lead.closed, False))
        if direction == "outbound" and waiting:
            questions[-1] = (questions[-1][0], at, True)
    return questions


def _answers(leads: Sequence[Known], span: Span) -> Incidence:
    return Incidence(
        [
            (Fraction(settled - asked, HOUR), "event" if answered else "open")
            for lead in leads
            for asked, settled, answered in _questions(lead)
            if asked in span
        ]
    )


def _hours(incidence: Incidence) -> Record:
    return {
        "n": len(incidence.spells),
        "answered": incidence.count("event"),
        **{name: incidence.quantile(share) for name, share in QUARTERS},
        "answered_in_a_day": incidence.at(24),
    }


def activity(funnel: Funnel, span: Span, directed: bool = True) -> Record:
    worked = sum(lead.created < span.end and lead.closed >= span.start for lead in funnel.leads)
    touched = sum(at in span for lead in funnel.leads for at, _ in _seen(lead))
    ours = [[at for at, direction in _seen(lead) if direction == "outbound"] for lead in funnel.leads]
    followed = sum(at in span for touches in ours for at in touches[1:])
    first: list[Spell] = [
        (Fraction((touches or [lead.closed])[0] - lead.created, HOUR), "event" if touches else "open")
        for lead, touches in zip(funnel.leads, ours, strict=True)
        if lead.created in span
    ]
    waiting = sum(
        q[-1][2] is False for lead in funnel.leads if lead.state == "open" and (q := _questions(lead))
    )
    return {
        "leads_open_in_period": worked,
        "touches": touched,
        "touches_per_lead": _share(touched, worked),
        "follow_ups": followed,
        "follow_ups_per_lead": _share(followed, worked),
        "first_response_hours": _hours(Incidence(first)),
        "response_hours": _hours(_answers(funnel.leads, span)),
        "waiting_for_answer": waiting,
    }


def stages(funnel: Funnel, span: Span) -> list[Record]:
    names = [None, *funnel.order]
    waited = any(visit.stage is None for lead in funnel.leads for visit in lead.visits)
    return [{"stage": name, **_stage(funnel, span, name)} for name in names[0 if waited else 1 :]]


def _stage(funnel: Funnel, span: Span, name: str | None) -> Record:
    stays = [(lead, visit) for lead in funnel.leads for visit in lead.visits if visit.stage == name]
    begun = [(lead, visit) for lead, visit in stays if visit.begin in span]
    first = [(lead, visit) for lead, visit in begun if not visit.again]
    here = [(lead, visit) for lead, visit in stays if visit.left == "here"]
    timed = [v for lead, v in begun if not (lead.implied and v.left in ("won", "lost"))]
    stay = Incidence([(_days(v.end - v.begin), "open" if v.left == "here" else "event") for v in timed])
    win = Incidence([(_days(lead.closed - v.begin), _ended(lead)) for lead, v in first])
    on = Incidence([onward(funnel, lead, visit) for lead, visit in first])
    return {
        "ledger": _ledger(funnel, [visit for _, visit in begun]),
        "now": {
            "leads": len(here),
            "days_there": quartiles([(funnel.as_of - visit.begin) / DAY for _, visit in here]),
            "days_old": quartiles([(funnel.as_of - lead.created) / DAY for lead, _ in here]),
        },
        "conversion": {
            "onward": rate_record(on, funnel.horizon_days),
            "win": rate_record(win, funnel.horizon_days),
        },
        "calendar": _calendar(span, stays),
        "days_in_stage": {
            "n": len(timed),
            "ended": stay.count("event"),
            "open": stay.count("open"),
            **{quarter: stay.quantile(share) for quarter, share in QUARTERS},
        },
    }


def _place(funnel: Funnel, stage: str | None) -> int:
    return -1 if stage is None else funnel.order.index(stage)


def onward(funnel: Funnel, lead: Known, first: Visit) -> Spell:
    """To the first later visit of any later stage, or the win."""
    place = _place(funnel, first.stage)
    for visit in lead.visits[lead.visits.index(first) + 1 :]:
        if _place(funnel, visit.stage) > place:
            return _days(visit.begin - first.begin), "event"
    return _days(lead.closed - first.begin), _ended(lead)


def _ledger(funnel: Funnel, begun: Sequence[Visit]) -> Record:
    left, came = Counter(visit.left for visit in begun), Counter(visit.how for visit in begun)
    skipped = [
        v
        for v in begun
        if v.left == "moved_on" and v.stage and _place(funnel, v.to) - _place(funnel, v.stage) > 1
    ]
    return {
        "entries": len(begun),
        "first_entries": sum(not visit.again for visit in begun),
        "re_entries": sum(visit.again for visit in begun),
        "entered_by": {how: came[how] for how in ("start", "forward", "skip", "back", "reopened")},
        "there_now": left["here"],
        "moved_on": left["moved_on"],
        "skipped_ahead": len(skipped),
        "moved_back": left["moved_back"],
        "won": left["won"],
        "lost": left["lost"],
        "next": dict(Counter(visit.to for visit in begun if visit.to)),
    }


def _calendar(span: Span, stays: Sequence[tuple[Known, Visit]]) -> Record:
    left = Counter(visit.left for _, visit in stays if visit.left != "here" and visit.end in span)
    exits, on = left.total(), left["moved_on"] + left["won"]
    start = sum(_there_before(visit, span.start) for _, visit in stays)
    entries = sum(visit.begin in span for _, visit in stays)
    decided = {lead.id: lead.state for lead, _ in stays if lead.state != "open" and lead.closed in span}
    return {
        "there_at_start": start,
        "entries": entries,
        **{name: left[name] for name in EXITS},
        "there_at_end": sum(_there_before(visit, span.end) for _, visit in stays),
        "onward_rate": _share(on, exits),
        "win_rate": _share(sum(state == "won" for state in decided.values()), len(decided)),
        "churn_rate": _share(left["lost"], start + entries),
        "exits_per_day": exits / span.days,
        "onward_per_day": on / span.days,
    }


def month_starts(funnel: Funnel, span: Span) -> list[date]:
    """The first day of every local month that the period touches."""
    month, last = local_day(span.start, funnel.zone).replace(day=1), local_day(span.end - 1, funnel.zone)
    starts = []
    while month <= last:
        starts.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return starts


def months(funnel: Funnel, span: Span) -> list[Record]:
    def inside(at: int, month: date) -> bool:
        return at in span and local_day(at, funnel.zone).replace(day=1) == month

    records = []
    for month in month_starts(funnel, span):
        decided = [lead for lead in _decided(funnel, span) if inside(lead.closed, month)]
        won = [lead for lead in decided if lead.state == "won"]
        paid = [lead.amount for lead in won if lead.amount is not None]
        answers = [
            (Fraction(settled - asked, HOUR), "event" if answered else "open")
            for lead in funnel.leads
            for asked, settled, answered in _questions(lead)
            if inside(asked, month)
        ]
        shares = {}
        for stage in funnel.order:
            ends = [
                visit.left
                for lead in funnel.leads
                for visit in lead.visits
                if visit.stage == stage and visit.left != "here" and inside(visit.end, month)
            ]
            shares[stage] = _share(sum(end in ("moved_on", "won") for end in ends), len(ends))
        records.append(
            {
                "month": month.isoformat(),
                "entered": sum(inside(lead.created, month) for lead in funnel.leads),
                "won": len(won),
                "lost": len(decided) - len(won),
                "win_rate": _share(len(won), len(decided)),
                "revenue": sum(paid) if paid or not won else None,
                "average_deal": _share(sum(paid), len(paid)),
                "cycle_time_days": quartiles([(w.closed - w.created) / DAY for w in won if not w.implied])[
                    "median"
                ],
                "response_hours": Incidence(answers).quantile(Fraction(1, 2)),
                "stage_conversion": shares,
            }
        )
    return records


def cohorts(funnel: Funnel, span: Span) -> list[Record]:
    columns = min(24, max(1, (funnel.as_of - span.start) // (30 * DAY)))
    records = []
    for month in month_starts(funnel, span):
        leads = [
            lead
            for lead in funnel.leads
            if lead.created in span and local_day(lead.created, funnel.zone).replace(day=1) == month
        ]
        cells: list[tuple[int, float | None, float | None]] = []
        for age in (30 * DAY * k for k in range(1, columns + 1)):
            if leads and all(lead.created + age <= funnel.as_of for lead in leads):
                won = [lead for lead in leads if lead.state == "won" and lead.closed - lead.created <= age]
                paid = [lead.amount for lead in won if lead.amount is not None]
                cells.append((len(won), len(won) / len(leads), sum(paid) if paid or not won else None))
        gap = [None] * (columns - len(cells))
        if leads:
            records.append(
                {
                    "month": month.isoformat(),
                    "leads": len(leads),
                    "won": [cell[0] for cell in cells] + gap,
                    "rate": [cell[1] for cell in cells] + gap,
                    "revenue": [cell[2] for cell in cells] + gap,
                }
            )
    return records


MONTHLY = {
    "win_rate": "win_rate",
    "cycle_time_days": "cycle_time_days",
    "revenue_per_month": "revenue",
    "response_time_hours": "response_hours",
}


def whole_months(funnel: Funnel, span: Span) -> set[str]:
    """The months that lie within the period whole."""
    whole = set()
    for month in month_starts(funnel, span):
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        edges = [instant(day.isoformat(), funnel.zone) for day in (month, after)]
        if span.start <= edges[0] and edges[1] <= span.end:
            whole.add(month.isoformat())
    return whole


def targeted(
    record: Record, targets: Mapping[str, float], stage_targets: Mapping[str, float], whole: set[str]
) -> list[Record]:
    actual = {
        "win_rate": record["deals"]["win_rate"],
        "cycle_time_days": record["cycle_time_days"]["calendar"]["median"],
        "revenue_per_month": record["deals"]["revenue_per_month"],
        "response_time_hours": (record["activity"]["response_hours"] or {}).get("median"),
    }
    records = []
    for measure, target in targets.items():
        months = [m for m in record["months"] if measure != "revenue_per_month" or m["month"] in whole]
        values = [(month["month"], month[MONTHLY[measure]]) for month in months]
        records.append(_target((measure, None, target), actual[measure], values))
    by_stage = {stage["stage"]: stage["conversion"]["onward"]["rate"] for stage in record["stages"]}
    for name, target in stage_targets.items():
        values = [(month["month"], month["stage_conversion"].get(name)) for month in record["months"]]
        records.append(_target(("stage_conversion", name, target), by_stage.get(name), values))
    return records


def attained(measure: str, target: float, actual: float | None) -> float | None:
    if actual is None:
        return None
    part, whole = (
        (target, actual) if measure in ("cycle_time_days", "response_time_hours") else (actual, target)
    )
    return part / whole if whole else None


def _target(
    named: tuple[str, str | None, float], actual: float | None, values: Sequence[tuple[str, float | None]]
) -> Record:
    measure, stage, target = named

    def met(value: float) -> bool:
        if math.isclose(value, target, rel_tol=1e-9):
            return True
        return value < target if measure in ("cycle_time_days", "response_time_hours") else value > target

    known = [(month, value) for month, value in values if value is not None]
    missed: list[str] = []
    while known and not met(known[-1][1]):
        missed.append(known.pop()[0])
    return {
        "measure": measure,
        "stage": stage,
        "target": target,
        "actual": actual,
        "gap": None if actual is None else actual - target,
        "attained": attained(measure, target, actual),
        "met": None if actual is None else met(actual),
        "missed_since": missed[-1] if missed else None,
    }
