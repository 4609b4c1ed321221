"""Backtest of the forecast: only periods that are over are evaluated, on dates that the history covers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from funnel.forecast.forecast import ForecastOptions
from history.base.errors import InvalidInput
from history.read import read_folder
from history.snapshot import cut
from history.text.times import DAY_US
from models.home.pointer import load_champion, read_pointer
from training.backtest.forecast import backtest_forecast, forecast_cells, past_period_starts
from training.train import TrainOptions


def test_only_ended_periods_are_evaluated(trained_home: Path, crm: Path) -> None:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    bundle = load_champion(pointer)
    history = read_folder(crm, config=bundle.config)
    two_months = ForecastOptions("month", 2)
    origins = past_period_starts(history, two_months, 3)
    assert len(origins) == 3

    cells = forecast_cells(bundle, cut(history, origins[-1]), history, two_months)
    assert {cell.step for cell in cells} == {1, 2}
    assert forecast_cells(bundle, history, history, two_months) == []


def test_too_short_a_history_is_refused(crm: Path) -> None:
    history = read_folder(crm)
    with pytest.raises(InvalidInput, match=r"too short.*--periods"):
        past_period_starts(history, ForecastOptions("quarter", 12), 2)


def test_unknown_closing_times_are_refused(crm: Path) -> None:
    """No period can say what came in it."""
    history = read_folder(crm)
    outcomes = history.outcomes
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us > 0))
    origins = past_period_starts(history, ForecastOptions("month", 2), 2)
    with pytest.raises(
        InvalidInput, match=r"[\d,]+ of [\d,]+ decided leads have no closing time; export closed_at"
    ):
        backtest_forecast(undated, origins, ForecastOptions("month", 2), train_options=TrainOptions())


def test_a_date_without_known_closing_times_is_skipped(crm: Path) -> None:
    """A fifth of the outcomes is undated: nearly all that were known on the first date."""
    history = read_folder(crm)
    options = ForecastOptions("month", 2)
    outcomes = history.outcomes
    cutoff = int(np.quantile(outcomes.time_us, 0.2))
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us < cutoff))
    origins = [cutoff + DAY_US, past_period_starts(history, options, 1)[0]]
    backtest = backtest_forecast(undated, origins, options, train_options=TrainOptions(trials=0))
    assert [one["reason"][-8:] for one in backtest["skipped"]] == [" by then"]
