"""Leads of a request: refused ones keep their place, and times ahead of now or as_of are problems of their lead."""

from pathlib import Path
from typing import Any

import pytest

from history.text.times import DAY_US, format_time
from models.bundle import Bundle
from models.home.pointer import champion
from serving.base.limits import AHEAD_US
from serving.base.problems import Problem
from serving.model.scoring import score_leads

NOW_US = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def lead(lead_id: str = "a", created_us: int = NOW_US - DAY_US, **fields: Any) -> dict[str, Any]:
    return {"lead_id": lead_id, "created_at": format_time(created_us), **fields}


def problems_of(result: dict[str, Any] | Problem) -> list[tuple[list[str | int], str]]:
    assert isinstance(result, Problem)
    return [(entry["loc"], entry["msg"]) for entry in result.errors]


def test_results_are_in_the_order_of_the_request(bundle: Bundle) -> None:
    leads = [lead("a"), lead(""), lead("c", NOW_US + AHEAD_US + 1), lead("d")]
    first, blank, ahead, last = score_leads(bundle, leads, NOW_US, NOW_US, 3)
    assert isinstance(first, dict)
    assert isinstance(last, dict)
    assert (first["lead_id"], last["lead_id"]) == ("a", "d")
    assert problems_of(blank)[0][0] == ["body", "lead_id"]
    assert problems_of(ahead) == [(["body", "created_at"], "lies more than 5 minutes ahead of now")]


def test_record_does_not_depend_on_other_leads(bundle: Bundle) -> None:
    touch = {"kind": "call", "occurred_at": format_time(NOW_US - 3600)}
    mine = lead("a", interactions=[touch])
    alone = score_leads(bundle, [mine], NOW_US, NOW_US, None)
    among = score_leads(bundle, [lead("x"), mine, lead("", 0)], NOW_US, NOW_US, None)
    assert among[1] == alone[0]


@pytest.mark.parametrize("ahead_us", [0, 1])
def test_row_may_lie_five_minutes_ahead_and_no_more(bundle: Bundle, ahead_us: int) -> None:
    touch = {"kind": "call", "occurred_at": format_time(NOW_US + AHEAD_US + ahead_us)}
    (result,) = score_leads(bundle, [lead(interactions=[touch])], NOW_US, NOW_US, 0)
    if ahead_us:
        assert problems_of(result) == [
            (["body", "interactions"], "a time lies more than 5 minutes ahead of now")
        ]
    else:
        assert isinstance(result, dict)


def test_lead_created_after_as_of_is_a_problem(bundle: Bundle) -> None:
    (result,) = score_leads(bundle, [lead()], NOW_US - 2 * DAY_US, NOW_US, 0)
    assert problems_of(result) == [(["body", "created_at"], "the lead was created after as_of")]


def test_no_lead_has_no_result(bundle: Bundle) -> None:
    assert score_leads(bundle, [], NOW_US, NOW_US, 0) == []


def warnings_of(bundle: Bundle, **fields: Any) -> dict[str, str]:
    """Code by subject of the warnings about a lead's attributes."""
    (result,) = score_leads(bundle, [lead(**fields)], NOW_US, NOW_US, 0)
    assert isinstance(result, dict)
    codes = ("unreadable_value", "unknown_attribute")
    return {w["subject"]: w["code"] for w in result["warnings"] if w["code"] in codes}


def probability(bundle: Bundle, employees: Any) -> float:
    (result,) = score_leads(bundle, [lead(attributes={"employees": employees})], NOW_US, NOW_US, 0)
    assert isinstance(result, dict)
    return float(result["probability"])


def test_number_in_a_text_is_read(bundle: Bundle) -> None:
    for text in ("2,500", "2500 people", "2500.0", " 2500\u00a0"):
        assert probability(bundle, text) == probability(bundle, 2500)
        assert warnings_of(bundle, attributes={"employees": text}) == {}


@pytest.mark.parametrize("value", [True, "many", "2,5", "2,50"])
def test_value_that_is_not_read_is_named(bundle: Bundle, value: Any) -> None:
    assert warnings_of(bundle, attributes={"employees": value}) == {"employees": "unreadable_value"}
    assert probability(bundle, value) == probability(bundle, None)


def test_unreadable_change_is_named(bundle: Bundle) -> None:
    change = {"attribute": "employees", "value": "many", "changed_at": format_time(NOW_US - 3600)}
    found = warnings_of(bundle, attributes={"employees": 7}, attribute_changes=[change])
    assert found == {"employees": "unreadable_value"}


def test_misspelt_attribute_is_named_unless_the_lead_has_the_right_one(bundle: Bundle) -> None:
    assert warnings_of(bundle, attributes={"Employees": 7}) == {"Employees": "unknown_attribute"}
    assert warnings_of(bundle, attributes={"Employees": 7, "employees": 7}) == {}
    assert warnings_of(bundle, owner="Ann", attributes={"Owner": "Ann", "colour": "red"}) == {}


def test_missing_and_readable_values_give_no_warning(bundle: Bundle) -> None:
    attributes = {"employees": None, "planned_close_on": "2026-07-01", "newsletter": False, "seats": 3}
    assert warnings_of(bundle, attributes=attributes) == {}
    assert warnings_of(bundle) == {}
