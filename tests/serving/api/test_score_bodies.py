"""Bodies of score requests: limits first, then every problem in the place of its lead."""

import json
from typing import Any

import pytest

from serving.api.score_bodies import check_batch, check_lead
from serving.base.limits import MAX_INTERACTIONS, MAX_LEAD_BYTES, MAX_LEADS
from serving.base.problems import Problem
from tests.builders.service_client import LEAD


def refused(value: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        list(check_batch(value, json.dumps(value).encode()))
    return caught.value


def test_valid_lead_is_itself() -> None:
    assert check_lead(LEAD) is LEAD


@pytest.mark.parametrize("key", ["interactions", "stages", "attribute_changes"])
def test_lead_of_too_many_rows_is_too_large(key: str) -> None:
    with pytest.raises(Problem) as caught:
        check_lead({**LEAD, key: [None] * (MAX_INTERACTIONS + 1)})
    assert caught.value.status == 413
    assert key in caught.value.detail


@pytest.mark.parametrize(
    ("value", "locs"),
    [
        ([LEAD], [["body"]]),
        ({}, [["body", "leads"]]),
        ({"leads": {}}, [["body", "leads"]]),
        ({"leads": [], "as_of": "x"}, [["body", "as_of"]]),
        ({"lead": []}, [["body", "lead"], ["body", "leads"]]),
    ],
    ids=str,
)
def test_batch_of_another_form_is_refused_whole(value: Any, locs: list[list[str]]) -> None:
    problem = refused(value)
    assert problem.status == 422
    assert [entry["loc"] for entry in problem.errors] == locs


def test_batch_of_too_many_leads_is_too_large() -> None:
    assert refused({"leads": [LEAD] * (MAX_LEADS + 1)}).status == 413


def test_own_word_of_the_model_is_no_problem_beside_others() -> None:
    lead = {**LEAD, "owner": {}, "outcome": {"outcome": "Signed", "closed_at": "2026-02-01T00:00:00Z"}}
    with pytest.raises(Problem) as caught:
        check_lead(lead, words={"won": ("signed",)})
    assert [entry["loc"] for entry in caught.value.errors] == [["body", "owner"]]


def test_invalid_lead_is_a_problem_in_its_place() -> None:
    value = {"leads": [LEAD, {"lead_id": 3}, LEAD]}
    first, problem, last = check_batch(value, json.dumps(value).encode())
    assert first == last == LEAD
    assert isinstance(problem, Problem)
    assert {tuple(entry["loc"][:3]) for entry in problem.errors} == {("body", "leads", 1)}


@pytest.mark.parametrize("extra", [0, 1])
def test_size_of_each_lead_is_that_of_its_own_bytes(extra: int) -> None:
    """Another lead makes the batch large; only a lead that is too large itself is refused."""
    empty = len(json.dumps({**LEAD, "owner": ""}))
    large = {**LEAD, "owner": "x" * (MAX_LEAD_BYTES - empty + extra)}
    value = {"leads": [LEAD, large]}
    first, second = check_batch(value, json.dumps(value).encode())
    assert first == LEAD
    assert isinstance(second, Problem) == bool(extra)
    assert not isinstance(second, Problem) or second.status == 413
