"""What pages of the service and HTML reports share: colours, style sheets, and the script that draws charts."""

from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
REPORT_PARTS = ("tokens", "base", "boxes", "tables", "charts", "print")


def style_part(name: str) -> str:
    """One part of the style sheet."""
    return (FOLDER / f"{name}.css").read_text("utf-8")


def report_style() -> str:
    """The style sheet of a report."""
    return "".join(style_part(name) for name in REPORT_PARTS)


def plotly_script() -> bytes:
    """The source of plotly.js, as it comes with plotly; importing that takes 0.2 s."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'plotly'")
    return (Path(package.origin).parent / "package_data" / "plotly.min.js").read_bytes()


def charts_script() -> str:
    """The script that draws the charts of a page in the colours of its theme, once plotly.js is loaded."""
    return (FOLDER / "charts.js").read_text("utf-8")
