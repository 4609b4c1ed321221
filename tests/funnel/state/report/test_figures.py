"""Plots of a state hold its numbers, and the page needs no network."""

import re
from typing import Any

import pytest

from funnel.state.report.figures import report_page, stage_flow, state_figures
from funnel.state.state import funnel_state
from tests.builders.leads.funnel_leads import CONFIG, Lead, history_of
from tests.builders.leads.twenty_leads import twenty


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return funnel_state(twenty(name="<b>Fiction & Co</b>"))


def test_flow_shows_every_entry(state: dict[str, Any]) -> None:
    flow = stage_flow(state)
    nodes, links = flow.nodes, flow.links
    out = {name: sum(link.leads for link in links if nodes[link.source] == name) for name in nodes}
    assert out["new"] == 18
    assert out["demo"] == 16
    assert out["offer"] == 10
    assert all(
        link.source < link.target for link in links
    )  # a move back is a node, so that no circle is drawn


def test_every_plot_is_drawn_of_a_single_lead(state: dict[str, Any]) -> None:
    assert state_figures(state)["funnel"].data[0].x == (17, 12, 9)
    assert set(state_figures(funnel_state(history_of([Lead(0)], 1)))) == set(state_figures(state))


def test_page_loads_nothing_and_escapes_names(state: dict[str, Any]) -> None:
    page = report_page(state)
    assert not re.search(r"<(script|link|img)[^>]*(src|href)\s*=", page)
    assert "<b>Fiction" not in page
    assert "&lt;b&gt;Fiction" in page


def test_page_lists_leads_that_need_attention() -> None:
    leads = [Lead(i, [(i, "new")], [(i + 2, "won", 9.0)]) for i in range(40)]
    history = history_of([*leads, Lead(20, [(20, "new")])], 60, CONFIG)
    assert "L41" in report_page(funnel_state(history))


def test_stage_axes_are_categories(state: dict[str, Any]) -> None:
    drawn = state_figures(state)
    assert drawn["funnel"].layout.yaxis.type == "category"
    assert drawn["time_in_stage"].layout.xaxis.type == "category"


def test_headings_without_a_currency_have_no_gap() -> None:
    page = report_page(funnel_state(twenty(currency=None)))
    assert "<td>revenue</td>" in page
    assert "<td>velocity, revenue a day</td>" in page


def test_headline_adds_up_with_reopened_leads(state: dict[str, Any]) -> None:
    cells = dict(re.findall(r"<td>([^<]+)</td><td>(-?[0-9]+)</td>", report_page(state)))
    came = sum(int(cells[name]) for name in ("open at the start", "entered", "reopened"))
    went = sum(int(cells[name]) for name in ("won", "lost", "won or lost and reopened since"))
    assert (came, went, int(cells["open at the end"])) == (23, 16, 7)
