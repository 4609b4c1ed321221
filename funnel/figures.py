"""Shared parts of plots (plotly) and of HTML report pages that need no network."""

import html
from collections.abc import Iterable, Mapping

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

BLUE, GREY, GREEN, RED = "#2b6cb0", "#a0aec0", "#2f855a", "#c53030"
LAYOUT = {
    "template": "plotly_white",
    "margin": {"l": 60, "r": 30, "t": 60, "b": 50},
    "font": {"family": "system-ui, sans-serif"},
    "height": 420,
}
CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]]}  # no button that sends data elsewhere


def serialized(figures: Mapping[str, go.Figure]) -> list[dict[str, str]]:
    """Figures as {name, title, json}, for a page that draws them with `plotly_script`."""
    return [
        {"name": name, "title": figure.layout.title.text, "json": figure.to_json()}
        for name, figure in figures.items()
    ]


def plotly_script() -> bytes:
    """The source of plotly.js."""
    return str(get_plotlyjs()).encode()


def figure_divs(figures: Iterable[tuple[str, go.Figure]]) -> list[str]:
    """HTML of (name, figure) pairs; the first holds plotly.js (4.8 MB), so that the page works offline."""
    divs: list[str] = []
    for name, figure in figures:
        has_script = bool(divs)
        div = figure.to_html(
            full_html=False, include_plotlyjs=not has_script, div_id=f"figure-{name}", config=CONFIG
        )
        divs.append(div)
    return divs


def html_page(title: str, style: str, body: str) -> str:
    """A whole HTML document; title and body are HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def error_bars(above: list[float], below: list[float]) -> dict[str, object]:
    """Asymmetric error bars by their lengths; negative lengths count as zero."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(length, 0.0) for length in above],
        "arrayminus": [max(length, 0.0) for length in below],
    }


def escape(value: object) -> str:
    """Text that neither HTML nor plotly reads as a tag."""
    return html.escape(str(value))
