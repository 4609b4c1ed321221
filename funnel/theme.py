"""What pages of the service and HTML reports share: colours, style sheets, and the script that draws charts."""

from pathlib import Path

FOLDER = Path(__file__).parent / "static"
REPORT_PARTS = ("tokens", "base", "boxes", "tables", "charts", "print")


def style_part(name: str) -> str:
    """One part of the style sheet."""
    return (FOLDER / f"{name}.css").read_text("utf-8")


def report_style() -> str:
    """The style sheet of a report."""
    return "".join(style_part(name) for name in REPORT_PARTS)


def charts_script() -> str:
    """The script that draws the charts of a page in the colours of its theme, once plotly.js is loaded."""
    return (FOLDER / "charts.js").read_text("utf-8")
