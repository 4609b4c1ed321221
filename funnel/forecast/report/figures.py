"""Plots of a forecast: periods with intervals, sources of wins, changes, replays; and report pages of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import plotly.graph_objects as go

from funnel.dates import day_name, period_name
from funnel.figures import (
    BAND,
    BLUE,
    FEW_TICKS,
    GREEN,
    GREY,
    LAYOUT,
    RED,
    error_bars,
    escape,
    figure_divs,
    html_page,
    scrolled,
)
from funnel.forecast.report.explain import PARTS

Rows: TypeAlias = Sequence[Mapping[str, Any]]

AMBER = "var(--warn)"
SHOWN_PARTS = {"new": "new leads"}  # "new" is a stage of many funnels, whose name stays in every language
ALREADY = {"wins": "already_won", "revenue": "already_revenue"}
HIDDEN_COLUMNS = ("period_start", "period_end", "interval_basis", "currency")


def _column(rows: Rows, name: str) -> list[Any]:
    return [row[name] for row in rows]


def _periods(rows: Rows) -> list[str]:
    return [period_name(row["period_start"], row["period_end"]) for row in rows]


@dataclass(frozen=True)
class Beside:
    """What stands beside a fan: the target of one period, and earlier forecasts of past periods."""

    goal: float | None = None
    past: Rows = ()


def fan_figure(rows: Rows, actuals: Rows, measure: str, unit: str, beside: Beside = Beside()) -> go.Figure:
    """Past periods as bars; coming ones with wins so far, the expectation and the p10 to p90 interval.

    measure: wins or revenue; unit: what follows it in the title, such as " (EUR)". The interval is a band, and an error
    bar as well, so that a single period shows it.
    """
    starts = _periods(rows)
    low, high = _column(rows, f"{measure}_p10"), _column(rows, f"{measure}_p90")
    expected = _column(rows, f"{measure}_expected")
    bars = error_bars(
        above=[top - middle for top, middle in zip(high, expected, strict=True)],
        below=[middle - bottom for middle, bottom in zip(expected, low, strict=True)],
    )

    figure = go.Figure()
    past = _periods(actuals)
    figure.add_bar(x=past, y=_column(actuals, measure), name="actual", marker_color=GREY)
    figure.add_bar(x=starts, y=_column(rows, ALREADY[measure]), name="won already", marker_color=GREEN)
    edge = {"mode": "lines", "line": {"width": 0}}
    figure.add_scatter(x=starts, y=high, name="p90", showlegend=False, **edge)
    figure.add_scatter(x=starts, y=low, name="p10 to p90", fill="tonexty", fillcolor=BAND, **edge)
    figure.add_scatter(
        x=starts, y=expected, mode="lines+markers", name="expected", line={"color": BLUE}, error_y=bars
    )
    _add_past(figure, beside.past, measure)
    if beside.goal is not None:
        places = [*past, *starts]
        dashed = {"color": AMBER, "dash": "dash", "width": 1.5}
        figure.add_scatter(x=places, y=[beside.goal] * len(places), mode="lines", name="target", line=dashed)
    figure.update_xaxes(type="category", nticks=FEW_TICKS)
    return figure.update_layout(**LAYOUT, title=f"{measure.capitalize()} by period{unit}", barmode="stack")


def _add_past(figure: go.Figure, past: Rows, measure: str) -> None:
    """Earlier forecasts of past periods, with their intervals."""
    known = [row for row in past if row[f"{measure}_expected"] is not None]
    if not known:
        return
    bars = error_bars(
        above=[row[f"{measure}_p90"] - row[f"{measure}_expected"] for row in known],
        below=[row[f"{measure}_expected"] - row[f"{measure}_p10"] for row in known],
    )
    figure.add_scatter(
        x=_periods(known),
        y=_column(known, f"{measure}_expected"),
        mode="markers",
        name="forecast of then",
        marker={"color": BLUE, "symbol": "diamond-open", "size": 9},
        error_y={**bars, "color": BLUE},
    )


def origin_figure(rows: Rows, measure: str, unit: str) -> go.Figure:
    """Each period's expectation by origin: won already, open leads, new leads."""
    origins = (
        ("won already", ALREADY[measure], GREEN),
        ("open leads", f"open_{measure}_expected", BLUE),
        ("new leads", f"new_{measure}_expected", GREY),
    )
    figure = go.Figure()
    for name, column, colour in origins:
        figure.add_bar(x=_periods(rows), y=_column(rows, column), name=name, marker_color=colour)
    figure.update_xaxes(type="category")
    return figure.update_layout(**LAYOUT, title=f"Expected {measure} by origin{unit}", barmode="stack")


def waterfall_figure(changes: Mapping[str, Any], since: str, measure: str, unit: str) -> go.Figure:
    """The parts of the change of the expected total since an earlier date."""
    names = ["then", *PARTS, "now"]
    waterfall = go.Waterfall(
        x=[SHOWN_PARTS.get(name, name) for name in names],
        y=[changes[name] for name in names],
        measure=["absolute", *["relative"] * len(PARTS), "total"],
        increasing={"marker": {"color": GREEN}},
        decreasing={"marker": {"color": RED}},
        totals={"marker": {"color": BLUE}},
    )
    title = f"Expected {measure}: change since {day_name(since)}{unit}"
    figure = go.Figure(waterfall).update_layout(**LAYOUT, title=title)
    return figure.update_yaxes(range=_around_changes(changes))


