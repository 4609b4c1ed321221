"""Economics, attribution, moves and attention, counted from docs/reference/funnel.md over plain leads."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.funnel.reference.curves import Incidence, quantile
from tests.funnel.reference.figures import Span, to_win
from tests.funnel.reference.leads import DAY, HOUR, Funnel, Known, Row, known_funnel

Record = dict[str, Any]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def economics(funnel: Funnel, span: Span, spent_from: int) -> Record | None:
    """Costs against leads and deals; spent_from is where costs begin to count."""
    if funnel.costs is None:
        return None
    spent = [
        (amount * max(min(end, span.end) - max(start, spent_from), 0) / (end - start), channel, source)
        for start, end, amount, channel, source in funnel.costs
    ]
    cost = sum(part for part, _, _ in spent)
    channel = {lead.id: next((c for _, _, c in lead.touches if c), None) for lead in funnel.leads}
    source = {lead.id: lead.values.get("source") for lead in funnel.leads}
    return {
        "total": _account(funnel.leads, span, cost),
        "by_source": _split(funnel.leads, span, source, [(part, s) for part, _, s in spent]),
        "by_channel": _split(funnel.leads, span, channel, [(part, c) for part, c, _ in spent]),
        "lifetime_value": lifetime(funnel),
        "attribution": attribution(funnel, span),
    }


def _account(leads: Sequence[Known], span: Span, cost: float) -> Record:
    created = [lead for lead in leads if lead.created in span]
    won = [lead for lead in leads if lead.state == "won" and lead.closed in span]
    paid = [lead.amount for lead in won if lead.amount is not None]
    revenue = sum(paid) if paid or not won else None
    promised = len(created) * to_win(created).rate
    return {
        "cost": cost,
        "leads": len(created),
        "won": len(won),
        "revenue": revenue,
        "cost_per_lead": _share(cost, len(created)),
        "cost_per_deal": _share(cost, len(won)),
        "cost_per_deal_of_cohort": _share(cost, float(promised)),
        "return_on_investment": (revenue - cost) / cost if revenue is not None and cost else None,
        "payback_days": _payback(created, cost),
    }


def _payback(created: Sequence[Known], cost: float) -> float | None:
    earned = 0.0
    paid = [lead for lead in created if lead.state == "won" and lead.amount is not None and not lead.implied]
    for lead in sorted(paid, key=lambda lead: lead.closed - lead.created):
        earned += lead.amount or 0.0
        if 0 < cost <= earned:
            return (lead.closed - lead.created) / DAY
    return None


def _split(
    leads: Sequence[Known],
    span: Span,
    of: Mapping[str, str | None],
    spent: Sequence[tuple[float, str | None]],
) -> dict[str | None, Record]:
    if all(name is None for _, name in spent):
        return {}
    cost: dict[str | None, float] = defaultdict(float)
    for part, name in spent:
        cost[name] += part
    mine: dict[str | None, list[Known]] = defaultdict(list)
    for lead in leads:
        mine[of[lead.id]].append(lead)
    names = {name for name in cost if cost[name]} | set(mine)
    return {name: _account(mine[name], span, cost[name]) for name in names}


def lifetime(funnel: Funnel) -> Record | None:
    won: dict[str, list[Known]] = defaultdict(list)
    for lead in funnel.leads:
        if lead.state == "won" and (account := lead.values.get("account_id")):
            won[account].append(lead)
    deals = [lead for leads in won.values() for lead in leads]
    paid = [lead.amount for lead in deals if lead.amount is not None]
    if not paid:
        return None
    waits = []
    for leads in won.values():
        times = sorted(lead.closed for lead in leads)
        waits += [(Fraction(b - a, DAY), "event") for a, b in pairwise(times)]
        waits.append((Fraction(funnel.as_of - times[-1], DAY), "open"))
    repeat = Incidence(waits)
    return {
        "accounts": len(won),
        "deals_per_account": len(deals) / len(won),
        "revenue_per_account": sum(paid) / len(won),
        "buys_again": repeat.rate,
        "median_days_between": repeat.quantile_of_events(Fraction(1, 2)),
        "lifetime_value": None if repeat.rate == 1 else sum(paid) / len(paid) / float(1 - repeat.rate),
    }


def attribution(funnel: Funnel, span: Span) -> dict[str, Record]:
    """By channel; the Markov chain is walked step by step, not solved."""
    channels = {c for lead in funnel.leads for _, _, c in lead.touches if c}
    decided = [lead for lead in funnel.leads if lead.state != "open" and lead.closed in span]
    ways = [(lead, [c for at, _, c in lead.touches if c and at <= lead.closed]) for lead in decided]
    won = [(lead, way) for lead, way in ways if way and lead.state == "won"]
    if not won:
        return {}
    steps: dict[str, Counter[str]] = defaultdict(Counter)
    for lead, way in ways:
        for here, there in zip(["(start)", *way], [*way, f"({lead.state})"], strict=True):
            steps[here][there] += 1 if way else 0
    whole = _win_probability(steps, None)
    effect = {c: 1 - _win_probability(steps, c) / whole for c in channels}
    return {
        c: {
            "channel": c,
            "wins_first": sum(way[0] == c for _, way in won),
            "wins_last": sum(way[-1] == c for _, way in won),
            "wins_markov": effect[c] / sum(effect.values()) * len(won),
            "revenue_first": sum(lead.amount or 0.0 for lead, way in won if way[0] == c),
            "revenue_last": sum(lead.amount or 0.0 for lead, way in won if way[-1] == c),
            "removal_effect": effect[c],
        }
        for c in channels
    }


def _win_probability(steps: Mapping[str, Counter[str]], removed: str | None) -> float:
    """The share of walkers from the start that reach the win; those that enter the removed channel are lost."""
    walkers, won = {"(start)": 1.0}, 0.0
    while sum(walkers.values()) > 1e-14:
        moved: dict[str, float] = defaultdict(float)
        for here, share in walkers.items():
            for there, n in steps[here].items():
                moved[there] += share * n / steps[here].total()
        won += moved.pop("(won)", 0.0)
        walkers = {place: share for place, share in moved.items() if place not in ("(lost)", removed)}
    return won


def moved(
    tables: Mapping[str, Sequence[Row]],
    zone: str,
    dates: tuple[int, int],
    horizon_days: int,
    stages: Sequence[str],
) -> Counter[tuple[tuple[str, str | None], tuple[str, str | None]]]:
    """Leads by their places at two dates, each as known then."""
    then, now = (
        {lead.id: _where(lead) for lead in known_funnel(tables, zone, at, horizon_days, stages).leads}
        for at in dates
    )
    return Counter((then.get(lead, ("new", None)), place) for lead, place in now.items())


def _where(lead: Known) -> tuple[str, str | None]:
    stage = lead.visits[-1].stage
    if lead.state != "open":
        return lead.state, None
    return ("before_first_stage", None) if stage is None else ("stage", stage)


def attention(funnel: Funnel, hours: float = 24.0) -> dict[str, tuple[float | None, dict[str, float]]]:
    """Each lead that needs attention: its value, and its reasons with their hours or days."""
    value = _values(funnel)
    known = sorted(v for v in value.values() if v is not None)
    recorded = any(lead.touches for lead in funnel.leads)
    directed = any(who == "outbound" for lead in funnel.leads for _, who, _ in lead.touches)
    urgent = {}
    for lead in (lead for lead in funnel.leads if lead.state == "open"):
        touches = [(at, who) for at, who, _ in lead.touches if lead.created <= at]
        silent = (funnel.as_of - max([lead.created, *(at for at, _ in touches)])) / DAY
        stage = lead.visits[-1].stage
        reasons = {}
        asked = None
        for at, who in touches:
            asked = None if who == "outbound" else at if who == "inbound" and asked is None else asked
        if directed and asked is not None and (funnel.as_of - asked) / HOUR > hours:
            reasons["unanswered"] = (funnel.as_of - asked) / HOUR
        gaps = _gaps(funnel, stage)
        if len(gaps) >= 20 and silent > quantile(gaps, 0.9):
            reasons["silent"] = silent
        stay = (funnel.as_of - lead.visits[-1].begin) / DAY
        if stage is not None and (limit := _longest(funnel, stage)) is not None and stay > limit:
            reasons["stuck"] = stay
        own = value[lead.id]
        is_valued = own is not None and known[0] < known[-1] and own >= quantile(known, 0.9)
        if recorded and is_valued and silent > 7:
            reasons["high_value_untouched"] = silent
        if reasons:
            urgent[lead.id] = (own, reasons)
    return urgent


def _values(funnel: Funnel) -> dict[str, float | None]:
    """Value of each open lead: its stage's win rate times the average deal."""
    paid = [lead.amount for lead in funnel.leads if lead.state == "won" and lead.amount is not None]
    values: dict[str, float | None] = {}
    for lead in (lead for lead in funnel.leads if lead.state == "open"):
        stage = lead.visits[-1].stage
        decided = [o for o in funnel.leads if o.state != "open" and any(v.stage == stage for v in o.visits)]
        rate = _share(sum(o.state == "won" for o in decided), len(decided))
        values[lead.id] = None if rate is None or not paid else rate * sum(paid) / len(paid)
    return values


def _gaps(funnel: Funnel, stage: str | None) -> list[float]:
    """Days between neighbouring touches of won leads that were in the stage at the earlier one."""
    gaps = []
    for lead in (lead for lead in funnel.leads if lead.state == "won"):
        times = [at for at, _, _ in lead.touches if lead.created <= at <= lead.closed]
        for one, other in pairwise(times):
            if [v for v in lead.visits if v.begin <= one][-1].stage == stage:
                gaps.append((other - one) / DAY)
    return gaps


def _longest(funnel: Funnel, stage: str) -> float | None:
    visits = [v for lead in funnel.leads if not lead.implied for v in lead.visits if v.stage == stage]
    stays = [(Fraction(v.end - v.begin, DAY), "open" if v.left == "here" else "event") for v in visits]
    longest = Incidence(stays).quantile(Fraction(9, 10))
    ended = [stay for stay in stays if stay[1] == "event"]
    if longest is None and len(ended) >= 20 and 2 * len(ended) >= len(stays):
        longest = Incidence(ended).quantile(Fraction(9, 10))
    return longest
