"""Backtest of the forecast: trained and made at past dates, against what happened and four baselines."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from funnel.forecast.components.growth import growth_warnings
from funnel.forecast.components.open_leads import OpenLeads
from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.periods import DEFAULT_COUNT, CalendarPeriod, periods, periods_before, shift
from funnel.forecast.report.report import pipeline_views
from funnel.known_leads import KnownLeads
from funnel.recording import known_leads, recording_warnings
from history.base.errors import InvalidInput
from history.base.progress import Progress, no_progress
from history.base.warnings import json_of
from history.history import History
from history.lead_sample import sample_warnings
from history.odd_creations import first_creation_us
from history.snapshot import cut
from history.text.times import format_time
from models.bundle import Bundle
from models.figures.kernel import Z80
from training.backtest.forecast_metrics import NO_ESTIMATE, Cell, Estimate, summarize_cells
from training.backtest.summary import Skipped
from training.train import TrainOptions, train

MEAN_PERIODS = 4  # whole periods whose mean is the baseline "last_periods"
SPREAD_PERIODS = 8  # whole periods that give its interval
PERIODS_PER_YEAR = {"week": 52, "month": 12, "quarter": 4}
MEASURES = ("wins", "revenue")


def backtest_forecast(
    history: History,
    origins: Sequence[int],
    options: ForecastOptions,
    *,
    train_options: TrainOptions,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Trains and forecasts at each origin (microseconds UTC) on what was known then; metrics as JSON-ready values.

    Only periods over by history.as_of_us are evaluated. Origins at which training refuses, or most closing times are
    unknown, are skipped, with the reason. `warnings` says if the leads are a sample, or the actual amounts not final.
    Raises InvalidInput if no origin is left, and if most closing times are unknown at the end.
    """
    known = known_leads(history, history.as_of_us)
    if not known.has_timing:
        raise InvalidInput(
            f"a forecast cannot be compared with what came: {known.undated_share}; export closed_at "
            "(`backtest` without --forecast evaluates the scores)"
        )
    cells: list[Cell] = []
    skipped: list[Skipped] = []
    for k, origin in enumerate(origins):
        progress(f"forecasting as of {format_time(origin)[:10]}", k / max(len(origins), 1))
        past = cut(history, origin)
        if not (then := known_leads(past, origin)).has_timing:
            skipped.append(Skipped(origin, f"{then.undated_share} by then"))
            continue
        try:
            bundle = train(past, train_options).bundle
        except InvalidInput as error:
            skipped.append(Skipped(origin, str(error)))
            continue
        cells += forecast_cells(bundle, past, history, options)
    if not cells:
        reasons = "; ".join(date.reason for date in skipped)
        raise InvalidInput(f"no past date could be forecast and evaluated: {reasons}")
    return {
        **summarize_cells(cells),
        "skipped": [date.to_dict() for date in skipped],
        "warnings": json_of(
            [*sample_warnings(history.sample), *recording_warnings(known), *growth_warnings(known)]
        ),
    }


def past_period_starts(history: History, options: ForecastOptions, count: int) -> list[int]:
    """The last `count` period starts whose forecast had ended by history.as_of_us, oldest first, microseconds UTC.

    Starts before the first lead are left out. Raises InvalidInput if the history is too short for one.
    """
    zone = history.config.zone
    ahead = DEFAULT_COUNT[options.period] if options.count is None else options.count
    running = periods(history.as_of_us, options.period, 1, zone)[0]
    past = periods_before(running, options.period, ahead + count - 1, zone)[:count]
    first_us = first_creation_us(history.created_us) if len(history) else history.as_of_us
    starts = [period.start_us for period in past if period.start_us > first_us]
    if not starts:
        raise InvalidInput(
            f"the history is too short to backtest a forecast of {ahead} {options.period}s; use fewer periods "
            "(--periods) or add older leads"
        )
    return starts


def forecast_cells(
    bundle: Bundle, past: History, history: History, options: ForecastOptions, leads: OpenLeads | None = None
) -> list[Cell]:
    """The forecast at past.as_of_us and the baselines beside the actual values, for periods over by history.as_of_us.

    past: the history as known at the origin; history: with everything that happened later; leads: the open leads if
    they are scored already.
    """
    result = forecast(bundle, past, options, leads)
    later = known_leads(replace(history, settled=None), history.as_of_us)
    pipeline = pipeline_views(result)
    measures = MEASURES if result.has_amounts else MEASURES[:1]
    cells = []
    for k, period in enumerate(result.periods):
        if period.end_us > history.as_of_us + 1:
            break
        actual = later.won_between(period.start_us, period.end_us)
        for j, measure in enumerate(measures):
            open_leads = float(pipeline[k][f"weighted_pipeline_{measure}"])
            estimates = {
                "forecast": _forecast_estimate(result, k, measure),
                "stage_pipeline": Estimate(open_leads),
                "stage_pipeline_and_new": Estimate(open_leads + _new_leads(result, k, measure)),
                "last_periods": _last_periods(result, j),
                "year_before": _year_before(result.known, result, period, j),
            }
            cells.append(Cell(result.as_of_us, k + 1, measure, float(actual[j]), estimates))
    return cells


def _forecast_estimate(result: Forecast, k: int, measure: str) -> Estimate:
    expected = result.wins if measure == "wins" else result.revenue
    quantiles = result.quantiles.wins if measure == "wins" else result.quantiles.revenue
    p10, p50, p90 = quantiles[:, k, 0].tolist()
    return Estimate(float(expected[k, 0]), p10, p50, p90)


def _new_leads(result: Forecast, k: int, measure: str) -> float:
    expectation = result.expectation
    by_group = expectation.new_wins if measure == "wins" else expectation.new_revenue
    return float(by_group[k].sum())


# ---- baselines


def _last_periods(result: Forecast, j: int) -> Estimate:
    """The mean of the last MEAN_PERIODS whole periods, with a normal 80 % interval from the last SPREAD_PERIODS.

    j: position of the measure. Periods before the first win are left out: the funnel was not yet running.
    """
    past = periods_before(result.periods[0], result.options.period, SPREAD_PERIODS, result.zone)
    first_win_us = result.known.first_win_us
    if first_win_us is None:
        return NO_ESTIMATE
    running = [period for period in past if period.end_us > first_win_us]
    if not running:
        return NO_ESTIMATE
    values = np.array([result.known.won_between(period.start_us, period.end_us)[j] for period in running])
    mean = float(values[-MEAN_PERIODS:].mean())
    if len(values) < 2:
        return Estimate(mean)
    # Of a new value around an estimated mean: its own variance and that of the mean.
    half_width = Z80 * float(values.std(ddof=1)) * np.sqrt(1 + 1 / min(len(values), MEAN_PERIODS))
    return Estimate(mean, max(mean - half_width, 0.0), mean, mean + half_width)


def _year_before(known: KnownLeads, result: Forecast, period: CalendarPeriod, j: int) -> Estimate:
    """The same period a year before, if the history begins before it."""
    kind = result.options.period
    count = PERIODS_PER_YEAR[kind]
    year_before = periods_before(period, kind, count, result.zone)[0]
    assert year_before.start == shift(period.start, kind, -count)
    if not len(known.created_us) or first_creation_us(known.created_us) > year_before.start_us:
        return NO_ESTIMATE
    return Estimate(float(known.won_between(year_before.start_us, year_before.end_us)[j]))
