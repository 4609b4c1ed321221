"""Pictures of a state hold its numbers, and the page is whole without a network."""

import re
from typing import Any

import pytest

from funnel.state.figures import report_page, stage_flow, state_figures
from funnel.state.state import funnel_state
from tests.builders.funnel_leads import CONFIG, Lead, history_of
from tests.builders.twenty_leads import twenty


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return funnel_state(twenty(name="<b>Fiction & Co</b>"))


def test_the_flow_leaves_nothing_out(state: dict[str, Any]) -> None:
    flow = stage_flow(state)
    nodes, links = flow.nodes, flow.links
    out = {name: sum(link.leads for link in links if nodes[link.source] == name) for name in nodes}
    assert out["new"] == 18
    assert out["demo"] == 16
    assert out["offer"] == 10
    assert all(
        link.source < link.target for link in links
    )  # a move back is a node, so that no circle is drawn


def test_every_picture_is_drawn_also_of_almost_nothing(state: dict[str, Any]) -> None:
    assert state_figures(state)["funnel"].data[0].x == (17, 12, 9)
    assert set(state_figures(funnel_state(history_of([Lead(0)], 1)))) == set(state_figures(state))


def test_the_page_loads_nothing_and_escapes_names(state: dict[str, Any]) -> None:
    page = report_page(state)
    assert not re.search(r"<(script|link|img)[^>]*(src|href)\s*=", page)
    assert "<b>Fiction" not in page
    assert "&lt;b&gt;Fiction" in page


def test_the_page_holds_targets_and_leads_that_need_attention() -> None:
    leads = [Lead(i, [(i, "new")], [(i + 2, "won", 9.0)]) for i in range(40)]
    history = history_of([*leads, Lead(20, [(20, "new")])], 60, CONFIG)
    assert "L41" in report_page(funnel_state(history))


def test_stages_named_by_numbers_or_dates_are_names_and_no_scale(state: dict[str, Any]) -> None:
    drawn = state_figures(state)
    assert drawn["funnel"].layout.yaxis.type == "category"
    assert drawn["time_in_stage"].layout.xaxis.type == "category"


def test_without_a_currency_no_heading_has_a_gap() -> None:
    page = report_page(funnel_state(twenty(currency=None)))
    assert "<td>revenue</td>" in page
    assert "<td>velocity, revenue a day</td>" in page


def test_the_headline_adds_up_also_with_reopened_leads(state: dict[str, Any]) -> None:
    cells = dict(re.findall(r"<td>([^<]+)</td><td>(-?[0-9]+)</td>", report_page(state)))
    came = sum(int(cells[name]) for name in ("open at the start", "entered", "reopened"))
    went = sum(int(cells[name]) for name in ("won", "lost", "won or lost and reopened since"))
    assert (came, went, int(cells["open at the end"])) == (23, 16, 7)
