"""Request records and data folders of the same content give one history; every problem carries its path."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.config import FunnelConfig
from history.history import OPEN, WON
from history.read import read_folder, read_records
from history.snapshot import cut, open_leads
from tests.builders.lead_records import (
    DAY_US,
    START_US,
    lead_records,
    plain,
    table_rows,
    write_csv,
    write_parquet,
)

CONFIG = FunnelConfig()
NOW_US = START_US + 300 * DAY_US
TIME = "2024-01-01T00:00:00Z"


def lead(**changed: Any) -> dict[str, Any]:
    return {"lead_id": "a", "created_at": TIME, "attributes": {}, **changed}


@settings(max_examples=60, deadline=None)
@given(leads=lead_records(), step=st.integers(0, 40), typed=st.booleans())
def test_files_and_records_of_the_same_content_are_one_history(
    leads: list[dict[str, Any]], step: int, typed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, as_of_us = tmp_path_factory.mktemp("door"), START_US + step * DAY_US // 4
    for name, rows in table_rows(leads).items():
        (write_parquet if typed else write_csv)(folder, name, rows)
    from_folder = read_folder(folder, as_of_us=as_of_us)
    from_records, refused = read_records(leads, from_folder.config, as_of_us)
    assert refused == [None] * len(leads)
    assert plain(cut(from_records, as_of_us)) == plain(from_folder)


@settings(max_examples=60, deadline=None)
@given(leads=lead_records())
def test_one_lead_alone_is_read_as_among_others(leads: list[dict[str, Any]]) -> None:
    together, _ = read_records(leads, CONFIG, NOW_US)
    for i, record in enumerate(leads):
        alone, _ = read_records([record], CONFIG, NOW_US)
        start, stop = together.interactions.offsets[i : i + 2]
        rows = range(start, stop)
        assert [together.interactions.kind.text(r) for r in rows] == [
            alone.interactions.kind.text(r) for r in range(stop - start)
        ]
        assert together.interactions.known_us[start:stop].tolist() == alone.interactions.known_us.tolist()
        for name, factor in alone.attributes.items():
            assert together.attributes[name].text(i) == factor.text(0)


def test_a_lead_with_only_a_creation_is_open() -> None:
    history, refused = read_records([{"lead_id": "a", "created_at": TIME}], CONFIG, NOW_US)
    assert refused == [None]
    assert len(open_leads(history, NOW_US)) == 1


def test_no_records_give_an_empty_history() -> None:
    history, refused = read_records([], CONFIG, NOW_US)
    assert len(history) == 0
    assert refused == []


def test_typed_values_become_their_text() -> None:
    values = {
        "a": 3.0,
        "b": 3,
        "c": "3.0",
        "d": "01",
        "e": True,
        "f": False,
        "g": None,
        "h": "",
        "i": 1e22,
        "j": -0.0,
    }
    history, _ = read_records([lead(attributes=values)], CONFIG, NOW_US)
    assert [history.attributes[name].text(0) for name in values] == [
        "3", "3", "3.0", "01", "true", "false", None, None, "1" + "0" * 22, "0",
    ]  # fmt: skip


def test_ignored_attributes_are_never_read() -> None:
    change = {"attribute": "note", "value": "x", "changed_at": TIME}
    records = [
        lead(
            attributes={"note": "x", "plan": "y"}, attribute_changes=[change, {**change, "attribute": "plan"}]
        )
    ]
    history, _ = read_records(records, replace(CONFIG, ignore=("note",)), NOW_US)
    assert list(history.attributes) == ["plan"]
    assert list(history.changes.attribute.values) == ["plan"]


def test_of_rows_with_one_id_the_one_known_first_counts() -> None:
    rows = [
        {"kind": "late", "occurred_at": TIME, "recorded_at": "2024-01-03T00:00:00Z", "interaction_id": "1"},
        {"kind": "first", "occurred_at": "2024-01-02T00:00:00Z", "interaction_id": "1"},
        {"kind": "tie", "occurred_at": "2024-01-02T00:00:00+00:00", "interaction_id": "1"},
        {"kind": "none", "occurred_at": TIME},
        {"kind": "none", "occurred_at": TIME},
    ]
    history, _ = read_records(
        [lead(interactions=rows), lead(lead_id="b", interactions=rows[:1])], CONFIG, NOW_US
    )
    kinds = [history.interactions.kind.text(i) for i in range(4)]
    assert kinds == ["none", "none", "first", "late"]
    assert history.interactions.offsets.tolist() == [0, 3, 4]


def test_an_outcome_without_a_time_gets_an_implied_one() -> None:
    records = [
        lead(lead_id="a", outcome={"outcome": "won", "recorded_at": "2024-02-01T00:00:00Z"}),
        lead(lead_id="b", outcome={"outcome": "won"}),
        lead(lead_id="c", outcome={"outcome": "open"}),
    ]
    history, _ = read_records(records, CONFIG, NOW_US)
    created = int(history.created_us[0])
    assert history.outcomes.offsets.tolist() == [0, 1, 2, 2]
    assert history.outcomes.time_us.tolist() == [created + 31 * DAY_US, created + CONFIG.horizon_us]
    assert history.outcomes.implied.tolist() == [False, True]
    assert history.outcomes.state.tolist() == [WON, WON] != [OPEN, OPEN]


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