def _around_changes(changes: Mapping[str, Any]) -> list[float] | None:
    """The range of the axis in which a waterfall moves: from zero its steps would be lines. None if nothing moves."""
    levels = np.cumsum([changes[name] for name in ("then", *PARTS)])
    low, high = float(levels.min()), float(levels.max())
    room = high - low
    return [max(low - room, 0.0), high + room / 2] if room > 0 else None


def forecast_figures(record: Mapping[str, Any]) -> dict[str, go.Figure]:
    """All plots of a forecast by name, revenue first if amounts are known; none if the timing of wins is unknown.

    record: funnel.forecast.report.report.forecast_record with `currency`, and `explain` for the waterfalls.
    """
    rows, actuals, currency = record.get("total", record["periods"]), record["actuals"], record["currency"]
    measures = [name for name in ("revenue", "wins") if record["sum"][f"{name}_expected"] is not None]
    units = {"revenue": f" ({escape(currency)})" if currency else "", "wins": ""}
    target, past = record.get("target"), record.get("past", ())
    goals = {"revenue": target["periods"][0]["revenue"] if target else None, "wins": None}
    figures = {
        f"{measure}_fan": fan_figure(rows, actuals, measure, units[measure], Beside(goals[measure], past))
        for measure in measures
    }
    for measure in measures:
        figures[f"{measure}_origin"] = origin_figure(rows, measure, units[measure])
    if "explain" in record:
        changes = record["explain"]["changes"]
        for measure in measures:
            figures[f"{measure}_changes"] = waterfall_figure(
                changes[measure], changes["since"], measure, units[measure]
            )
    return figures


def report_page(record: Mapping[str, Any]) -> str:
    """One HTML page with all plots and the table of periods; it needs no network."""
    title = f"Forecast as of {day_name(record['as_of'])}, model version {escape(record['model_version'])}"
    body = [
        *(f"<p>{escape(warning['detail'])}.</p>" for warning in record["warnings"]),
        f"<p>Intervals: {record['periods'][0]['interval_basis'] or 'unknown'}.</p>",
        _table(record["periods"]),
        *(["<h2>All groups together</h2>", _table(record["total"])] if "total" in record else []),
        *figure_divs(forecast_figures(record).items()),
    ]
    return _page(title, body)


def backtest_figure(cells: Rows, measure: str, step: int, unit: str) -> go.Figure:
    """Actuals beside forecasts `step` periods ahead with their p10 to p90 interval, by date of the forecast.

    cells: of training.backtest; `forecast` is (expected, p10, p50, p90).
    """
    mine = [cell for cell in cells if cell["what"] == measure and cell["step"] == step]
    dates = [day_name(cell["as_of"]) for cell in mine]
    forecasts = _column(mine, "forecast")
    expected = [values[0] for values in forecasts]
    bars = error_bars(
        above=[values[3] - values[0] for values in forecasts],
        below=[values[0] - values[1] for values in forecasts],
    )
    last = [cell["last_periods"][0] if cell["last_periods"] else None for cell in mine]

    figure = go.Figure()
    figure.add_scatter(x=dates, y=expected, error_y=bars, mode="markers", name="forecast, p10 to p90")
    figure.add_scatter(x=dates, y=_column(mine, "came"), mode="lines+markers", name="actual")
    dotted = {"dash": "dot", "color": GREY}
    figure.update_xaxes(type="category")
    figure.add_scatter(x=dates, y=last, mode="lines", name="mean of the last periods", line=dotted)
    title = f"{measure.capitalize()}, {step} periods ahead, by date of the forecast{unit}"
    return figure.update_layout(**LAYOUT, title=title)


def backtest_page(result: Mapping[str, Any], currency: str | None) -> str:
    """One HTML page of a forecast backtest: metrics by method, actuals beside forecasts; it needs no network."""
    steps = sorted({cell["step"] for cell in result["cells"]})
    body: list[str] = []
    figures: list[tuple[str, go.Figure]] = []
    for measure in ("wins", "revenue"):
        if measure not in result:
            continue
        unit = f" ({currency})" if measure == "revenue" and currency else ""
        body += [f"<h2>{measure.capitalize()}{unit}</h2>", _table(_metric_rows(result[measure]))]
        for step in steps:
            figure = backtest_figure(result["cells"], measure, step, unit)
            figures.append((f"{measure}_{step}", figure))
    return _page("Forecast replayed at past dates", [*body, *figure_divs(figures)])


def _metric_rows(by_method: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for method, metrics in by_method.items():
        if metrics["cells"]:
            figures = {name: value for name, value in metrics.items() if name != "by_step"}
            rows.append({"method": method, **figures})
    return rows


def _page(title: str, body: Sequence[str]) -> str:
    return html_page(title, f"<h1>{title}</h1>{''.join(body)}")


def _table(rows: Rows) -> str:
    """A table of the rows, columns named by the first row; a period stands by its name."""
    if rows and "period_start" in rows[0]:
        rows = [{"period": _periods([row])[0], **row} for row in rows]
    names = [name for name in dict(rows[0] if rows else {}) if name not in HIDDEN_COLUMNS]
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    lines = []
    for row in rows:
        cells = "".join(f"<td>{_cell(row.get(name))}</td>" for name in names)
        lines.append(f"<tr>{cells}</tr>")
    return scrolled(f'<table class="figures"><tr>{head}</tr>{"".join(lines)}</table>')


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.1f}" if isinstance(value, float) else escape(value)
