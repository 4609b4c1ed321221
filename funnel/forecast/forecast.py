"""Wins and revenue by calendar period: won already, from the leads open at T, from leads that have yet to come."""

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from funnel.forecast.draws import Drawn, Expectation, drawn
from funnel.forecast.groups import Groups, everyone, groups_by
from funnel.forecast.hazards import Lives, lives
from funnel.forecast.level import Ahead, Level, learned
from funnel.forecast.new_leads import Future, amount_spread, future, recent_rate, unseen_year
from funnel.forecast.open_leads import OpenLeads, scored_leads, win_chances
from funnel.forecast.periods import Period, before, periods
from funnel.forecast.rhythm import rhythm_of, worked_days
from history.arrays import Floats, Mask
from history.history import DAY_US, WON, History
from history.times import format_time
from models.bundle import Bundle

Record = dict[str, Any]
MEASURED, MODEL = "measured", "model"
PAST_PERIODS = 13
BEST_CASE, COMMIT = 0.2, 0.5  # chance in the period from which a lead counts in full


@dataclass(frozen=True)
class Asked:
    """What a forecast is asked for: week, month or quarter; how many (None: three months of them); by which column."""

    period: str = "month"
    count: int | None = None
    by: str | None = None


@dataclass(frozen=True)
class Forecast:
    """A forecast and what it was made of.

    gains (n, k): each open lead's expected wins in each period, the level applied; money (n, k) the same in revenue;
    level: what the replay corrected, in wins and revenue alike; revenue_deviation (k,): its deviation for revenue.
    """

    as_of_us: int
    asked: Asked
    zone: ZoneInfo
    model_version: str
    currency: str | None
    periods: list[Period]
    groups: Groups
    seen: Lives
    leads: OpenLeads
    future: Future
    expectation: Expectation
    quantiles: Drawn
    gains: Floats
    money: Floats
    level: Level
    revenue_deviation: Floats
    has_amounts: bool

    @property
    def interval_basis(self) -> str:
        return MEASURED if self.level.measured else MODEL

    @property
    def wins(self) -> Floats:
        """Expected wins (k, g)."""
        e = self.expectation
        return e.already_wins + e.open_wins + e.new_wins

    @property
    def revenue(self) -> Floats:
        """Expected revenue (k, g), NaN without amounts."""
        e = self.expectation
        return np.where(self.has_amounts, e.already_revenue + e.open_revenue + e.new_revenue, np.nan)


def forecast(bundle: Bundle, history: History, asked: Asked, leads: OpenLeads | None = None) -> Forecast:
    """The forecast at history.as_of_us under the model's configuration; raises InvalidInput for a bad period or column.

    leads: the open leads where they are scored already. Deterministic: the draws have a fixed seed.
    """
    history = replace(history, config=bundle.config)
    at = history.as_of_us
    spans = periods(at, asked.period, asked.count, bundle.config.zone)
    seen = lives(history, at)
    groups = everyone(history) if asked.by is None else groups_by(history, seen, asked.by)
    open_ = scored_leads(bundle, history, at) if leads is None else leads
    end = np.array([(p.end_us - at) / DAY_US for p in spans])
    worked = worked_days(end, at, rhythm_of(seen, bundle.config.zone), bundle.config.zone)
    to_come = future(seen, bundle.config.horizon_days, int(np.ceil(max(end[-1], worked[-1]))) + 1)
    chances = np.diff(win_chances(open_, bundle.close_time, to_come.rates, worked), prepend=0.0, axis=1)
    new = np.diff(to_come.wins_by(worked), prepend=0.0)
    has_amounts = bundle.amount is not None and bool(np.isfinite(open_.amount).all())
    amount = np.nan_to_num(open_.amount)
    typical = (
        to_come.amount if np.isfinite(to_come.amount) else (float(amount.mean()) if len(amount) else 0.0)
    )
    level, revenue_deviation = _levels(bundle, seen, (chances, amount, new, typical), end)
    gains = chances * level.factor
    money = gains * amount[:, None]
    expectation = replace(
        _by_group(groups, open_, gains, money),
        **_won_already(seen, spans, groups),
        new_wins=np.outer(new * level.factor, groups.new_share),
        new_revenue=np.outer(new * typical * level.factor, groups.new_share),
        wins_shock=level.deviation,
        revenue_shock=revenue_deviation,
        new_shock=_arrival_deviation(to_come, end) * np.sqrt(1 - level.seen),
        amount_spread=amount_spread(seen),
    )
    return Forecast(
        at, asked, bundle.config.zone, bundle.version, bundle.config.currency, spans, groups, seen, open_,
        to_come, expectation, drawn(expectation), gains, money, level, revenue_deviation, has_amounts,
    )  # fmt: skip


def _levels(
    bundle: Bundle, seen: Lives, parts: tuple[Floats, Floats, Floats, float], end: Floats
) -> tuple[Level, Floats]:
    """The level from the replayed wins, and the deviation (k,) of the replayed revenue.

    What replayed wins brought corrects no amount: the amounts were fitted on these wins.
    """
    chances, amount, new, typical = parts
    start = np.concatenate(([0.0], end[:-1]))
    recent = recent_rate(seen)
    horizon = bundle.config.horizon_days
    known = float((seen.state == WON).sum())
    unseen = unseen_year(seen)
    expected, revenue = chances.sum(axis=0) + new, amount @ chances + new * typical
    wins = Ahead(start, end, expected, recent[0], 1.0, known, unseen)
    money = Ahead(start, end, revenue, recent[1], 1 + amount_spread(seen), known, unseen)
    level = learned(bundle.forecast, wins, horizon, seen.as_of_us, revenue=False)
    return level, learned(bundle.forecast, money, horizon, seen.as_of_us, revenue=True).deviation


