"""A forecast as JSON-ready records: periods, their totals over groups, past periods, pipeline views and the sum."""

import math
from typing import NamedTuple

import numpy as np

from funnel.forecast.draws import Expectation, Quantiles
from funnel.forecast.forecast import Forecast
from funnel.forecast.periods import CalendarPeriod, periods_before
from funnel.records import Record
from history.base.arrays import Floats
from history.text.times import format_time

PAST_PERIODS = 13
BEST_CASE, COMMIT = 0.2, 0.5  # probability of a win in the period from which a lead counts in full


def forecast_record(result: Forecast) -> Record:
    """The body of GET /v1/forecast, and the core of the command's JSON."""
    quantiles = result.whole_quantiles
    wins, revenue = (
        float(total.sum()) if result.has_timing else math.nan for total in (result.wins, result.revenue)
    )
    record = {
        "as_of": format_time(result.as_of_us),
        "model_version": result.model_version,
        "periods": forecast_rows(result),
        "actuals": past_periods(result),
        "views": pipeline_views(result),
        "sum": {
            **_interval("wins", wins, quantiles.total_wins[:, 0]),
            **_interval("revenue", revenue, quantiles.total_revenue[:, 0]),
        },
        "within_horizon": within_horizon(result),
        "target": target_record(result),
    }
    return record | ({"total": total_rows(result)} if result.groups.column else {})


def target_record(result: Forecast) -> Record | None:
    """The revenue target of each period and of all, its chance in the simulation, and the gap to the expectation.

    A week has its share of the month's target. None without a target, amounts or timing.
    """
    goal = result.options.goal
    if goal is None or not (result.has_amounts and result.has_timing):
        return None
    quantiles, expected = result.whole_quantiles, result.whole.revenue[:, 0]
    periods = [
        {**_dates(span), **_goal(goal, float(expected[i]), float(quantiles.goal_chance[i, 0]))}
        for i, span in enumerate(result.periods)
    ]
    total = _goal(goal * len(periods), float(expected.sum()), float(quantiles.total_goal_chance[0]))
    return {"revenue_per_month": result.options.revenue_per_month, "periods": periods, "sum": total}


def _goal(goal: float, expected: float, chance: float) -> Record:
    return {
        "revenue": goal,
        "chance": chance,
        "gap": expected - goal,
        "attained": expected / goal if goal else None,
    }


def within_horizon(result: Forecast) -> Record:
    """Expected wins and revenue of the open leads within the model's horizon, whichever periods they fall into."""
    leads = result.leads
    return {
        "days": result.horizon_days,
        "open_leads": len(leads),
        "wins_expected": float(leads.probability.sum()),
        "revenue_expected": _amount(result, float(leads.probability @ np.nan_to_num(leads.amount))),
    }


def forecast_rows(result: Forecast) -> list[Record]:
    """One record a period and group with the forecast file's columns; `group` only in a grouped forecast."""
    grouped = bool(result.groups.column)
    rows = []
    for i, span in enumerate(result.periods):
        for j, name in enumerate(result.groups.names):
            row = _dates(span)
            if grouped:
                row["group"] = name
            rows.append(row | _figures(result, _Cell(result.expectation, result.quantiles, i, j)))
    return rows


def total_rows(result: Forecast) -> list[Record]:
    """One record a period of all groups together, with intervals of its own."""
    return [
        _dates(span) | _figures(result, _Cell(result.whole, result.whole_quantiles, i, 0))
        for i, span in enumerate(result.periods)
    ]


class _Cell(NamedTuple):
    """Period i and group j of an expectation."""

    expected: Expectation
    quantiles: Quantiles
    i: int
    j: int


def _figures(result: Forecast, cell: _Cell) -> Record:
    """The figures of one period and group; all null if it is unknown when leads are won."""
    known = _row(result, cell)
    return known if result.has_timing else dict.fromkeys(known) | {"currency": result.currency}


def _row(result: Forecast, cell: _Cell) -> Record:
    expected, quantiles, i, j = cell
    revenue = float(expected.revenue[i, j]) if result.has_amounts else math.nan
    return {
        **_interval("wins", float(expected.wins[i, j]), quantiles.wins[:, i, j]),
        **_interval("revenue", revenue, quantiles.revenue[:, i, j]),
        "already_won": int(expected.already_wins[i, j]),
        "already_revenue": _amount(result, expected.already_revenue[i, j]),
        "open_wins_expected": float(expected.open_wins[i, j]),
        "new_wins_expected": float(expected.new_wins[i, j]),
        "open_revenue_expected": _amount(result, expected.open_revenue[i, j]),
        "new_revenue_expected": _amount(result, expected.new_revenue[i, j]),
        "interval_basis": result.interval_basis,
        "currency": result.currency,
    }


def _dates(span: CalendarPeriod) -> Record:
    return {"period_start": span.start.isoformat(), "period_end": span.end.isoformat()}


def _interval(measure: str, expected: float, quantiles: Floats) -> Record:
    """Expectation and quantiles (3,) of `measure`, null for an unknown one."""
    names = (f"{measure}_expected", f"{measure}_p10", f"{measure}_p50", f"{measure}_p90")
    if not np.isfinite(expected):
        return dict.fromkeys(names)
    return dict(zip(names, (float(expected), *quantiles.tolist()), strict=True))


def _amount(result: Forecast, value: float) -> float | None:
    return float(value) if result.has_amounts else None


def pipeline_views(result: Forecast) -> list[Record]:
    """Classic pipeline figures beside each period, wins so far included.

    best_case and commit count leads in full whose probability in the period reaches BEST_CASE or COMMIT.
    weighted_pipeline uses the stage table's rates in place of the model's probabilities. Without timing, none.
    """
    if not result.has_timing:
        return []
    open_ = result.leads
    stage_ratio = open_.baseline / np.maximum(open_.probability, 1e-9)
    amount = np.nan_to_num(open_.amount)
    views = []
    for i, span in enumerate(result.periods):
        probability = result.open_wins[:, i] / result.level.factor[i]
        weights = {
            "best_case": (probability >= BEST_CASE).astype(np.float64),
            "commit": (probability >= COMMIT).astype(np.float64),
            "weighted_pipeline": np.minimum(probability * stage_ratio, 1.0),
        }
        already_wins = result.expectation.already_wins[i].sum()
        already_revenue = result.expectation.already_revenue[i].sum()
        view = _dates(span)
        for name, weight in weights.items():
            view[f"{name}_wins"] = float(weight.sum() + already_wins)
            view[f"{name}_revenue"] = _amount(result, weight @ amount + already_revenue)
        views.append(view)
    return views


def past_periods(result: Forecast) -> list[Record]:
    """Wins and revenue of the whole periods before the first one, oldest first, from the first win on."""
    first_win_us = result.known.first_win_us
    if first_win_us is None or not result.has_timing:
        return []
    records = []
    for span in periods_before(result.periods[0], result.options.period, PAST_PERIODS, result.zone):
        if span.end_us > first_win_us:
            total = result.known.won_between(span.start_us, span.end_us)
            figures = {"wins": total.wins, "revenue": _amount(result, total.revenue)}
            records.append(_dates(span) | figures)
    return records
