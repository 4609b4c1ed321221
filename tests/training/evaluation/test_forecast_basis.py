"""Forecast basis: honest instants, actual values of the history, totals about right."""

from pathlib import Path

import numpy as np
import pytest

from funnel.recording import known_leads
from history.read import read_folder
from history.text.times import DAY_US
from simulation.simulate import simulate
from training.train import TrainOptions, train


@pytest.mark.long
def test_basis_matches_the_history(tmp_path: Path) -> None:
    simulate(tmp_path / "crm", leads=600, months=18)
    history = read_folder(tmp_path / "crm")
    basis = train(history, TrainOptions(trials=0)).bundle.forecast
    assert basis is not None
    assert len(basis) > 3
    assert (basis.as_of_us + history.config.horizon_us <= history.as_of_us).all()

    later = known_leads(history, history.as_of_us)
    for at_us, wins in zip(basis.as_of_us.tolist(), basis.wins, strict=True):
        last = int(np.flatnonzero(np.isfinite(wins))[-1])
        end_us = at_us + int(basis.days[last]) * DAY_US
        assert wins[last] == later.won_between(at_us + 1, end_us + 1)[0]
        assert end_us <= history.as_of_us

    assert (np.diff(basis.open_wins, axis=1) >= -1e-6).all(), "expected wins only grow with the span"
    four_weeks = 3
    expected = (basis.open_wins + basis.new_wins)[:, four_weeks]
    ratio = np.nansum(basis.wins[:, four_weeks]) / np.nansum(expected)
    assert 0.6 < ratio < 1.6, "the total four weeks ahead is about right"
