"""Plots of a backtest: reliability, lift, capture, totals and AUC by date, precision by stage, close times."""

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from funnel.figures import GREY, LAYOUT
from history.base.arrays import Floats, Ints
from history.base.counts import by_count
from models.figures.kernel import Z80
from training.backtest.backtest import Backtest
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.grouping import group_labels
from training.evaluation.metrics import best_first

CURVE_POINTS = 100  # one for each per cent of the leads
MAX_STAGES = 6  # more curves cannot be distinguished by colour
FEW_WINS = 5  # a stage with fewer wins has no curve worth drawing


def plots(backtest: Backtest) -> dict[str, go.Figure]:
    """Every plot that the data allow, by title."""
    rows = EvaluatedRows.concatenate([replay.rows for replay in backtest.replays])
    result = backtest.result
    figures = {
        "Reliability": reliability(result["calibration"]),
        "Lift": lift_curve(rows),
        "Capture": capture_curves(rows),
        "Wins over time": totals_by_date(result["origins"], "wins", "wins"),
        "Ranking over time": auc_by_date(result["origins"]),
    }
    if np.isfinite(rows.amount).any() and np.isfinite(rows.expected_amount).any():
        unit = result["currency"] or "revenue"
        figures["Revenue over time"] = totals_by_date(result["origins"], "revenue", unit)
    if "stage" in result["by"]:
        stages = group_labels([stage for replay in backtest.replays for stage in replay.groups["stage"]])
        figures["Precision and recall by stage"] = precision_by_stage(rows, stages)
    if result["close_time"]["wins"]:
        figures["When wins came"] = close_time_histogram(result["close_time"])
    return figures


def reliability(table: Sequence[Mapping[str, float]]) -> go.Figure:
    """Share won against mean probability of equal-count groups, each with its 80 % binomial interval."""
    figure = _figure("mean probability", "share won")
    probability = np.array([row["probability"] for row in table])
    won = np.array([row["won"] for row in table])
    rows = np.array([row["n"] for row in table])
    half_width = Z80 * np.sqrt(probability * (1 - probability) / rows)
    limit = float(max(probability.max(), won.max()))
    _add_reference(figure, "perfect", [0, limit], [0, limit])
    error = {"type": "data", "array": half_width.tolist()}
    _add_line(figure, "model", probability, won, mode="lines+markers", error_y=error)
    return figure


class _CaptureCurve(NamedTuple):
    """Share of wins (k,) among the best share of leads (k,); at: the last row of each point, best first."""

    worked: Floats
    captured: Floats
    at: Ints


def _capture_curve(rows: EvaluatedRows) -> _CaptureCurve:
    order = best_first(rows.probability)
    n = len(order)
    counts = np.linspace(1, n, min(CURVE_POINTS, n)).astype(int)
    at = np.unique(counts) - 1
    wins_so_far = rows.won[order].cumsum()
    captured = wins_so_far[at] / max(rows.won.sum(), 1)
    return _CaptureCurve((at + 1) / n, captured, at)


def lift_curve(rows: EvaluatedRows) -> go.Figure:
    """Win rate of the best share of leads over that of all leads."""
    figure = _figure("share of leads worked, best first", "times as many wins as by chance")
    curve = _capture_curve(rows)
    _add_line(figure, "model", curve.worked, curve.captured / curve.worked)
    _add_reference(figure, "chance", [0, 1], [1, 1])
    return figure


def capture_curves(rows: EvaluatedRows) -> go.Figure:
    """Share of wins among the best leads by probability, and of revenue among the best by expected revenue."""
    figure = _figure("share of leads worked, best first", "share found")
    curve = _capture_curve(rows)
    _add_line(figure, "wins", curve.worked, curve.captured)
    revenue = np.nan_to_num(rows.amount)
    if revenue.sum() > 0 and np.isfinite(rows.expected_amount).any():
        order = best_first(np.nan_to_num(rows.probability * rows.expected_amount))
        captured = revenue[order].cumsum() / revenue.sum()
        _add_line(figure, "revenue", curve.worked, captured[curve.at])
    _add_reference(figure, "chance", [0, 1], [0, 1])
    return figure


