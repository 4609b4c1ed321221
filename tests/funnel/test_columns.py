"""Columns by which reports group: attributes and attributes known from changes alone."""

from dataclasses import replace

import pytest

from funnel.columns import column_values, known_columns, refuse_unknown_column
from history.base.errors import InvalidInput
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import START_US, Change, Lead, history_of

CHANGE = Change(START_US + DAY_US, START_US + DAY_US, "region", "north")
HISTORY = history_of([Lead(START_US, {"owner": "ann"}, changes=[CHANGE])], START_US + 9 * DAY_US)


def test_column_known_from_changes_alone_is_listed() -> None:
    assert known_columns(HISTORY) == ["owner", "region"]


@pytest.mark.parametrize(("days", "value"), [(0, None), (1, "north")])
def test_value_is_the_one_valid_at_the_instant(days: int, value: str | None) -> None:
    assert column_values(HISTORY, "region", START_US + days * DAY_US).text(0) == value


def test_mutable_column_groups_by_the_value_of_today() -> None:
    """No model learns it; yet a forecast by owner needs the owners."""
    history = replace(HISTORY, config=replace(HISTORY.config, mutable=("owner", "region")))
    assert column_values(history, "owner", START_US).text(0) == "ann"
    assert column_values(history, "region", START_US + DAY_US).text(0) == "north"


def test_unknown_column_is_refused_with_those_available() -> None:
    refuse_unknown_column("owner", ["owner"])
    with pytest.raises(InvalidInput, match="no column 'colour' to group by; available: owner, region"):
        refuse_unknown_column("colour", known_columns(HISTORY))
    with pytest.raises(InvalidInput, match="available: no columns"):
        refuse_unknown_column("colour", [])
