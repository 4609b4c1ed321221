"""Bodies of score requests: limits first, then every problem in the place of its lead."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.config.config import FunnelConfig
from history.history import Interactions
from history.read import read_records
from serving.api.score_bodies import check_batch, check_lead, read_lead
from serving.base.limits import MAX_INTERACTIONS, MAX_LEAD_BYTES, MAX_LEADS
from serving.base.problems import Problem
from serving.http.strict_json import read_json
from tests.builders.leads.lead_records import NOW_US, plain
from tests.builders.service.service_client import LEAD


def refused(value: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        list(check_batch(value, json.dumps(value).encode()))
    return caught.value


def test_valid_lead_is_itself() -> None:
    assert check_lead(LEAD) is LEAD


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of a JSON value, as its container and key."""
    if isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from places(member)


WHOLE = {
    **LEAD,
    "owner": None,
    "attributes": {"industry": "software", "seats": 3, "trial": True},
    "interactions": [
        {"kind": "call", "occurred_at": "2026-01-03T03:04:05Z", "value": 3, "direction": "inbound"},
        {"kind": "email", "occurred_at": "2026-01-04T03:04:05.5+01:00", "interaction_id": "i1"},
    ],
    "stages": [{"stage": "new", "entered_at": "2026-01-02T03:04:05Z"}],
    "attribute_changes": [{"attribute": "seats", "value": None, "changed_at": "2026-01-05T03:04:05Z"}],
    "outcome": {"outcome": "won", "closed_at": "2026-01-09T03:04:05Z", "amount": 12.5},
}
SCALARS = [None, True, -1, 3, 2.5, 1e31, 10**400, "", " ", "x", "won", "inbound", "2026-05-01", "x" * 300]
CONTAINERS = [[], {}, [{}], {"x": 1}, {"x": 10**400}, {"": 1}, {"x": {"y": 1}}]
MEMBERS = st.sampled_from([*SCALARS, *CONTAINERS])


@given(st.data(), st.integers(0, 3))
def test_lead_decoded_at_once_is_the_one_checked_later(data: st.DataObject, changes: int) -> None:
    value = copy.deepcopy(WHOLE)
    for _ in range(changes):
        container, key = data.draw(st.sampled_from(list(places(value))))
        kind = data.draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "add" and isinstance(container, dict):
            container[data.draw(st.sampled_from(["x", "value", "owner", "recorded_at"]))] = copy.deepcopy(
                data.draw(MEMBERS)
            )
        elif kind == "remove" and isinstance(container, dict):
            del container[key]
        else:
            container[key] = copy.deepcopy(data.draw(MEMBERS))
    body = json.dumps(value).encode()
    assert _outcome(lambda: read_lead(body)) == _outcome(lambda: check_lead(read_json(body)))


@given(st.data())
def test_a_changed_byte_is_read_as_the_slower_reading_reads_it(data: st.DataObject) -> None:
    body = json.dumps(WHOLE).encode()
    at = data.draw(st.integers(0, len(body) - 1))
    wrong = data.draw(
        st.sampled_from([b"", b'"', b"\\", b"{", b"}", b",", b":", b"0", b"-", b"x", b" ", b"\xff", b"\n"])
    )
    changed = body[:at] + wrong + body[at + data.draw(st.integers(0, 2)) :]
    assert _outcome(lambda: read_lead(changed)) == _outcome(lambda: check_lead(read_json(changed)))


def test_usual_interactions_become_a_log_at_once() -> None:
    lead = read_lead(json.dumps(WHOLE).encode())
    assert isinstance(lead["interactions"], Interactions)
    assert list(lead["interactions"].kind.values) == ["call", "email"]


def _outcome(read: Any) -> Any:
    """The history of the lead with all that is refused in it, or all that its problem says."""
    try:
        lead = read()
    except Problem as problem:
        return problem.status, problem.detail, problem.errors
    history, refusals = read_records([lead], FunnelConfig(), NOW_US)
    content = plain(history)
    del content["interactions"]["ids"]
    return content, [None if refusal is None else refusal.fields for refusal in refusals]


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b'{"lead_id": "L", "lead_id": "L"}', b'{"x": NaN}', b"\xff", b"[" * 100_000],
    ids=lambda body: repr(body[:20]),
)
def test_body_that_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read_lead(body)
    assert caught.value.status == 422


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
