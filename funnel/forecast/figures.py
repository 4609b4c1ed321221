"""The pictures of a forecast (plotly): the fan with actuals, where each period's wins come from, what
changed; and one page of them.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from funnel.forecast.explain import PARTS
from funnel.state.figures import BLUE, CONFIG, GREEN, GREY, LAYOUT, RED

Rows = Sequence[Mapping[str, Any]]

HEAD = "<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'>"
STYLE = (
    "<style>body{font-family:system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.3rem .7rem;text-align:right;border-bottom:1px solid #ddd}"
    "</style>"
)


def summed(rows: Rows) -> list[dict[str, Any]]:
    """Rows by period: groups added up, where there are any; quantiles added up too, as if groups moved together."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["period_start"], {"period_start": row["period_start"]})
        for name, value in row.items():
            if isinstance(value, int | float):
                one[name] = one.get(name, 0.0) + value
    return list(found.values())


def fan_figure(rows: Rows, actuals: Rows, what: str, unit: str) -> go.Figure:
    """Past periods as bars, coming ones with what is won already, the expectation, and the p10 to p90
    band, at each period's expectation too, so that a single one shows it; what: wins or revenue.
    """
    spans = summed(rows)
    at = [r["period_start"] for r in spans]
    band = "p10 to p90" if len(spans) == len(rows) else "p10 to p90, groups added up"
    figure = go.Figure()
    figure.add_bar(
        x=[a["period_start"] for a in actuals], y=[a[what] for a in actuals], name="actual", marker_color=GREY
    )
    already = "already_won" if what == "wins" else "already_revenue"
    figure.add_bar(x=at, y=[r[already] for r in spans], name="won already", marker_color=GREEN)
    figure.add_scatter(
        x=at,
        y=[r[f"{what}_p90"] for r in spans],
        mode="lines",
        line={"width": 0},
        showlegend=False,
        name="p90",
    )
    figure.add_scatter(
        x=at, y=[r[f"{what}_p10"] for r in spans], mode="lines", line={"width": 0}, fill="tonexty",
        fillcolor="rgba(43,108,176,0.25)", name=band,
    )  # fmt: skip
    expected = [r[f"{what}_expected"] for r in spans]
    reach = {
        "type": "data",
        "symmetric": False,
        "array": [max(r[f"{what}_p90"] - e, 0.0) for r, e in zip(spans, expected, strict=True)],
        "arrayminus": [max(e - r[f"{what}_p10"], 0.0) for r, e in zip(spans, expected, strict=True)],
    }
    line = {"color": BLUE}
    figure.add_scatter(x=at, y=expected, mode="lines+markers", name="expected", line=line, error_y=reach)
    figure.update_xaxes(type="category")
    return figure.update_layout(**LAYOUT, title=f"{what.capitalize()} by period{unit}", barmode="stack")


def origin_figure(rows: Rows, what: str, unit: str) -> go.Figure:
    """Each period's expectation by where it comes from: won already, open leads, leads yet to come."""
    spans = summed(rows)
    at = [r["period_start"] for r in spans]
    figure = go.Figure()
    already, verb = ("already_won", "come") if what == "wins" else ("already_revenue", "comes")
    for name, key, colour in (
        ("won already", already, GREEN),
        ("open leads", f"open_{what}_expected", BLUE),
        ("leads yet to come", f"new_{what}_expected", GREY),
    ):
        figure.add_bar(x=at, y=[r[key] for r in spans], name=name, marker_color=colour)
    figure.update_xaxes(type="category")
    return figure.update_layout(
        **LAYOUT, title=f"Where the expected {what} {verb} from{unit}", barmode="stack"
    )


def waterfall_figure(changes: Mapping[str, Any], since: str, what: str, unit: str) -> go.Figure:
    """What moved the expected total since an earlier date; the parts add up."""
    names = ["then", *PARTS, "now"]
    measure = ["absolute", *["relative"] * len(PARTS), "total"]
    figure = go.Figure(
        go.Waterfall(
            x=names,
            y=[changes[n] for n in names],
            measure=measure,
            increasing={"marker": {"color": GREEN}},
            decreasing={"marker": {"color": RED}},
            totals={"marker": {"color": BLUE}},
        )
    )
    return figure.update_layout(**LAYOUT, title=f"Expected {what}: what changed since {since[:10]}{unit}")


