"""The tests behind the leaks (docs/reference/funnel.md), counted over plain leads."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.funnel.reference.curves import Incidence
from tests.funnel.reference.figures import Span, onward, regrouped, to_win
from tests.funnel.reference.leads import DAY, Funnel, Known, Visit

LEAST = 20
SILENCE = 7 * DAY


@dataclass(frozen=True)
class Comparison:
    """One comparison: figures now and before, p under no change, and the wins that the gap costs."""

    kind: str
    subject: str
    now: float
    before: float
    n_now: int
    n_before: int
    p: float
    lost_wins: float

    def figures(self) -> dict[str, float | None]:
        """The numbers by name; None if unknown."""
        named = {name: value for name, value in vars(self).items() if not isinstance(value, str)}
        return {name: value if math.isfinite(value) else None for name, value in named.items()}


def windows(funnel: Funnel, end: int) -> tuple[Span, Span] | None:
    """The last 90 days up to `end`, or a third of a shorter history, and twice as long before."""
    days = min(90.0, (end - min(lead.created for lead in funnel.leads)) / DAY / 3)
    if days < 1:
        return None
    middle = end - round(days * DAY)
    return Span(middle, end), Span(middle - round(2 * days * DAY), middle)


def tests_of(funnel: Funnel, end: int, groups: Mapping[str, Sequence[str]]) -> list[Comparison]:
    """All comparisons."""
    both = windows(funnel, end)
    if both is None:
        return []
    now, before = both
    age = min(float(funnel.horizon_days), now.days * 2 / 3)
    tests = [test for stage in funnel.order for test in _stage(funnel, stage, both, age)]
    tests += _fewer(funnel, both, lambda _: True, "entrances")
    if any("source" in lead.values for lead in funnel.leads):
        for name in _values(funnel, "source"):
            tests += _fewer(funnel, both, _from(name), f"source {name or '(none)'}")
    if any(who == "outbound" for lead in funnel.leads for _, who, _ in lead.touches):
        tests += _hand_overs(funnel, Span(before.start, now.end), age, groups)
    for column in ("source", "owner"):
        tests += _columns(funnel, column, both, age)
    return tests


def findings(tests: Sequence[Comparison], rate: float = 0.1) -> list[Comparison]:
    """Benjamini and Hochberg's step-up rule: the k smallest p, k the largest with p_k <= rate * k / m."""
    ordered = sorted(tests, key=lambda test: test.p)
    most = max((k for k, test in enumerate(ordered, 1) if test.p <= rate * k / len(ordered)), default=0)
    return ordered[:most]


def _normal_tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def _p_lower(now: Incidence, before: Incidence, age: float) -> float:
    """One-sided p of the score test; 1 if a side was not observed up to every pooled event."""
    steps, free = [], Fraction(1)
    pooled = [*now.spells, *before.spells]
    for time in sorted({days for days, how in pooled if how != "open" and days <= age}):
        risk = sum(days >= time for days, _ in pooled)
        event = Fraction(sum(days == time and how == "event" for days, how in pooled), risk)
        ended = Fraction(sum(days == time and how != "open" for days, how in pooled), risk)
        steps.append((time, free, event, ended))
        free *= 1 - ended
    share, variance = sum(before * event for _, before, event, _ in steps), Fraction(0)
    so_far = Fraction(0)
    for time, alone, event, ended in steps:
        so_far += alone * event
        gap = share - so_far
        one = gap**2 * ended / (1 - ended) if ended < 1 else Fraction(0)
        one += alone**2 * event * (1 - event) - 2 * gap * alone * event
        for side in (now, before):
            at_risk = len(side.spells) * alone * _censoring_survival(side, time)
            if one and not at_risk:
                return 1.0
            variance += one / at_risk if one else 0
    gap = (before.at(age) or Fraction(0)) - (now.at(age) or Fraction(0))
    return _normal_tail(float(gap) / math.sqrt(variance)) if variance else 1.0


def _censoring_survival(side: Incidence, time: Fraction) -> Fraction:
    """The share not censored before a time."""
    share = Fraction(1)
    for end in sorted({days for days, how in side.spells if how == "open" and days < time}):
        left = sum(days > end or (days == end and how == "open") for days, how in side.spells)
        share *= 1 - Fraction(sum(days == end and how == "open" for days, how in side.spells), left)
    return share


def _rates(
    named: tuple[str, str], now: Incidence, before: Incidence, age: float, worth: float = 1.0
) -> Iterator[Comparison]:
    if min(len(now.spells), len(before.spells)) >= LEAST:
        rates = float(now.at(age) or 0), float(before.at(age) or 0)
        lost = max(rates[1] - rates[0], 0.0) * len(now.spells) * worth
        yield Comparison(
            *named, *rates, len(now.spells), len(before.spells), _p_lower(now, before, age), lost
        )


def _stage(funnel: Funnel, stage: str, spans: tuple[Span, Span], age: float) -> Iterator[Comparison]:
    firsts = [
        [
            (lead, visit)
            for lead in funnel.leads
            for visit in lead.visits
            if visit.stage == stage and not visit.again and visit.begin in span
        ]
        for span in spans
    ]
    if min(map(len, firsts)) < LEAST:
        return
    now, before = (Incidence([onward(funnel, lead, visit) for lead, visit in first]) for first in firsts)
    ends = {"won": "event", "lost": "other", "open": "open"}
    won = Incidence([(Fraction(lead.closed - v.begin, DAY), ends[lead.state]) for lead, v in firsts[1]])
    worth = float(won.rate / before.rate) if before.rate else 0.0
    yield from _rates(("conversion", stage), now, before, age, worth)
    yield _speed(funnel, stage, firsts, float(won.rate))


