"""The replay of forecasts: figures as defined, honest instants, and a basis that training leaves in the bundle."""

from pathlib import Path

import numpy as np
import pytest

from funnel.forecast.forecast import Asked
from funnel.forecast.hazards import lives
from history.errors import InvalidInput
from history.history import DAY_US
from history.read import read_folder
from history.snapshot import cut
from models.pointer import load_champion, read_pointer
from simulation.simulate import simulate
from training.backtest.forecast import Cell, judged_cells, past_origins, summary
from training.train import TrainOptions, train


def cell(came: float, expected: float, low: float, high: float) -> Cell:
    own, none = (expected, low, expected, high), (np.nan,) * 4
    said = {
        "forecast": own,
        "stage_pipeline": (5.0, np.nan, np.nan, np.nan),
        "stage_pipeline_and_new": none,
        "last_periods": none,
        "year_before": none,
    }
    return Cell(0, 1, "wins", came, said)


def test_figures_are_those_of_the_books() -> None:
    found = summary([cell(10, 8, 6, 12), cell(20, 12, 10, 15)])["wins"]
    own = found["forecast"]
    assert own["mae"] == 5.0
    assert own["bias"] == pytest.approx(20 / 30 - 1)
    assert own["coverage"] == 0.5
    assert own["interval_score"] == pytest.approx((6 + (5 + 10 * 5)) / 2)
    first = (0.1 * 4 + 0.5 * 2 + 0.1 * 2) / 3
    second = (0.1 * 10 + 0.5 * 8 + 0.9 * 5) / 3
    assert own["pinball"] == pytest.approx((first + second) / 2)
    assert found["stage_pipeline"]["coverage"] is None
    assert found["year_before"] == {"cells": 0, "by_step": [{"step": 1, "cells": 0}]}


def test_training_leaves_replayed_forecasts_whose_outcome_is_the_historys(tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=600, months=18)
    history = read_folder(tmp_path / "crm")
    basis = train(history, TrainOptions(trials=0)).bundle.forecast
    assert basis is not None
    assert len(basis) > 3
    assert (basis.as_of_us + history.config.horizon_us <= history.as_of_us).all()
    final = lives(history, history.as_of_us)
    for at, wins in zip(basis.as_of_us.tolist(), basis.wins, strict=True):
        k = int(np.flatnonzero(np.isfinite(wins))[-1])
        end = at + int(basis.days[k]) * DAY_US
        assert wins[k] == final.won_between(at + 1, end + 1)[0]
        assert end <= history.as_of_us
    assert (np.diff(basis.open_wins, axis=1) >= -1e-6).all()
    ratio = np.nansum(basis.wins[:, 3]) / np.nansum((basis.open_wins + basis.new_wins)[:, 3])
    assert 0.6 < ratio < 1.6, "four weeks ahead, the replay is about right in total"


def test_only_ended_periods_are_judged(trained_home: Path, crm: Path) -> None:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    bundle = load_champion(pointer)
    history = read_folder(crm, config=bundle.config)
    origins = past_origins(history, Asked("month", 2), 3)
    assert len(origins) == 3
    cells = judged_cells(bundle, cut(history, origins[-1]), history, Asked("month", 2))
    assert {c.step for c in cells} == {1, 2}
    late = judged_cells(bundle, history, history, Asked("month", 2))
    assert late == []


def test_too_short_a_history_is_refused(crm: Path) -> None:
    history = read_folder(crm)
    with pytest.raises(InvalidInput, match="too short"):
        past_origins(history, Asked("quarter", 12), 2)