def figures(result: Mapping[str, Any]) -> dict[str, go.Figure]:
    """All pictures of a forecast's answer by name, revenue first where there are amounts.

    result: funnel.forecast.forecast.answer with `currency`, and `explain` for the waterfalls.
    """
    rows, actuals = result["periods"], result["actuals"]
    whats = ["wins"] if result["total"]["revenue_expected"] is None else ["revenue", "wins"]
    unit = {"revenue": f" ({html.escape(result['currency'])})" if result["currency"] else "", "wins": ""}
    found = {f"{what}_fan": fan_figure(rows, actuals, what, unit[what]) for what in whats}
    found |= {f"{what}_origin": origin_figure(rows, what, unit[what]) for what in whats}
    if "explain" in result:
        changes = result["explain"]["changes"]
        found |= {
            f"{what}_changes": waterfall_figure(changes[what], changes["since"], what, unit[what])
            for what in whats
        }
    return found


def report_page(result: Mapping[str, Any]) -> str:
    """One HTML page with all pictures and the table of periods; it needs no network."""
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=i == 0, div_id=f"figure-{name}", config=CONFIG)
        for i, (name, figure) in enumerate(figures(result).items())
    ]
    title = (
        f"Forecast as of {result['as_of'][:10]}, model version {html.escape(str(result['model_version']))}"
    )
    said = "".join(f"<p>{html.escape(note['detail'])}.</p>" for note in result["warnings"])
    basis = f"<p>Intervals: {result['periods'][0]['interval_basis']}.</p>"
    return _page(title, f"{said}{basis}{_table(result['periods'])}{''.join(parts)}")


def replay_figure(cells: Rows, what: str, step: int, unit: str) -> go.Figure:
    """What came against what was said `step` periods ahead, with the p10 to p90 of each forecast."""
    mine = [c for c in cells if c["what"] == what and c["step"] == step]
    at = [c["as_of"][:10] for c in mine]
    said = [c["forecast"] for c in mine]
    figure = go.Figure()
    band = {
        "type": "data",
        "symmetric": False,
        "array": [max(s[3] - s[0], 0.0) for s in said],
        "arrayminus": [max(s[0] - s[1], 0.0) for s in said],
    }
    figure.add_scatter(
        x=at, y=[s[0] for s in said], error_y=band, mode="markers", name="forecast, p10 to p90"
    )
    figure.add_scatter(x=at, y=[c["came"] for c in mine], mode="lines+markers", name="what came")
    last = [c["last_periods"][0] if c["last_periods"] else None for c in mine]
    figure.add_scatter(
        x=at, y=last, mode="lines", name="last periods' mean", line={"dash": "dot", "color": GREY}
    )
    return figure.update_layout(
        **LAYOUT, title=f"{what.capitalize()}, {step} periods ahead, by date of the forecast{unit}"
    )


def replay_page(result: Mapping[str, Any], currency: str | None) -> str:
    """One HTML page of a replay: figures by method, and what came beside what was said; it needs no network."""
    parts: list[str] = []
    drawn = False
    for what in ("wins", "revenue"):
        if what not in result:
            continue
        unit = f" ({currency})" if what == "revenue" and currency else ""
        rows = [
            {"method": name, **{k: v for k, v in m.items() if k != "by_step"}}
            for name, m in result[what].items()
            if m["cells"]
        ]
        parts += [f"<h2>{what.capitalize()}{unit}</h2>", _table(rows)]
        for step in sorted({c["step"] for c in result["cells"]}):
            figure = replay_figure(result["cells"], what, step, unit)
            parts.append(figure.to_html(full_html=False, include_plotlyjs=not drawn, config=CONFIG))
            drawn = True
    return _page("Forecast replayed at past dates", "".join(parts))


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang='en'><head>{HEAD}<title>{title}</title>{STYLE}</head><body><h1>{title}</h1>"
        f"{body}</body></html>\n"
    )


def _table(rows: Rows) -> str:
    names = [n for n in dict(rows[0] if rows else {}) if n not in ("interval_basis", "currency")]
    head = "".join(f"<th>{html.escape(n.replace('_', ' '))}</th>" for n in names)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(n))}</td>" for n in names) + "</tr>" for row in rows)
    return f"<div style='overflow-x:auto'><table><tr>{head}</tr>{body}</table></div>"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.1f}" if isinstance(value, float) else html.escape(str(value))
