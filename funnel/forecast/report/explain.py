"""Explanation of a forecast: top leads, sums by stage and source, and the change since an earlier date."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.groups import groups_by
from funnel.forecast.periods import MOST, periods
from funnel.records import Record, finite
from history.base.arrays import Floats, Ints, Mask
from history.base.errors import InvalidInput
from history.history import OPEN, WON, History
from history.snapshot import Snapshot
from history.text.times import DAY_US, format_time
from models.bundle import Bundle
from models.scores.presentation import lead_names

TOP_LEADS = 10
SINCE_DAYS = 7
PARTS = ("won", "lost", "pushed", "pulled", "grown", "shrunk", "new", "reopened", "level")


def explanation(bundle: Bundle, history: History, result: Forecast, since_us: int | None = None) -> Record:
    """Top leads, open leads by stage and source, new leads, level, and the change since `since_us`.

    since_us None: a week before T. Sums are over all periods of the forecast. If it is unknown when
    leads are won, leads and groups are counted without wins and revenue, and nothing is said of new leads and changes.
    """
    expected = _within_periods(result)
    by_source: list[Record] = []
    if "source" in history.attributes:
        sources = groups_by(history, result.known, "source")
        names = [sources.names[group] for group in sources.of_lead[result.leads.lead].tolist()]
        by_source = _summed(result, names, expected)
    return {
        "top_leads": _top_leads(history, result, expected),
        "by_stage": _summed(result, list(result.leads.stage), expected),
        "by_source": by_source,
        "new_leads": _new_leads(result) if result.has_timing else [],
        "level": {
            "factor": result.level.factor.tolist(),
            "wins_deviation": result.level.wins_deviation.tolist(),
            "revenue_deviation": result.level.revenue_deviation.tolist(),
        },
        "changes": changes(bundle, history, result, since_us),
    }


class _Expected(NamedTuple):
    """Expected wins and revenue of each open lead (n,) in all periods; NaN if it is unknown when leads are won."""

    wins: Floats
    revenue: Floats


def _within_periods(result: Forecast) -> _Expected:
    unknown = 0.0 if result.has_timing else np.nan
    return _Expected(result.open_wins.sum(axis=1) + unknown, result.open_revenue.sum(axis=1) + unknown)


def _top_leads(history: History, result: Forecast, expected: _Expected) -> list[Record]:
    """The TOP_LEADS open leads by expected revenue, or by expected wins without amounts.

    If it is unknown when leads are won, by those of the model's horizon.
    """
    leads = result.leads
    if result.has_timing:
        size = expected.revenue if result.has_amounts else expected.wins
    else:
        size = leads.probability * leads.amount if result.has_amounts else leads.probability
    records = []
    best = np.argsort(-size, kind="stable")[:TOP_LEADS]
    names = lead_names(Snapshot(history, leads.lead[best], np.full(len(best), history.as_of_us)))
    for i, name in zip(best.tolist(), names, strict=True):
        record = {
            "lead_id": history.lead_ids[leads.lead[i]],
            "name": name,
            "stage": leads.stage[i],
            "probability": float(leads.probability[i]),
            "wins": finite(expected.wins[i]),
            "expected_amount": _amount(result, float(leads.amount[i])),
            "revenue": _amount(result, float(expected.revenue[i])),
        }
        records.append(record)
    return records


def _amount(result: Forecast, value: float) -> float | None:
    return finite(value) if result.has_amounts else None


@dataclass
class _Total:
    """Running totals of one group of leads."""

    leads: int = 0
    wins: float = 0.0
    revenue: float = 0.0


def _summed(result: Forecast, names: list[str | None], expected: _Expected) -> list[Record]:
    """Leads, wins and revenue by name (n,), most revenue first."""
    totals: dict[str | None, _Total] = {}
    wins, revenue = (column.tolist() for column in expected)
    for name, lead_wins, lead_revenue in zip(names, wins, revenue, strict=True):
        total = totals.setdefault(name, _Total())
        total.leads += 1
        total.wins += lead_wins
        total.revenue += lead_revenue

    def rank(name: str | None) -> tuple[float, float, int, str]:
        total = totals[name]
        return -np.nan_to_num(total.revenue), -np.nan_to_num(total.wins), -total.leads, name or ""

    records: list[Record] = []
    for name in sorted(totals, key=rank):
        total = totals[name]
        revenue_sum = _amount(result, total.revenue)
        wins_sum = finite(total.wins)
        records.append({"name": name, "leads": total.leads, "wins": wins_sum, "revenue": revenue_sum})
    return records


def _new_leads(result: Forecast) -> list[Record]:
    """By period: expected arrivals, wins, and mean amount of a win of new leads."""
    arrived = result.new_leads.arrivals.cumulative
    end = np.array([(span.end_us - result.as_of_us) / DAY_US for span in result.periods])
    by_end = np.interp(end, np.arange(len(arrived)), arrived)
    by_period = np.diff(by_end, prepend=0.0)
    amount = result.new_leads.amount
    known_amount = _amount(result, amount) if np.isfinite(amount) else None
    return [
        {
            "period_start": span.start.isoformat(),
            "arrivals": float(by_period[i]),
            "wins": float(result.expectation.new_wins[i].sum()),
            "amount": known_amount,
        }
        for i, span in enumerate(result.periods)
    ]


def changes(bundle: Bundle, history: History, result: Forecast, since_us: int | None = None) -> Record:
    """Change of the expected total of these periods since an earlier instant, in PARTS that add up to it.

    won, lost: leads open then, decided now. Of leads open at both instants, grown and shrunk: their probability
    (for revenue, times amount) changed; pulled and pushed: the share of it that falls into these periods changed.
    new: leads created since, and the change in what new leads promise. reopened: leads decided then. level: change of
    the correction from replays. Null if it is unknown when leads are won. Raises InvalidInput for an instant at or
    after T, or too far back.
    """
    if since_us is None:
        since_us = history.as_of_us - SINCE_DAYS * DAY_US
    if since_us >= history.as_of_us:
        as_of = format_time(history.as_of_us)
        raise InvalidInput(f"changes since {format_time(since_us)}: give a time before {as_of}")
    if not result.has_timing:
        return {"since": format_time(since_us), "wins": None, "revenue": None}
    earlier = _earlier_forecast(bundle, history, result, since_us)
    skipped = max(len(earlier.periods) - len(result.periods), 0)

    def change(*, of_revenue: bool) -> Record:
        now = _side(history, result, 0, of_revenue=of_revenue)
        then = _side(history, earlier, skipped, of_revenue=of_revenue)
        return _parts(now, then)

    return {
        "since": format_time(since_us),
        "wins": change(of_revenue=False),
        "revenue": change(of_revenue=True) if result.has_amounts else None,
    }


def _earlier_forecast(bundle: Bundle, history: History, result: Forecast, since_us: int) -> Forecast:
    """The forecast at `since_us`, through the same last period."""
    period = result.options.period
    spans = periods(since_us, period, MOST[period], bundle.config.zone)
    ends = [span.end_us for span in spans]
    if result.periods[-1].end_us not in ends:
        raise InvalidInput(
            f"changes since {format_time(since_us)}: too long ago for {period}s; give a later time"
        )
    count = ends.index(result.periods[-1].end_us) + 1
    return forecast(bundle, replace(history, as_of_us=since_us), ForecastOptions(period, count))


@dataclass(frozen=True)
class _Side:
    """One forecast's figures in wins or revenue over the common periods, by lead of the history (n,).

    expected: of open leads, before the level. won: so far. value: probability, for revenue times amount. is_open,
    is_known: at the forecast's instant. state: OPEN if unknown. Scalars: the parts of new leads and of the level's
    correction, and the total.
    """

    expected: Floats
    won: Floats
    value: Floats
    is_open: Mask
    is_known: Mask
    state: Ints
    new: float
    level: float
    total: float


def _side(history: History, result: Forecast, skipped: int, *, of_revenue: bool) -> _Side:
    """The figures of a forecast in its periods from `skipped` on."""
    n, leads, known = len(history), result.leads, result.known
    by_lead = result.open_revenue if of_revenue else result.open_wins
    before_level = by_lead / result.level.factor
    amount = np.nan_to_num(leads.amount) if of_revenue else 1.0
    new = result.expectation.new_revenue if of_revenue else result.expectation.new_wins
    total = result.revenue if of_revenue else result.wins

    first_us, end_us = result.periods[skipped].start_us, result.periods[-1].end_us
    inside = known.is_won_between(first_us, end_us)
    won = np.zeros(n)
    won[known.lead[inside]] = np.nan_to_num(known.amount[inside]) if of_revenue else 1.0
    state = np.full(n, OPEN, dtype=np.int64)
    state[known.lead] = known.state
    return _Side(
        expected=_scattered(n, leads.lead, before_level[:, skipped:].sum(axis=1)),
        won=won,
        value=_scattered(n, leads.lead, leads.probability * amount),
        is_open=_flagged(n, leads.lead),
        is_known=_flagged(n, known.lead),
        state=state,
        new=float(new[skipped:].sum()),
        level=float((by_lead - before_level)[:, skipped:].sum()),
        total=float(total[skipped:].sum()),
    )


def _scattered(n: int, lead: Ints, values: Floats) -> Floats:
    """values at the rows `lead` of n, zero elsewhere."""
    column = np.zeros(n)
    column[lead] = values
    return column


def _flagged(n: int, lead: Ints) -> Mask:
    """True at the rows `lead` of n."""
    flags = np.zeros(n, dtype=np.bool_)
    flags[lead] = True
    return flags


def _parts(now: _Side, then: _Side) -> Record:
    """The move from then to now, split over PARTS."""
    n = len(now.state)
    both = then.is_open & now.is_open
    # Share of the value that fell into these periods: a change of value moves that much of it ("grown", "shrunk"); the
    # rest of a lead's change is timing ("pulled", "pushed").
    share = np.divide(then.expected, then.value, out=np.zeros(n), where=then.value > 0)
    size = np.where(both, (now.value - then.value) * share, 0.0)
    time = np.where(both, now.expected - then.expected - size, 0.0)
    total = now.expected + now.won - then.expected - then.won
    won = now.state == WON
    return {
        "then": then.total,
        "won": float(total[then.is_open & won].sum()),
        "lost": float(total[then.is_open & ~now.is_open & ~won].sum()),
        "pushed": float(time[time < 0].sum()),
        "pulled": float(time[time > 0].sum()),
        "grown": float(size[size > 0].sum()),
        "shrunk": float(size[size < 0].sum()),
        "new": float(total[~then.is_known].sum()) + (now.new - then.new),
        "reopened": float(total[then.is_known & ~then.is_open].sum()),
        "level": now.level - then.level,
        "now": now.total,
    }