def _speed(
    funnel: Funnel, stage: str, firsts: Sequence[Sequence[tuple[Known, Visit]]], rate: float
) -> Comparison:
    stays = [
        [
            (Fraction(visit.end - visit.begin, DAY), "open" if visit.left == "here" else "event")
            for lead, visit in first
            if not (lead.implied and visit.left in ("won", "lost"))
        ]
        for first in firsts
    ]
    now, before = (Incidence(side).quantile(Fraction(1, 2)) for side in stays)
    cycle = to_win(funnel.leads).quantile_of_events(Fraction(1, 2))
    p, lost = 1.0, 0.0
    if now is not None and before is not None and now > before and cycle is not None:
        delay = now - before
        p, lost = _normal_tail(_log_rank(*stays)), len(stays[0]) * rate * delay / (cycle + delay)
    medians = math.nan if now is None else now, math.nan if before is None else before
    return Comparison("speed", stage, *medians, len(stays[0]), len(stays[1]), p, lost)


def _log_rank(now: Sequence[tuple[Fraction, str]], before: Sequence[tuple[Fraction, str]]) -> float:
    """z of fewer exits now than under equal hazards, over all times with an exit."""
    gap = spread = Fraction(0)
    for time in {days for days, how in (*now, *before) if how == "event"}:
        at_risk = [sum(days >= time for days, _ in side) for side in (now, before)]
        ended = [sum(days == time and how == "event" for days, how in side) for side in (now, before)]
        n, d = sum(at_risk), sum(ended)
        gap += Fraction(d * at_risk[0], n) - ended[0]
        spread += Fraction(d * at_risk[0] * at_risk[1] * (n - d), n * n * (n - 1)) if n > 1 else 0
    return float(gap) / math.sqrt(spread) if spread else 0.0


def _values(funnel: Funnel, column: str) -> list[str | None]:
    return list(Counter(lead.values.get(column) for lead in funnel.leads))


def _from(source: str | None) -> Callable[[Known], bool]:
    return lambda lead: lead.values.get("source") == source


def _fewer(
    funnel: Funnel, spans: tuple[Span, Span], mine: Callable[[Known], bool], subject: str
) -> Iterator[Comparison]:
    """Given n + m leads in all, n is binomial: normal approximation with continuity correction."""
    now, before = spans
    created = [[lead for lead in funnel.leads if mine(lead) and lead.created in span] for span in spans]
    n, m = map(len, created)
    if m >= LEAST:
        share = now.days / (now.days + before.days)
        z = ((n + m) * share - n - 0.5) / math.sqrt((n + m) * share * (1 - share))
        rates = n / now.days, m / before.days
        lost = max(rates[1] - rates[0], 0.0) * now.days * float(to_win(created[1]).rate)
        yield Comparison("entrances", subject, *rates, n, m, _normal_tail(z), lost)


def _columns(funnel: Funnel, column: str, spans: tuple[Span, Span], age: float) -> Iterator[Comparison]:
    if not any(column in lead.values for lead in funnel.leads):
        return
    for name in _values(funnel, column):
        sides: dict[tuple[bool, bool], list[Known]] = defaultdict(list)
        for lead in funnel.leads:
            for recent, span in zip((True, False), spans, strict=True):
                if lead.created in span:
                    sides[lead.values.get(column) == name, recent].append(lead)
        who = f"{column} {name or '(none)'}"
        own, past = to_win(sides[True, True]), to_win(sides[True, False])
        yield from _rates(("quality", who), own, past, age)
        if column == "source":
            ours, theirs = (to_win([*sides[mine, True], *sides[mine, False]]) for mine in (True, False))
            yield from _rates(("elsewhere", who), ours, theirs, age)


def _hand_overs(
    funnel: Funnel, span: Span, age: float, groups: Mapping[str, Sequence[str]]
) -> Iterator[Comparison]:
    changes = [(lead, at) for lead in funnel.leads for at, _ in lead.owners[1:]]
    yield from _silence(changes, "owner", span, age)
    levels = regrouped(funnel, groups)
    for group in levels.order:
        moves = [
            (lead, visit.begin)
            for lead in levels.leads
            for visit in lead.visits
            if visit.stage == group and visit.how in ("forward", "skip")
        ]
        yield from _silence(moves, group, span, age)


def _silence(
    hand_overs: Sequence[tuple[Known, int]], subject: str, span: Span, age: float
) -> Iterator[Comparison]:
    sides: tuple[list[tuple[Fraction, str]], list[tuple[Fraction, str]]] = ([], [])
    ends = {"won": "event", "lost": "other", "open": "open"}
    for lead, at in hand_overs:
        if at in span and at + SILENCE <= lead.closed:
            touched = any(who == "outbound" and at < t <= at + SILENCE for t, who, _ in lead.touches)
            sides[touched].append((Fraction(lead.closed - at - SILENCE, DAY), ends[lead.state]))
    yield from _rates(("hand_over", subject), Incidence(sides[0]), Incidence(sides[1]), age)
