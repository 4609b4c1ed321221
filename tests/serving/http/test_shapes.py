"""Request records: the fast check and the explanation agree, and every problem is reported at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.api.records import LEAD
from serving.api.score_bodies import check_lead
from serving.base.problems import MAX_ERRORS, Problem
from tests.builders.service.service_client import LEAD as SMALL

TIME = SMALL["created_at"]


def lead(**more: Any) -> dict[str, Any]:
    return {"lead_id": "L1", "created_at": TIME, **more}


def paths(value: Any) -> list[str]:
    with pytest.raises(Problem) as caught:
        check_lead(value)
    assert caught.value.status == 422
    return [".".join(map(str, entry["loc"])) for entry in caught.value.errors]


def test_a_lead_needs_only_an_id_and_a_time() -> None:
    assert check_lead(lead()) == lead()
    assert paths({}) == ["body.lead_id", "body.created_at"]


def test_every_documented_key_is_accepted() -> None:
    full = lead(
        account_id="A",
        owner=None,
        source="web",
        attributes={"n": 1, "x": 1.5, "t": "ü", "b": True, "none": None, "": 1} | {"": None},
        interactions=[
            {"kind": "call", "occurred_at": TIME, "direction": "inbound", "value": 3, "channel": None}
        ],
        stages=[{"stage": "new", "entered_at": TIME, "recorded_at": TIME}],
        attribute_changes=[{"attribute": "owner", "value": None, "changed_at": TIME}],
        outcome={"outcome": "won", "closed_at": TIME, "amount": 0, "reason": "price"},
    )
    assert paths(full) == ["body.attributes"]
    del full["attributes"][""]
    assert check_lead(full) is full


def test_every_problem_is_reported_with_its_path() -> None:
    wrong = {
        "lead_id": " ",
        "extra": 1,
        "attributes": {"deep": [1], "huge": 10**400},
        "interactions": [{"kind": "", "occurred_at": TIME, "value": True}, 3],
        "stages": {},
        "attribute_changes": [{"attribute": "a", "value": 10**400, "changed_at": TIME}],
        "outcome": {"outcome": "maybe", "closed_at": None},
        "owner": 7,
    }
    assert paths(wrong) == [
        "body.extra",
        "body.lead_id",
        "body.created_at",
        "body.owner",
        "body.attributes.deep",
        "body.attributes.huge",
        "body.interactions.0.kind",
        "body.interactions.0.value",
        "body.interactions.1",
        "body.stages",
        "body.attribute_changes.0.value",
        "body.outcome.outcome",
        "body.outcome.closed_at",
    ]


def test_at_most_20_problems_are_listed() -> None:
    with pytest.raises(Problem) as caught:
        check_lead(lead(**{f"k{i}": 1 for i in range(50)}))
    assert len(caught.value.errors) == MAX_ERRORS
    assert "50 problems" in caught.value.detail


def test_a_problem_never_repeats_a_value() -> None:
    with pytest.raises(Problem) as caught:
        check_lead(
            {"lead_id": ["canary"], "created_at": "canary", "owner": {"x": "canary"}, "outcome": "canary"}
        )
    assert "canary" not in json.dumps(caught.value.body())


KEYS = [*LEAD.fields, "kind", "x"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_the_fast_check_refuses_what_the_explanation_explains(value: Any) -> None:
    explained = LEAD._explain(value, ("body",))
    assert LEAD._is_valid(value) == (not explained)
