"""Shared parts of plots: one copy of plotly.js a page, text that is never a tag, bars that never point inwards."""

import plotly.graph_objects as go

from funnel.figures import error_bars, escape, figure_divs, figure_table, html_page, serialized


def test_page_of_several_figures_holds_plotly_once() -> None:
    text = "".join(figure_divs([("first", go.Figure()), ("second", go.Figure())]))
    assert 'id="figure-first"' in text
    assert 'id="figure-second"' in text
    assert 1_000_000 < len(text) < 6_000_000
    assert text.count("<script>") == 2
    assert figure_divs([]) == []


def test_text_is_neither_a_tag_nor_an_attribute() -> None:
    assert escape('<b>"&') == "&lt;b&gt;&quot;&amp;"
    assert escape(3) == "3"


def test_error_bars_have_no_negative_length() -> None:
    """A rounded expectation may lie a little outside of its interval."""
    assert error_bars([1.0, -0.1], [-0.1, 2.0])["array"] == [1.0, 0.0]
    assert error_bars([1.0, -0.1], [-0.1, 2.0])["arrayminus"] == [0.0, 2.0]


def test_title_of_a_figure_stands_in_the_page() -> None:
    figure = go.Figure().update_layout(title="Wins &amp; losses")
    (record,) = serialized({"fan": figure})
    assert (record["name"], record["title"]) == ("fan", "Wins & losses")
    assert "Wins" not in record["json"]
    assert figure.layout.title.text == "Wins &amp; losses"


def test_figure_has_its_values_as_a_table() -> None:
    lines = go.Figure(
        [go.Bar(x=["a", "b"], y=[1, 2], name="won"), go.Scatter(x=["b", "c"], y=[3, 4], name="&lt;i&gt;")]
    )
    assert figure_table(lines) == [["", "won", "<i>"], ["a", 1, None], ["b", 2, 3], ["c", None, 4]]
    lying = go.Figure(go.Bar(y=["a"], x=[5], orientation="h"))
    assert figure_table(lying) == [["", "value"], ["a", 5]]
    flow = go.Sankey(node={"label": ["new", "won"]}, link={"source": [0], "target": [1], "value": [7]})
    assert figure_table(go.Figure(flow)) == [["from", "to", "leads"], ["new", "won", 7]]
    heat = go.Figure(go.Heatmap(z=[[1, None]], x=["30 days", "60 days"], y=["Jan"]))
    assert figure_table(heat) == [["", "30 days", "60 days"], ["Jan", 1, None]]


def test_page_is_a_whole_document() -> None:
    page = html_page("T", "<p>x</p>")
    assert page.startswith("<!doctype html>")
    assert "--accent" in page
    assert page.endswith("<main><p>x</p></main></body></html>\n")


def test_words_of_a_chart_are_given_in_another_language() -> None:
    figure = go.Figure(go.Bar(x=["Nov 2026"], y=[3], name="won")).update_layout(
        xaxis_title="days", title="Wins"
    )
    (chart,) = serialized(
        {"months": figure}, lambda word: word.replace("won", "gewonnen").replace("Nov", "N")
    )
    assert chart["table"] == [["", "gewonnen"], ["N 2026", 3]]
    assert '"won"' not in chart["json"]
    flow = go.Figure(
        go.Sankey(node={"label": ["new", "won"]}, link={"source": [0], "target": [1], "value": [2]})
    )
    (chart,) = serialized({"flow": flow}, str.upper)
    assert chart["table"][1] == ["NEW", "WON", 2]
