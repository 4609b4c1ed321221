"""The pictures of a backtest: reliability, lift, capture, totals and ranking over time, precision, when wins came."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from history.arrays import Floats
from training.backtest.backtest import Backtest, joined
from training.evaluation.bootstrap import Judged
from training.evaluation.grouping import named
from training.evaluation.metrics import best_first

POINTS = 100  # of a curve
STAGES = 6
FEWEST_WINS = 5


def figures(found: Backtest) -> dict[str, go.Figure]:
    """Every picture that the data allow, by its title."""
    judged = joined([r.judged for r in found.replays])
    origins = found.result["origins"]
    drawn = {
        "Reliability": reliability(found.result["calibration"]),
        "Lift": lift(judged),
        "Capture": capture(judged),
        "Wins over time": totals(origins, "wins", "wins_expected", "wins"),
        "Ranking over time": ranking(origins),
    }
    if np.isfinite(judged.amount).any() and np.isfinite(judged.expected_amount).any():
        unit = found.result["currency"] or "revenue"
        drawn["Revenue over time"] = totals(origins, "revenue", "revenue_expected", unit)
    if "stage" in found.result["by"]:
        stages = named([stage for r in found.replays for stage in r.groups["stage"]])
        drawn["Precision and recall by stage"] = precision_by_stage(judged, stages)
    if found.result["close_time"]["wins"]:
        drawn["When wins came"] = pit(found.result["close_time"])
    return drawn


def library() -> str:
    """The script that draws the pictures, to be put into a page once."""
    return str(get_plotlyjs())


def inlined(figure: go.Figure) -> str:
    """A picture as a part of a page that holds the library."""
    return str(figure.to_html(full_html=False, include_plotlyjs=False, default_height="420px"))


def _figure(x: str, y: str) -> go.Figure:
    figure = go.Figure(layout={"template": "plotly_white", "margin": {"t": 30}})
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    return figure


def _line(
    figure: go.Figure, name: str, x: Sequence[Any] | Floats, y: Sequence[Any] | Floats, **style: Any
) -> None:
    figure.add_trace(go.Scatter(name=html.escape(name), x=list(x), y=list(y), **{"mode": "lines", **style}))


def _grey(figure: go.Figure, name: str, x: Sequence[Any], y: Sequence[Any]) -> None:
    _line(figure, name, x, y, line={"color": "#9aa5b1", "dash": "dash"})


def reliability(table: Sequence[Mapping[str, float]]) -> go.Figure:
    """Share won against mean probability, ten groups of equal size, each with its 80 % binomial band."""
    figure = _figure("mean probability", "share won")
    said = np.array([row["probability"] for row in table])
    won = np.array([row["won"] for row in table])
    band = 1.2816 * np.sqrt(said * (1 - said) / np.array([row["n"] for row in table]))
    most = float(max(said.max(), won.max()))
    _grey(figure, "perfect", [0, most], [0, most])
    _line(figure, "model", said, won, mode="lines+markers", error_y={"type": "data", "array": band.tolist()})
    return figure


def _worked(judged: Judged) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    order = best_first(judged.probability)
    at = np.unique(np.linspace(1, len(order), min(POINTS, len(order))).astype(int)) - 1
    return (at + 1) / len(order), judged.won[order].cumsum()[at] / max(judged.won.sum(), 1), at


def lift(judged: Judged) -> go.Figure:
    """How many times as many wins as by chance lie in the best share of leads."""
    figure = _figure("share of leads worked, best first", "times as many wins as by chance")
    worked, found, _ = _worked(judged)
    _line(figure, "model", worked, found / worked)
    _grey(figure, "chance", [0, 1], [1, 1])
    return figure


def capture(judged: Judged) -> go.Figure:
    """Share of wins and of revenue in the best share of leads, by probability and by expected revenue."""
    figure = _figure("share of leads worked, best first", "share found")
    worked, found, at = _worked(judged)
    _line(figure, "wins", worked, found)
    revenue = np.nan_to_num(judged.amount)
    if revenue.sum() > 0 and np.isfinite(judged.expected_amount).any():
        order = best_first(np.nan_to_num(judged.probability * judged.expected_amount))
        _line(figure, "revenue", worked, (revenue[order].cumsum() / revenue.sum())[at])
    _grey(figure, "chance", [0, 1], [0, 1])
    return figure


def totals(origins: Sequence[Mapping[str, Any]], actual: str, expected: str, unit: str) -> go.Figure:
    """What was expected at each date beside what came."""
    figure = _figure("as of", unit)
    dates = [o["as_of"][:10] for o in origins]
    _line(figure, "came", dates, [o["metrics"][actual] for o in origins], mode="lines+markers")
    _line(
        figure,
        "expected",
        dates,
        [o["metrics"][expected] for o in origins],
        mode="lines+markers",
        line={"dash": "dot"},
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def ranking(origins: Sequence[Mapping[str, Any]]) -> go.Figure:
    """AUC at each date, the model's with its interval, beside the baselines'."""
    figure = _figure("as of", "AUC")
    dates = [o["as_of"][:10] for o in origins]
    middle = [o["metrics"]["auc"] for o in origins]
    ends = [o["intervals"]["auc"] or [m, m] for o, m in zip(origins, middle, strict=True)]
    error = {
        "type": "data",
        "symmetric": False,
        "array": [e[1] - m for e, m in zip(ends, middle, strict=True)],
        "arrayminus": [m - e[0] for e, m in zip(ends, middle, strict=True)],
    }
    for name in origins[0]["baselines"]:
        values = [o["baselines"][name]["auc"] for o in origins]
        _line(figure, name.replace("_", " "), dates, values, line={"width": 1})
    _line(figure, "model", dates, middle, mode="lines+markers", error_y=error, line={"width": 3})
    return figure


def precision_by_stage(judged: Judged, stages: Sequence[str]) -> go.Figure:
    """Precision against recall within each of the largest stages that saw enough wins."""
    figure = _figure("recall", "precision")
    names = np.array(stages, dtype=object)
    sizes = sorted({(-int((names == s).sum()), s) for s in set(stages)})
    for _, stage in sizes[:STAGES]:
        rows = np.flatnonzero(names == stage)
        won = judged.won[rows][best_first(judged.probability[rows])]
        if won.sum() < FEWEST_WINS:
            continue
        found = won.cumsum()
        at = np.flatnonzero(won > 0)
        _line(figure, f"{stage} ({won.mean():.0%} won)", found[at] / won.sum(), found[at] / (at + 1))
    return figure


def pit(close_time: Mapping[str, Any]) -> go.Figure:
    """Wins by the tenth of their own close-time distribution into which they fell: even if the times are right."""
    counts = close_time["pit"]
    n = len(counts)
    figure = _figure("place in the lead's own distribution of win dates", "wins")
    labels = [f"{k / n:.1f} to {(k + 1) / n:.1f}" for k in range(n)]
    figure.add_trace(go.Bar(x=labels, y=counts, name="wins"))
    _grey(figure, "even", labels, [close_time["wins"] / n] * n)
    return figure
