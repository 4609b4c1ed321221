"""The report of a run: which plots are drawn, and that drawing leaves the caller's matplotlib alone."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from training.holdout import Holdout
from training.report import plots_of, write_report
from training.train import Trained


@pytest.fixture
def holdout(small_trained: Trained) -> Holdout:
    assert small_trained.holdout is not None
    return small_trained.holdout


def test_report_writes_every_file(small_trained: Trained, tmp_path: Path) -> None:
    write_report(small_trained, ["first version: promoted"], tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "card.md",
        "audit.json",
        "evaluation.json",
        "funnel.json",
        "plots/reliability.png",
        "plots/lift_and_capture.png",
        "plots/amount_by_decile.png",
        "plots/contributions.png",
    }


def test_plots_without_their_data_are_left_out(holdout: Holdout) -> None:
    assert plots_of(None) == {}
    bare = replace(holdout, amount=np.full(len(holdout.won), np.nan), contributions=None, values=None)
    assert set(plots_of(bare)) == {"reliability", "lift_and_capture"}


def test_drawing_opens_no_pyplot_figure(holdout: Holdout) -> None:
    """A notebook would show it, and keep it in memory."""
    before = plt.get_fignums()
    assert len(plots_of(holdout)) == 4
    assert plt.get_fignums() == before
