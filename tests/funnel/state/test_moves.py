"""Moves of leads: the reports of both dates, joined lead by lead."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from funnel.state.moves import DEFAULT_DAYS, place_name, shown_links
from funnel.state.report.figures import moves_figure
from funnel.state.state import FunnelOptions, funnel_state
from history.base.errors import InvalidInput
from history.history import OPEN, WON, History
from history.snapshot import Snapshot, all_leads, current_stages, cut, state_at
from history.text.times import format_time
from tests.builders.leads.funnel_leads import Lead, day, history_of
from tests.builders.leads.twenty_leads import AS_OF, twenty
from tests.funnel.state.leads.test_paths import many

Place = tuple[str, str | None]


def places(history: History, at_us: int) -> list[Place]:
    """Each lead's place at an instant, lead by lead."""
    known = all_leads(history, at_us)
    counts: list[Place] = [("new", None)] * len(history)
    state = state_at(history, known.lead, known.as_of_us)
    stages = current_stages(Snapshot(history, known.lead, known.as_of_us))
    for lead, now, stage in zip(known.lead.tolist(), state.tolist(), stages, strict=True):
        if now != OPEN:
            counts[lead] = ("won" if now == WON else "lost", None)
        else:
            counts[lead] = ("before_first_stage", None) if stage is None else ("stage", stage)
    return counts


def as_counts(flow: Mapping[str, Any]) -> Counter[tuple[Place, Place]]:
    node = [(n["kind"], n["stage"]) for n in flow["nodes"]]
    return Counter({(node[k["source"]], node[k["target"]]): k["leads"] for k in flow["links"]})


@settings(deadline=None, max_examples=40)
@given(many)
def test_links_count_leads(given_leads: list[Lead]) -> None:
    history = history_of(given_leads, 20)
    for since in (-1, 0, 7, 19):
        flow = funnel_state(history, FunnelOptions(since_us=day(since)))["moves"]
        then, now = places(history, day(since)), places(history, day(20))
        assert as_counts(flow) == Counter(zip(then, now, strict=True))


@pytest.mark.parametrize("since", [4, 12, 17, 29])
def test_nodes_agree_with_the_reports_of_both_dates(since: int) -> None:
    history = twenty()
    state = funnel_state(history, FunnelOptions(since_us=day(since)))
    earlier = funnel_state(cut(history, day(since)))
    for when, report in (("then", earlier), ("now", state)):
        nodes = {(n["kind"], n["stage"]): n["leads"] for n in state["moves"]["nodes"] if n["when"] == when}
        for stage in report["total"]["stages"]:
            kind = "stage" if stage["stage"] else "before_first_stage"
            assert nodes.get((kind, stage["stage"]), 0) == stage["now"]["leads"]
        assert (nodes["won", None], nodes["lost", None]) == tuple(
            report["total"]["funnel"][k] for k in ("won", "lost")
        )
        everyone = sum(nodes.values()) - (nodes.get(("new", None), 0) if when == "then" else 0)
        assert everyone == report["total"]["funnel"]["entered"]
    assert state["reconciliation"]["broken"] == []


def test_twenty_leads_by_hand() -> None:
    flow = funnel_state(twenty(), FunnelOptions(since_us=day(15)))["moves"]
    counts = as_counts(flow)
    assert counts[("lost", None), ("won", None)] == 1  # corrected on day 17
    assert counts[("lost", None), ("stage", "demo")] == 1  # reopened on day 20
    assert counts[("new", None), ("stage", "new")] == 1  # created on day 20
    assert counts[("new", None), ("stage", "demo")] == 1  # created on day 25


def test_default_is_a_month_back_and_future_is_refused() -> None:
    history = twenty()
    assert funnel_state(history)["moves"]["since"] == format_time(day(AS_OF - DEFAULT_DAYS))
    with pytest.raises(InvalidInput, match="--since"):
        funnel_state(history, FunnelOptions(since_us=day(AS_OF)))


def test_plot_leaves_out_leads_closed_at_both_dates() -> None:
    state = funnel_state(twenty(), FunnelOptions(since_us=day(15)))
    flow = state["moves"]
    drawn = moves_figure(state).data[0]
    kinds = [node["kind"] for node in flow["nodes"]]
    assert list(drawn.link.value) == [link["leads"] for link in shown_links(flow)]
    assert not any(
        kinds[i] == kinds[j] and kinds[i] in ("won", "lost")
        for i, j in zip(drawn.link.source, drawn.link.target, strict=True)
    )
    assert np.all(np.array(drawn.link.source) < np.array(drawn.link.target))
    assert [place_name(n) for n in flow["nodes"] if n["kind"] == "new"] == ["(not yet there)"]