def _arrival_deviation(to_come: Future, end: Floats) -> Floats:
    day = np.clip(end.astype(np.int64) - 1, 0, len(to_come.arrivals.deviation) - 1)
    return to_come.arrivals.deviation[day]


def _by_group(groups: Groups, open_: OpenLeads, gains: Floats, money: Floats) -> Expectation:
    g, k = len(groups.names), gains.shape[1]
    of = groups.of_lead[open_.lead]

    def total(values: Floats) -> Floats:
        return np.array([np.bincount(of, values[:, i], g) for i in range(k)]).reshape(k, g)

    none, flat = np.zeros((k, g)), np.zeros(k)
    return Expectation(
        none, none, total(gains), none, total(gains**2), total(money), none, flat, flat, flat, 0.0
    )


def _won_already(seen: Lives, spans: list[Period], groups: Groups) -> dict[str, Floats]:
    g = len(groups.names)
    of = groups.of_lead[seen.lead]
    wins, revenue = np.zeros((len(spans), g)), np.zeros((len(spans), g))
    for i, span in enumerate(spans):
        inside: Mask = (seen.state == WON) & (seen.end_us >= span.start_us) & (seen.end_us < span.end_us)
        wins[i] = np.bincount(of[inside], minlength=g)
        revenue[i] = np.bincount(of[inside], np.nan_to_num(seen.amount[inside]), g)
    return {"already_wins": wins, "already_revenue": revenue}


def rows(made: Forecast) -> list[Record]:
    """One record a period and group with the forecast file's columns; `group` only where grouped."""
    e, q = made.expectation, made.quantiles
    grouped = bool(made.groups.column)
    found = []
    for i, span in enumerate(made.periods):
        for j, name in enumerate(made.groups.names):
            row: Record = {"period_start": span.start.isoformat(), "period_end": span.end.isoformat()}
            row |= {"group": name} if grouped else {}
            row |= _figures("wins", float(made.wins[i, j]), q.wins[:, i, j])
            row |= _figures("revenue", float(made.revenue[i, j]), q.revenue[:, i, j])
            row |= {
                "already_won": int(e.already_wins[i, j]),
                "already_revenue": _amount(made, e.already_revenue[i, j]),
                "open_wins_expected": float(e.open_wins[i, j]),
                "new_wins_expected": float(e.new_wins[i, j]),
                "open_revenue_expected": _amount(made, e.open_revenue[i, j]),
                "new_revenue_expected": _amount(made, e.new_revenue[i, j]),
                "interval_basis": made.interval_basis,
                "currency": made.currency,
            }
            found.append(row)
    return found


def _figures(what: str, expected: float, quantiles: npt.NDArray[np.float64]) -> Record:
    if not np.isfinite(expected):
        return {f"{what}_{name}": None for name in ("expected", "p10", "p50", "p90")}
    ends = dict(zip((f"{what}_p10", f"{what}_p50", f"{what}_p90"), quantiles.tolist(), strict=True))
    return {f"{what}_expected": float(expected), **ends}


def _amount(made: Forecast, value: float) -> float | None:
    return float(value) if made.has_amounts else None


def views(made: Forecast) -> list[Record]:
    """Beside each period: best case and commit (leads whose chance in the period is high enough, in full) and the
    weighted pipeline (the stage table's rates instead of the model's); open leads and what was won already.
    """
    e, open_ = made.expectation, made.leads
    ratio = (open_.baseline / np.maximum(open_.probability, 1e-9))[:, None]
    amount = np.nan_to_num(open_.amount)
    found = []
    for i, span in enumerate(made.periods):
        chance = made.gains[:, i] / made.level.factor[i]
        view: Record = {"period_start": span.start.isoformat(), "period_end": span.end.isoformat()}
        for name, weight in (
            ("best_case", (chance >= BEST_CASE).astype(np.float64)),
            ("commit", (chance >= COMMIT).astype(np.float64)),
            ("weighted_pipeline", np.minimum(chance * ratio[:, 0], 1.0)),
        ):
            view[f"{name}_wins"] = float(weight.sum() + e.already_wins[i].sum())
            view[f"{name}_revenue"] = _amount(made, weight @ amount + e.already_revenue[i].sum())
        found.append(view)
    return found


def answer(made: Forecast) -> Record:
    """What GET /v1/forecast says, and the core of the command's JSON."""
    q = made.quantiles
    return {
        "as_of": format_time(made.as_of_us),
        "model_version": made.model_version,
        "periods": rows(made),
        "actuals": actuals(made),
        "views": views(made),
        "total": {
            **_figures("wins", float(made.wins.sum()), _sum_quantiles(made, q.total_wins)),
            **_figures("revenue", float(made.revenue.sum()), _sum_quantiles(made, q.total_revenue)),
        },
    }


def actuals(made: Forecast) -> list[Record]:
    """Wins and revenue of the whole periods before the first one, oldest first, none before the first win."""
    kind, zone = made.asked.period, made.zone
    first = made.seen.first_win_us
    found: list[Record] = []
    for span in before(made.periods[0], kind, PAST_PERIODS, zone):
        if first is not None and span.end_us > first:
            wins, revenue = made.seen.won_between(span.start_us, span.end_us)
            found.append(
                {
                    "period_start": span.start.isoformat(),
                    "period_end": span.end.isoformat(),
                    "wins": wins,
                    "revenue": _amount(made, revenue),
                }
            )
    return found


def _sum_quantiles(made: Forecast, by_group: Floats) -> Floats:
    """Quantiles of the sum over groups where there is one group; else of the groups as if they moved together."""
    return by_group[:, 0] if len(made.groups.names) == 1 else by_group.sum(axis=1)
