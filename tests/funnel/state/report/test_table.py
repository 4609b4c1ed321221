"""The table of stages: a row for each stage and group, with the figures of the state."""

from typing import Any

import pytest

from funnel.state.report.table import COLUMNS, columns
from tests.builders.leads.twenty_leads import twenty_by_source


def test_rows_are_the_stages_of_the_total(state: dict[str, Any]) -> None:
    table, stages = columns(state), state["total"]["stages"]
    assert list(table) == list(COLUMNS)
    assert table["stage"] == [stage["stage"] for stage in stages]
    assert table["entries"] == [stage["ledger"]["entries"] for stage in stages]
    assert table["onward_rate_low"] == [stage["conversion"]["onward"]["rate_low"] for stage in stages]
    assert set(table["group"]) == {None}


@pytest.mark.parametrize("name", ["entries", "won", "leads_now"])
def test_counts_of_groups_add_up_to_the_total(state: dict[str, Any], name: str) -> None:
    grouped = columns(twenty_by_source())
    assert sum(grouped[name]) == sum(columns(state)[name])
