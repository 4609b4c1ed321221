"""The arithmetic of a forecast: who contributes, how leads yet to come are counted,
what changed since an earlier date.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from funnel.forecast.forecast import Asked, Forecast, forecast
from funnel.forecast.groups import groups_by
from funnel.forecast.periods import DAYS, MOST, periods
from history.arrays import Floats, Mask
from history.errors import InvalidInput
from history.history import DAY_US, OPEN, WON, History
from history.times import format_time
from models.bundle import Bundle

Record = dict[str, Any]
TOP = 10
PARTS = ("won", "lost", "pushed", "pulled", "grown", "shrunk", "new", "reopened", "level")


def explained(
    bundle: Bundle, history: History, asked: Asked, made: Forecast, since_us: int | None = None
) -> Record:
    """Top leads, open leads by stage and source, leads yet to come, and the change since `since_us` (None: one period's
    length before T). Sums are over all periods of the forecast.
    """
    wins, money = made.gains.sum(axis=1), made.money.sum(axis=1)
    size = money if made.has_amounts else wins
    top = np.argsort(-size, kind="stable")[:TOP]
    source = groups_by(history, made.seen, "source") if "source" in history.attributes else None
    return {
        "top_leads": [
            {
                "lead_id": history.lead_ids[made.leads.lead[i]],
                "stage": made.leads.stage[i],
                "probability": float(made.leads.probability[i]),
                "wins": float(wins[i]),
                "expected_amount": _known(made, float(made.leads.amount[i])),
                "revenue": _known(made, float(money[i])),
            }
            for i in top.tolist()
        ],
        "by_stage": _summed(made, list(made.leads.stage), wins, money),
        "by_source": []
        if source is None
        else _summed(made, [source.names[k] for k in source.of_lead[made.leads.lead].tolist()], wins, money),
        "new_leads": _new_leads(made),
        "level": {
            "factor": made.level.factor.tolist(),
            "wins_deviation": made.level.deviation.tolist(),
            "revenue_deviation": made.revenue_deviation.tolist(),
        },
        "changes": changes(bundle, history, asked, made, since_us),
    }


def _known(made: Forecast, value: float) -> float | None:
    return value if made.has_amounts else None


def _summed(made: Forecast, names: list[str | None], wins: Floats, money: Floats) -> list[Record]:
    found: dict[str | None, list[float]] = {}
    for name, w, m in zip(names, wins.tolist(), money.tolist(), strict=True):
        row = found.setdefault(name, [0, 0.0, 0.0])
        row[0] += 1
        row[1] += w
        row[2] += m
    order = sorted(found, key=lambda name: (-found[name][2], -found[name][1], name or ""))
    return [
        {"name": n, "leads": int(found[n][0]), "wins": found[n][1], "revenue": _known(made, found[n][2])}
        for n in order
    ]


def _new_leads(made: Forecast) -> list[Record]:
    """By period: arrivals, the share of them ever won by the end of the forecast's last day, wins and mean amount."""
    arrived = made.future.arrivals.cumulative
    end = np.array([(p.end_us - made.as_of_us) / DAY_US for p in made.periods])
    by_end = np.diff(np.interp(end, np.arange(len(arrived)), arrived), prepend=0.0)
    return [
        {
            "period_start": span.start.isoformat(),
            "arrivals": float(by_end[i]),
            "wins": float(made.expectation.new_wins[i].sum()),
            "amount": _known(made, made.future.amount) if np.isfinite(made.future.amount) else None,
        }
        for i, span in enumerate(made.periods)
    ]


def changes(
    bundle: Bundle, history: History, asked: Asked, made: Forecast, since_us: int | None = None
) -> Record:
    """What moved the expected total of these periods since an earlier instant; the parts add up to the move.

    won, lost: leads open then, decided now. Of leads open at both: grown and shrunk, their chance (in revenue: times
    amount) changed; pulled and pushed, the share of it that falls into these periods changed. new: leads created since,
    and those yet to come, against what was expected of them. reopened: leads decided then. level: the replay's
    correction.
    """
    since = history.as_of_us - int(DAYS[asked.period] * DAY_US) if since_us is None else since_us
    if since >= history.as_of_us:
        raise InvalidInput(
            f"changes since {format_time(since)}: give a time before {format_time(history.as_of_us)}"
        )
    then = _then(bundle, history, asked, made, since)
    first = len(then.periods) - len(made.periods)
    skip = max(first, 0)
    parts = {
        "wins": _parts(history, made, then, skip, money=False),
        "revenue": _parts(history, made, then, skip, money=True) if made.has_amounts else None,
    }
    return {"since": format_time(since), **parts}


