"""Every problem of a request record, with the path of its field; valid records have none."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.config.config import FunnelConfig
from history.read import read_records
from history.records.problems import LONGEST_SHOWN, TIME_FORM, problems_of
from tests.builders.leads.lead_records import NOW_US, TIME, lead, lead_records

CONFIG = FunnelConfig()

ROW = {"kind": "call", "occurred_at": TIME}


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "blank id": (lead(lead_id=" "), "lead_id: "),
    "long id": (lead(lead_id="x" * 201), "lead_id: "),
    "no offset": (lead(created_at="2024-01-01T00:00:00"), "created_at: "),
    "date only": (lead(created_at="2024-01-01"), "created_at: "),
    "epoch": (
        lead(interactions=[ROW, {**ROW, "occurred_at": "1700000000"}]),
        "interactions[1].occurred_at: ",
    ),
    "leap second": (
        lead(interactions=[{**ROW, "occurred_at": "2016-12-31T23:59:60Z"}]),
        "interactions[0].occurred_at: ",
    ),
    "no such day": (
        lead(interactions=[{**ROW, "occurred_at": "2023-02-29T00:00:00Z"}]),
        "interactions[0].occurred_at: ",
    ),
    "before 1990": (lead(created_at="1989-12-31T23:59:59Z"), "created_at: "),
    "before 1990, offset": (lead(created_at="1990-01-01T00:00:00+01:00"), "created_at: "),
    "after 9999": (lead(created_at="9999-12-31T23:59:59-01:00"), "created_at: "),
    "bad recorded_at": (lead(interactions=[{**ROW, "recorded_at": "soon"}]), "interactions[0].recorded_at: "),
    "empty kind": (lead(interactions=[{**ROW, "kind": ""}]), "interactions[0].kind: "),
    "infinite value": (lead(interactions=[{**ROW, "value": float("inf")}]), "interactions[0].value: "),
    "huge value": (lead(interactions=[{**ROW, "value": -1.1e30}]), "interactions[0].value: "),
    "endless whole number": (lead(interactions=[{**ROW, "value": 10**400}]), "interactions[0].value: "),
    "NaN value": (lead(interactions=[{**ROW, "value": float("nan")}]), "interactions[0].value: "),
    "empty stage": (lead(stages=[{"stage": "", "entered_at": TIME}]), "stages[0].stage: "),
    "fixed": (
        lead(attribute_changes=[{"attribute": "lead_id", "value": "x", "changed_at": TIME}]),
        "attribute_changes[0].attribute: ",
    ),
    "list": (lead(attributes={"tags": ["a"]}), "attributes.tags: "),
    "reserved": (lead(attributes={"created_at": TIME}), "attributes.created_at: "),
    "twice": (lead(owner="a", attributes={"owner": "b"}), "attributes.owner: "),
    "outcome": (lead(outcome={"outcome": "maybe", "closed_at": TIME}), "outcome.outcome: "),
    "closed before created": (
        lead(outcome={"outcome": "won", "closed_at": "2023-12-31T00:00:00Z"}),
        "outcome.closed_at: ",
    ),
    "negative": (lead(outcome={"outcome": "won", "closed_at": TIME, "amount": -1}), "outcome.amount: "),
    "huge": (lead(outcome={"outcome": "won", "closed_at": TIME, "amount": 1.1e30}), "outcome.amount: "),
    "NaN": (lead(outcome={"outcome": "won", "closed_at": TIME, "amount": float("nan")}), "outcome.amount: "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_invalid_lead_is_refused_and_the_others_are_read(name: str) -> None:
    bad, path = BROKEN[name]
    history, refused = read_records([lead(lead_id="x"), bad, lead(lead_id="y")], CONFIG, NOW_US)
    assert list(history.lead_ids) == ["x", "y"]
    assert refused[0] is refused[2] is None
    assert refused[1] is not None
    assert [problem.startswith(path) for problem in refused[1].problems] == [True]


def test_problems_carry_the_path_of_their_field() -> None:
    bad = lead(interactions=[ROW, {**ROW, "kind": ""}], attributes={"Tags": ["a"]})
    _, refusals = read_records([bad], CONFIG, NOW_US)
    assert refusals[0] is not None
    paths = [problem.loc for problem in refusals[0].fields]
    assert paths == [("interactions", 1, "kind"), ("attributes", "Tags")]


def test_every_problem_of_a_lead_is_named() -> None:
    bad = lead(
        lead_id="",
        created_at="x",
        interactions=[{**ROW, "occurred_at": ""}],
        outcome={"outcome": "x", "amount": -1},
    )
    _, refused = read_records([bad], CONFIG, NOW_US)
    assert refused[0] is not None
    assert len(refused[0].problems) == 5


mutations: list[Callable[[dict[str, Any]], Any]] = [
    lambda r: r.update(created_at="x"),
    lambda r: r["interactions"] and r["interactions"][0].update(value=float("nan")),
    lambda r: r["stages"] and r["stages"][-1].update(entered_at="2024-13-01T00:00:00Z"),
    lambda r: r["outcome"] and r["outcome"].update(amount=-0.5),
    lambda r: r["outcome"] and r["outcome"].update(closed_at="2001-01-01T00:00:00Z"),
    lambda r: None,
]


@settings(max_examples=60, deadline=None)
@given(leads=lead_records(), change=st.sampled_from(mutations))
def test_the_fast_reading_and_the_full_explanation_agree(leads: list[dict[str, Any]], change: Any) -> None:
    """A lead is refused by the one exactly when the other names a problem: else reading would raise."""
    change(leads[0])
    history, refused = read_records(leads, CONFIG, NOW_US)
    assert len(history) == sum(entry is None for entry in refused)
    assert refused[1:] == [None] * (len(leads) - 1)


@settings(max_examples=60, deadline=None)
@given(leads=lead_records())
def test_valid_lead_has_no_problem(leads: list[dict[str, Any]]) -> None:
    assert [problems_of(record) for record in leads] == [[]] * len(leads)


def test_long_value_is_shortened_in_its_problem() -> None:
    (problem,) = problems_of(lead(created_at="x" * 5000))
    assert len(problem.msg) < LONGEST_SHOWN + len(TIME_FORM) + 20


@pytest.mark.parametrize("value", [1e30, -1e30, 0, None])
def test_value_at_its_bound_is_no_problem(value: float | None) -> None:
    assert problems_of(lead(interactions=[{**ROW, "value": value}])) == []
