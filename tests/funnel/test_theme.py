"""What pages and reports share: every colour of a chart is one of the style sheet's, in both themes."""

import re

import plotly.graph_objects as go

from funnel import figures
from funnel.theme import FOLDER, REPORT_PARTS, charts_script, report_style, style_part


def test_every_colour_of_charts_has_a_value_in_both_themes() -> None:
    light, dark = style_part("tokens").split("@media")
    texts = [str(value) for value in vars(figures).values() if isinstance(value, str | list)]
    texts.append(go.Figure(layout=figures.LAYOUT).to_json())
    names = {name for text in texts for name in re.findall(r"var\(--([a-z-]+)\)", text)}
    assert {"won", "lost", "ink"} <= names
    for theme in (light, dark):
        assert names <= set(re.findall(r"--([a-z-]+):", theme))


def test_report_style_has_every_part_and_loads_nothing() -> None:
    style = report_style()
    assert all(style_part(name) in style for name in REPORT_PARTS)
    assert {path.stem for path in FOLDER.glob("*.css")} == set(REPORT_PARTS)
    assert "@import" not in style
    assert "</" not in style + charts_script()
