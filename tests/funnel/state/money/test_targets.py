"""Targets: equal values meet them, and an unfinished month does not miss its revenue."""

from dataclasses import replace
from typing import Any

import pytest

from funnel.state.state import funnel_state
from tests.builders.leads.funnel_leads import CONFIG, Lead, history_of


def targets(leads: list[Lead], as_of: float, **configured: Any) -> list[dict[str, Any]]:
    state = funnel_state(history_of(leads, as_of, replace(CONFIG, targets=configured)))
    records: list[dict[str, Any]] = state["total"]["targets"]
    return records


@pytest.mark.parametrize("on", range(1, 10))
def test_conversion_equal_to_its_target_meets_it(on: int) -> None:
    leads = [
        Lead(0, [(0, "new"), *([(i + 1, "demo")] if i % 10 < on else [])], [(i + 2, "lost", 0)])
        for i in range(10)
    ]
    assert targets(leads, 20, stage_conversion={"new": on / 10})[0]["met"]


def test_revenue_of_an_unfinished_month_is_not_missed() -> None:
    def won(day: float) -> Lead:
        return Lead(0, [], [(day, "won", 100)])

    leads = [Lead(0), won(20), won(50)]  # the middle of November on: December is whole, January has begun
    assert targets(leads, 48, revenue_per_month=50)[0]["missed_since"] is None
    assert targets(leads, 48, revenue_per_month=150)[0]["missed_since"] == "2023-12-01"