def _then(bundle: Bundle, history: History, asked: Asked, made: Forecast, since: int) -> Forecast:
    """The forecast made at `since`, through the same last period."""
    spans = periods(since, asked.period, MOST[asked.period], bundle.config.zone)
    ends = [span.end_us for span in spans]
    if made.periods[-1].end_us not in ends:
        raise InvalidInput(
            f"changes since {format_time(since)}: too long ago for {asked.period}s; give a later time"
        )
    count = ends.index(made.periods[-1].end_us) + 1
    return forecast(bundle, replace(history, as_of_us=since), Asked(asked.period, count))


def _parts(history: History, now: Forecast, then: Forecast, skip: int, *, money: bool) -> Record:
    n = len(history)
    before, after = _by_lead(n, then, skip, money=money), _by_lead(n, now, 0, money=money)
    open_then, open_now = _flag(n, then.leads.lead), _flag(n, now.leads.lead)
    known_then = _flag(n, then.seen.lead)
    state = np.full(n, OPEN, dtype=np.int8)
    state[now.seen.lead] = now.seen.state
    both = open_then & open_now
    value = [_values(n, f, money=money) for f in (then, now)]
    share = [
        np.divide(c, v, out=np.zeros(n), where=v > 0)
        for c, v in zip((before[0], after[0]), value, strict=True)
    ]
    size = np.where(both, (value[1] - value[0]) * share[0], 0.0)
    time = np.where(both, after[0] - before[0] - size, 0.0)
    total = after[0] + after[1] - before[0] - before[1]
    new = _new(now, 0, money=money) - _new(then, skip, money=money)
    found = {
        "won": float(total[open_then & (state == WON)].sum()),
        "lost": float(total[open_then & ~open_now & (state != WON)].sum()),
        "pushed": float(time[time < 0].sum()),
        "pulled": float(time[time > 0].sum()),
        "grown": float(size[size > 0].sum()),
        "shrunk": float(size[size < 0].sum()),
        "new": float(total[~known_then].sum()) + new,
        "reopened": float(total[known_then & ~open_then].sum()),
        "level": _level(now, 0, money=money) - _level(then, skip, money=money),
    }
    ends = [float((f.revenue if money else f.wins)[s:].sum()) for f, s in ((then, skip), (now, 0))]
    return {"then": ends[0], **found, "now": ends[1]}


def _flag(n: int, lead: Floats | Any) -> Mask:
    found = np.zeros(n, dtype=np.bool_)
    found[lead] = True
    return found


def _by_lead(n: int, made: Forecast, skip: int, *, money: bool) -> tuple[Floats, Floats]:
    """Each lead's expected part before the level's correction, and its wins so far, in the periods from
    `skip` on, (n,).
    """
    expected, won = np.zeros(n), np.zeros(n)
    gains = made.money if money else made.gains
    expected[made.leads.lead] = (gains / made.level.factor)[:, skip:].sum(axis=1)
    inside = made.seen.state == WON
    inside &= (made.seen.end_us >= made.periods[skip].start_us) & (made.seen.end_us < made.periods[-1].end_us)
    won[made.seen.lead[inside]] = np.nan_to_num(made.seen.amount[inside]) if money else 1.0
    return expected, won


def _values(n: int, made: Forecast, *, money: bool) -> Floats:
    found = np.zeros(n)
    found[made.leads.lead] = made.leads.probability * (np.nan_to_num(made.leads.amount) if money else 1.0)
    return found


def _new(made: Forecast, skip: int, *, money: bool) -> float:
    part = made.expectation.new_revenue if money else made.expectation.new_wins
    return float(part[skip:].sum())


def _level(made: Forecast, skip: int, *, money: bool) -> float:
    """What the correction adds to the open leads' sum."""
    gains = made.money if money else made.gains
    return float((gains - gains / made.level.factor)[:, skip:].sum())
