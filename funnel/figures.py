"""Shared parts of charts (plotly) and of HTML reports that need no network.

Colours are names of the style sheet (funnel/static/tokens.css), such as `var(--won)`. The page's script puts in the
value of the theme, light or dark.
"""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from funnel.formatting import format_number
from funnel.theme import charts_script, plotly_script, report_style

BLUE, GREY, GREEN, RED = "var(--accent)", "var(--neutral)", "var(--won)", "var(--lost)"
ACCENT_INK, NEUTRAL_INK = "var(--accent-ink)", "var(--neutral-ink)"  # of text inside such bars
BAND = "var(--band)"
FLOW, FLOW_WON, FLOW_LOST = "var(--flow)", "var(--flow-won)", "var(--flow-lost)"
SHADES = [[0, "var(--shade-low)"], [1, "var(--shade-high)"]]
HEIGHT = 340  # pixels
FEW_TICKS = 8  # names of months that stand side by side in half a page
TABLE_LABEL = "The figures as a table"
_AXIS = {
    "gridcolor": "var(--line)",
    "zerolinecolor": "var(--line)",
    "linecolor": "var(--line)",
    "automargin": True,
    "separatethousands": True,
    "exponentformat": "none",
    "ticklabelstandoff": 4,
}
_TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "var(--surface)",
        "plot_bgcolor": "var(--surface)",
        "font": {"color": "var(--ink)", "family": "system-ui, sans-serif", "size": 12},
        "colorway": [BLUE, GREY, GREEN, RED, "var(--warn)"],
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "hoverlabel": {
            "bgcolor": "var(--surface)",
            "bordercolor": "var(--line)",
            "font": {"color": "var(--ink)"},
        },
    }
)
LAYOUT = {"template": _TEMPLATE, "margin": {"l": 10, "r": 10, "t": 30, "b": 10}, "height": HEIGHT}

Chart = dict[str, Any]


Say = Callable[[str], str]  # a word of a chart in the reader's language


def serialized(figures: Mapping[str, go.Figure], say: Say = str) -> list[Chart]:
    """Figures as {name, title, json, height, table}, for a page that draws them with `plotly_script` and charts.js."""
    return [_serialized(name, _spoken(figure, say), say) for name, figure in figures.items()]


def _spoken(figure: go.Figure, say: Say) -> go.Figure:
    """The figure with its words as `say` gives them: names of series, axes, labels of flows, bars and periods."""
    if say is str:
        return figure
    spoken = go.Figure(figure)
    for axis in (spoken.layout.xaxis, spoken.layout.yaxis):
        if axis.title.text:
            axis.title.text = say(axis.title.text)
    for trace in spoken.data:
        if trace.name:
            trace.name = say(trace.name)
        if trace.type == "sankey":
            trace.node.label = [say(label) for label in trace.node.label]
            continue
        for name in ("x", "y", "text"):
            values = trace[name]
            if values is not None and any(isinstance(value, str) for value in values):
                trace[name] = [say(value) if isinstance(value, str) else value for value in values]
        if trace.type == "heatmap":
            trace.colorbar.title.text = say(trace.colorbar.title.text)
    return spoken


def _serialized(name: str, figure: go.Figure, say: Say) -> Chart:
    """The title stands in the page, where it wraps; the table is for who cannot see the chart."""
    drawn = go.Figure(figure).update_layout(title=None)
    return {
        "name": name,
        "title": html.unescape(figure.layout.title.text or name),
        "json": drawn.to_json(),
        "height": figure.layout.height or HEIGHT,
        "table": figure_table(figure, say),
    }


# ---- the figures of a chart as a table


def figure_table(figure: go.Figure, say: Say = str) -> list[list[Any]]:
    """The figures of a chart in rows, the first of which names the columns; `say` gives names that are not in it."""
    traces = list(figure.data)
    if traces and traces[0].type == "sankey":
        return _flow_rows(traces[0], say)
    if traces and traces[0].type == "heatmap":
        heatmap = traces[0]
        return [["", *heatmap.x], *([_plain(y), *row] for y, row in zip(heatmap.y, heatmap.z, strict=True))]
    return _series_rows(traces, say)


