"""Backtest of the forecast: only periods that are over are evaluated, on dates that the history covers."""

from pathlib import Path

import pytest

from funnel.forecast.forecast import ForecastOptions
from history.base.errors import InvalidInput
from history.read import read_folder
from history.snapshot import cut
from models.home.pointer import load_champion, read_pointer
from training.backtest.forecast import forecast_cells, past_period_starts


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
