"""Faults of funnel.toml: each reader notes one and goes on with a default."""

import math

import pytest

from history.config.faults import Faults


def test_value_of_another_form_is_a_fault_and_a_default() -> None:
    faults = Faults()
    assert faults.table({"funnel": 3}, "funnel") == {}
    assert faults.text({"name": " "}, "name", "funnel") == "funnel"
    assert faults.texts({"stages": ["a", ""]}, "stages") == ()
    assert faults.number("win_rate", True, 1.0) is None
    assert len(faults.messages) == 4


def test_name_that_comes_twice_counts_once() -> None:
    faults = Faults()
    assert faults.texts({"stages": ["a", "b", "a"]}, "stages") == ("a", "b")
    assert faults.messages == ["funnel.toml: stages names a more than once"]


def test_unknown_key_names_the_nearest() -> None:
    faults = Faults()
    faults.unknown("funnel.", ["horizon_day", "zz"], ["horizon_days", "name"])
    assert faults.messages == [
        "funnel.toml: funnel.horizon_day is not a known key; did you mean horizon_days?",
        "funnel.toml: funnel.zz is not a known key; known are horizon_days, name",
    ]


@pytest.mark.parametrize(("value", "number"), [(0, 0.0), (1, 1.0), (-1, None), (math.nan, None), ("1", None)])
def test_number_lies_within_its_bounds(value: object, number: float | None) -> None:
    assert Faults().number("win_rate", value, 1.0) == number
