"""Costs and returns of examples small enough to check by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from funnel.state.state import FunnelOptions, funnel_state
from history.history import Costs, History
from tests.builders.leads.funnel_leads import Lead, day, factor, history_of, ints

LEADS = (
    Lead(0, [], [(4, "won", 60.0)], source="fair"),
    Lead(0, [], [(6, "won", 60.0)], source="fair"),
    Lead(1, [], [(3, "lost", 0.0)], source="web"),
    Lead(2, [], [(9, "won", 30.0)], source="web"),
    Lead(3, source="web"),
)


def costed(leads: tuple[Lead, ...] = LEADS) -> History:
    costs = Costs(
        ints([day(0), day(0), day(5)]),
        ints([day(10), day(10), day(15)]),
        np.array([100.0, 40.0, 20.0]),
        factor([None, None, None]),
        factor(["fair", "web", None]),
    )
    return replace(history_of(leads, 10), costs=costs)


def economics(history: History, **period: Any) -> dict[str, Any]:
    report: dict[str, Any] = funnel_state(history, FunnelOptions(**period))["economics"]
    return report


def test_costs_count_by_their_share_of_the_period() -> None:
    total = economics(costed(), from_us=day(0))["total"]
    assert total["cost"] == pytest.approx(150.0)  # half of the third cost lies after the report's date
    assert total["cost_per_lead"] == pytest.approx(30.0)
    assert total["cost_per_deal"] == pytest.approx(50.0)
    assert total["return_on_investment"] == pytest.approx(0.0)
    half = economics(costed(), from_us=day(0), to_us=day(5))["total"]
    assert half["cost"] == pytest.approx(70.0)


def test_accounts_of_sources_add_up() -> None:
    report = economics(costed(), from_us=day(0))
    by = {record["name"]: record for record in report["by_source"]}
    assert (by["fair"]["cost"], by["fair"]["won"], by["web"]["won"]) == (pytest.approx(100.0), 2, 1)
    assert by["fair"]["payback_days"] == 6.0  # 60 after four days, 120 after six
    assert by["web"]["payback_days"] is None
    assert by[None]["cost"] == pytest.approx(10.0)
    assert sum(r["cost"] for r in by.values()) == pytest.approx(report["total"]["cost"])


def test_economics_are_null_without_costs() -> None:
    assert economics(history_of(LEADS, 10)) is None


def test_lifetime_value_includes_repeat_purchases() -> None:
    history = costed()
    accounts = {**history.attributes, "account_id": factor(["a", "a", "b", "b", "b"])}
    value = economics(replace(history, attributes=accounts))["lifetime_value"]
    # a bought on days 4 and 6, b on day 9; as of day 10 the waits are 2 (bought), 4 and 1 (in view): one in two
    assert (value["accounts"], value["buys_again"]) == (2, pytest.approx(0.5))
    assert value["lifetime_value"] == pytest.approx(50.0 / 0.5)


def test_sources_beyond_fifty_are_added_up() -> None:
    names = [f"campaign {i}" for i in range(70)]
    leads = [Lead(i / 10, [], [(i / 10 + 1, "won", 10)], source=name) for i, name in enumerate(names)]
    history = history_of(leads, 30)
    start, end = ints([day(0)] * 70), ints([day(10)] * 70)
    costs = Costs(start, end, np.arange(70.0), factor([None] * 70), factor(names))
    report = economics(replace(history, costs=costs))
    assert len(report["by_source"]) == 50
    assert report["by_source"][-1]["name"] == "(other)"
    for key in ("cost", "leads", "won", "revenue"):
        assert sum(record[key] for record in report["by_source"]) == pytest.approx(report["total"][key])
