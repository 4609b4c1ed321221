"""Plots of a backtest: curves end where they must, names of the data are text, few wins have no curve."""

import numpy as np
import pytest

from tests.builders.evaluated_rows import random_rows
from training.backtest.plots import (
    FEW_WINS,
    MAX_STAGES,
    auc_by_date,
    capture_curves,
    close_time_histogram,
    lift_curve,
    precision_by_stage,
    reliability,
)


@pytest.mark.parametrize("seed", range(3))
def test_all_leads_capture_all_wins(seed: int) -> None:
    rows = random_rows(seed)
    wins, revenue, _ = capture_curves(rows).data
    assert (wins.x[-1], wins.y[-1], revenue.y[-1]) == pytest.approx((1.0, 1.0, 1.0))
    assert (np.diff(wins.y) >= 0).all()
    assert lift_curve(rows).data[0].y[-1] == pytest.approx(1.0)


def test_rows_without_amounts_have_no_curve_of_revenue() -> None:
    rows = random_rows(1)
    free = rows.take(rows.won == 0)
    assert [trace.name for trace in capture_curves(free).data] == ["wins", "chance"]


def test_stage_of_the_data_is_not_read_as_html() -> None:
    rows = random_rows(1)
    (curve,) = precision_by_stage(rows, ["<b>offer</b>"] * len(rows)).data
    assert curve.name.startswith("&lt;b&gt;offer")
    assert curve.x[-1] == pytest.approx(1.0)
    assert curve.y[-1] >= rows.won.mean()


def test_only_large_stages_with_wins_are_drawn() -> None:
    rows = random_rows(1, n=900)
    stages = [f"stage {i % (MAX_STAGES + 3)}" for i in range(900)]
    assert len(precision_by_stage(rows, stages).data) == MAX_STAGES
    lost = rows.take(
        np.concatenate([np.flatnonzero(rows.won == 0), np.flatnonzero(rows.won)[: FEW_WINS - 1]])
    )
    assert len(precision_by_stage(lost, ["x"] * len(lost)).data) == 0


def test_error_bars_of_auc_are_the_interval() -> None:
    origins = [
        {"as_of": "2026-01-01T00:00:00Z", "metrics": {"auc": 0.7}, "intervals": {"auc": [0.6, 0.75]},
         "baselines": {"base_rate": {"auc": 0.5}}},
        {"as_of": "2026-02-01T00:00:00Z", "metrics": {"auc": 0.8}, "intervals": {"auc": None},
         "baselines": {"base_rate": {"auc": 0.5}}},
    ]  # fmt: skip
    model = auc_by_date(origins).data[-1]
    assert model.error_y.array == pytest.approx((0.05, 0.0))
    assert model.error_y.arrayminus == pytest.approx((0.1, 0.0))


def test_reliability_and_close_times_have_their_reference() -> None:
    perfect, model = reliability([{"n": 10, "probability": 0.2, "won": 0.3}]).data
    assert (perfect.y[-1], model.y) == (0.3, (0.3,))
    bars, even = close_time_histogram({"pit": [3, 1], "wins": 4}).data
    assert (bars.y, even.y) == ((3, 1), (2.0, 2.0))
