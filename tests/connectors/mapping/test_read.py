"""The mapping file: cells in each of their forms, and every fault at once."""

from pathlib import Path
from typing import Any

import pytest

from connectors.mapping.read import Cell, read_mapping
from history.base.errors import InvalidInput

LEADS = {"lead_id": "id", "created_at": "at"}
PATH = Path("map.toml")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Nr", Cell(("Nr",))),
        (["a", "b"], Cell(("a", "b"))),
        ({"constant": 3}, Cell((), "3")),
        ({"column": ["a", "b"], "split": ";"}, Cell(("a", "b"), None, {}, ";")),
        (
            {"column": "a", "words": {"call": ["Anruf ", "TELEFON"]}},
            Cell(("a",), None, {"anruf": "call", "telefon": "call"}),
        ),
    ],
    ids=str,
)
def test_cell_has_one_of_four_forms(value: Any, cell: Cell) -> None:
    mapping = read_mapping({"leads": {**LEADS, "owner": value}}, PATH)
    assert mapping.entries[0].cells["owner"] == cell


def test_several_entries_of_a_table_are_read_in_order() -> None:
    entries = read_mapping(
        {"leads": [{**LEADS, "file": "a*.csv"}, {**LEADS, "other_columns": True}]}, PATH
    ).entries
    assert [(entry.file, entry.other_columns) for entry in entries] == [("a*.csv", False), ("*", True)]


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ({}, ["[[leads]] is missing"]),
        ({"leads": {"lead_id": "id"}}, ["[[leads]] needs created_at"]),
        ({"leads": LEADS, "funel": {}}, ["[funel] is not known"]),
        ({"leads": LEADS, "stages": {**LEADS}}, ["stages.created_at is not known", "[[stages]] needs"]),
        ({"leads": {**LEADS, "owner": {"colum": "x"}}}, ["leads.owner must be a column"]),
        ({"leads": {**LEADS, "owner": {"column": "x", "word": {}}}}, ["leads.owner.word is not known"]),
        ({"leads": LEADS, "funnel": {"colour": "red"}, "attributes": []},
         ["funnel.colour is not known", "[attributes] must be a table"]),
        ({"leads": LEADS, "outcomes": {"lead_id": "id", "outcome": {"column": "x", "words": {"wonn": "y"}}}},
         ["outcomes.outcome.words has wonn"]),
    ],
    ids=str,
)  # fmt: skip
def test_every_fault_is_a_problem_of_the_file(document: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_mapping(document, PATH)
    assert len(refused.value.problems) == len(faults)
    for problem, fault in zip(refused.value.problems, faults, strict=True):
        assert problem.startswith(f"map.toml: {fault}")