def totals_by_date(origins: Sequence[Mapping[str, Any]], metric: str, unit: str) -> go.Figure:
    """Actual and expected totals of a metric ("wins" or "revenue") at each date."""
    figure = _figure("as of", unit)
    dates = _dates(origins)
    actual = [origin["metrics"][metric] for origin in origins]
    expected = [origin["metrics"][f"{metric}_expected"] for origin in origins]
    _add_line(figure, "actual", dates, actual, mode="lines+markers")
    _add_line(figure, "expected", dates, expected, mode="lines+markers", line={"dash": "dot"})
    figure.update_yaxes(rangemode="tozero")
    return figure


def auc_by_date(origins: Sequence[Mapping[str, Any]]) -> go.Figure:
    """AUC at each date: the model with its interval, and the baselines."""
    figure = _figure("as of", "AUC")
    dates = _dates(origins)
    for name in origins[0]["baselines"]:
        baseline = [origin["baselines"][name]["auc"] for origin in origins]
        _add_line(figure, name.replace("_", " "), dates, baseline, line={"width": 1})
    auc = [origin["metrics"]["auc"] for origin in origins]
    intervals = [origin["intervals"]["auc"] for origin in origins]
    error = _asymmetric_error(auc, intervals)
    _add_line(figure, "model", dates, auc, mode="lines+markers", error_y=error, line={"width": 3})
    return figure


def _asymmetric_error(values: Sequence[float], intervals: Sequence[Sequence[float] | None]) -> dict[str, Any]:
    """Error bars for plotly; of length 0 if there is no interval."""
    above, below = [], []
    for value, ends in zip(values, intervals, strict=True):
        low, high = ends or (value, value)
        above.append(high - value)
        below.append(value - low)
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below}


def precision_by_stage(rows: EvaluatedRows, stages: Sequence[str]) -> go.Figure:
    """Precision against recall within each of the MAX_STAGES largest stages that has FEW_WINS wins."""
    figure = _figure("recall", "precision")
    stage_of_row = np.array(stages, dtype=object)
    for stage in by_count(Counter(stages))[:MAX_STAGES]:
        members = np.flatnonzero(stage_of_row == stage)
        won = rows.won[members][best_first(rows.probability[members])]
        if won.sum() < FEW_WINS:
            continue
        at = np.flatnonzero(won > 0)
        wins_so_far = won.cumsum()[at]
        recall = wins_so_far / won.sum()
        precision = wins_so_far / (at + 1)
        _add_line(figure, f"{stage} ({won.mean():.0%} won)", recall, precision)
    return figure


def close_time_histogram(close_time: Mapping[str, Any]) -> go.Figure:
    """Wins by tenth of their predicted close-time distribution: flat if the times are right."""
    counts = close_time["pit"]
    bins = len(counts)
    figure = _figure("quantile of the win date in the lead's predicted distribution", "wins")
    labels = [f"{k / bins:.1f} to {(k + 1) / bins:.1f}" for k in range(bins)]
    figure.add_trace(go.Bar(x=labels, y=counts, name="wins"))
    _add_reference(figure, "even", labels, [close_time["wins"] / bins] * bins)
    return figure


# ---- plotly


def _figure(x_title: str, y_title: str) -> go.Figure:
    figure = go.Figure(layout=LAYOUT)
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title)
    return figure


def _add_line(
    figure: go.Figure, name: str, x: Sequence[Any] | Floats, y: Sequence[Any] | Floats, **style: Any
) -> None:
    # Plotly renders names as HTML, and stages and columns come from the data.
    options = {"mode": "lines", **style}
    figure.add_trace(go.Scatter(name=html.escape(name), x=list(x), y=list(y), **options))


def _add_reference(figure: go.Figure, name: str, x: Sequence[Any], y: Sequence[Any]) -> None:
    _add_line(figure, name, x, y, line={"color": GREY, "dash": "dash"})


def _dates(origins: Sequence[Mapping[str, Any]]) -> list[str]:
    return [origin["as_of"][:10] for origin in origins]
