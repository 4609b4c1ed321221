"""Shared parts of plots: one copy of plotly.js a page, text that is never a tag, bars that never point inwards."""

import plotly.graph_objects as go

from funnel.figures import error_bars, escape, figure_divs, html_page, serialized


def test_page_of_several_figures_holds_plotly_once() -> None:
    divs = figure_divs([("first", go.Figure()), ("second", go.Figure())])
    assert ['id="figure-first"' in divs[0], 'id="figure-second"' in divs[1]] == [True, True]
    assert len(divs[0]) > 1_000_000 > len(divs[1])
    assert figure_divs([]) == []


def test_text_is_neither_a_tag_nor_an_attribute() -> None:
    assert escape('<b>"&') == "&lt;b&gt;&quot;&amp;"
    assert escape(3) == "3"


def test_error_bars_have_no_negative_length() -> None:
    """A rounded expectation may lie a little outside of its interval."""
    assert error_bars([1.0, -0.1], [-0.1, 2.0])["array"] == [1.0, 0.0]
    assert error_bars([1.0, -0.1], [-0.1, 2.0])["arrayminus"] == [0.0, 2.0]


def test_serialized_figure_has_its_title() -> None:
    figure = go.Figure().update_layout(title="Wins")
    (record,) = serialized({"fan": figure})
    assert (record["name"], record["title"]) == ("fan", "Wins")
    assert '"Wins"' in record["json"]


def test_page_is_a_whole_document() -> None:
    page = html_page("T", "b{}", "<p>x</p>")
    assert page.startswith("<!doctype html>")
    assert page.endswith("<body><p>x</p></body></html>\n")