def _flow_rows(sankey: go.Sankey, say: Say) -> list[list[Any]]:
    names, links = [_plain(label) for label in sankey.node.label], sankey.link
    rows = zip(links.source, links.target, links.value, strict=True)
    return [
        [say("from"), say("to"), say("leads")],
        *([names[source], names[target], leads] for source, target, leads in rows),
    ]


def _series_rows(traces: Sequence[Any], say: Say) -> list[list[Any]]:
    """One row for each place on the axis of categories or dates, one column for each series."""
    places: list[Any] = []
    columns: list[dict[Any, Any]] = []
    for trace in traces:
        is_lying = getattr(trace, "orientation", None) == "h"
        along, values = (trace.y, trace.x) if is_lying else (trace.x, trace.y)
        column = dict(
            zip(along if along is not None else (), values if values is not None else (), strict=True)
        )
        places += [place for place in column if place not in places]
        columns.append(column)
    header = ["", *(_plain(trace.name or say("value")) for trace in traces)]
    return [header, *([_plain(place), *(column.get(place) for column in columns)] for place in places)]


def _plain(value: Any) -> Any:
    """Text as it was before `escape`."""
    return html.unescape(value) if isinstance(value, str) else value


# ---- reports


def figure_divs(figures: Iterable[tuple[str, go.Figure]]) -> list[str]:
    """HTML of (name, figure) pairs, each with its table; the last part draws them and holds plotly.js (4.8 MB)."""
    charts = serialized(dict(figures))
    if not charts:
        return []
    scripts = f"<script>{plotly_script().decode()}</script><script>{charts_script()}</script>"
    return ['<section class="charts">', *(_figure_html(chart) for chart in charts), "</section>", scripts]


def _figure_html(chart: Chart) -> str:
    title = html.escape(chart["title"])
    return (
        f'<figure class="chart"><figcaption>{title}</figcaption>'
        f'<div id="figure-{chart["name"]}" role="img" aria-label="{title}" data-chart="{html.escape(chart["json"])}">'
        f'<svg width="1" height="{chart["height"]}" aria-hidden="true"></svg></div>'
        f'<details class="data"><summary>{TABLE_LABEL}</summary>{_table_html(chart["table"])}</details></figure>'
    )


def _table_html(table: Sequence[Sequence[Any]]) -> str:
    header, *rows = table
    head = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in header)
    body = "".join(f"<tr>{_cell_html(row[0], 'th')}{''.join(map(_cell_html, row[1:]))}</tr>" for row in rows)
    return scrolled(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _cell_html(value: Any, tag: str = "td") -> str:
    if value is None:
        return f"<{tag}></{tag}>"
    if isinstance(value, str):
        return f"<{tag}>{escape(value)}</{tag}>"
    return f'<{tag} class="number">{format_number(value)}</{tag}>'


def scrolled(table: str) -> str:
    """A table of a report that scrolls where it is wider than the page, also by keyboard."""
    return f'<div class="scroll" tabindex="0">{table}</div>'


def html_page(title: str, body: str) -> str:
    """A whole HTML document in the look of the service's pages; title and body are HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{report_style()}</style></head><body><main>{body}</main></body></html>\n"
    )


def error_bars(above: list[float], below: list[float]) -> dict[str, object]:
    """Asymmetric error bars by their lengths; negative lengths count as zero."""
    return {
        "type": "data",
        "color": "var(--quiet)",
        "symmetric": False,
        "array": [max(length, 0.0) for length in above],
        "arrayminus": [max(length, 0.0) for length in below],
    }


def escape(value: object) -> str:
    """Text that neither HTML nor plotly reads as a tag."""
    return html.escape(str(value))
