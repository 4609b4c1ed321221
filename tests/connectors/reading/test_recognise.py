"""Kinds of tables by their columns: labels, API names and warehouse names are one; what lacks a need is none."""

import re
from typing import Any

import pytest

from connectors.formats.sources import Source
from connectors.reading.declare import ObjectKind, times, used
from connectors.reading.recognise import key_of, recognise

DEAL = ObjectKind(
    "Deal",
    (*used("Id", "StageName|Stage", "ContactId"), *times("CloseDate|Close Date|Closing Date")),
    needs=("Id", ("StageName", "CloseDate")),
    without=("ContactId",),
)
CONTACT = ObjectKind("Contact", used("Id", "ContactId"), needs=("Id",))


def source(*columns: str) -> Source:
    batches: Any = None
    return Source("deals.csv", columns, batches)


@pytest.mark.parametrize("name", ["CloseDate", "close_date", "Close Date", "CLOSE-DATE", "ＣloseDate"])
def test_spellings_of_a_name_are_one(name: str) -> None:
    assert key_of(name) == "closedate"


@pytest.mark.parametrize(
    "columns", [("Id", "StageName"), ("id", "stage"), ("ID", "Closing Date", "extra"), ("Id", "close_date")]
)
def test_table_with_every_need_is_of_the_kind(columns: tuple[str, ...]) -> None:
    known = recognise(source(*columns), [DEAL])
    assert known is not None
    assert set(known.columns.values()) | set(known.others) == set(columns)


@pytest.mark.parametrize("columns", [("StageName",), ("Id",), ("Id", "Stage", "ContactId"), ()])
def test_table_that_lacks_a_need_or_has_too_much_is_not(columns: tuple[str, ...]) -> None:
    assert recognise(source(*columns), [DEAL]) is None


def test_first_kind_that_fits_counts() -> None:
    kinds = [DEAL, CONTACT]
    first, second = (
        recognise(source(*columns), kinds) for columns in (("Id", "Stage"), ("Id", "Contact Id"))
    )
    assert first is not None
    assert second is not None
    assert (first.kind.name, second.kind.name) == ("Deal", "Contact")


def test_columns_of_a_loader_are_marks_and_no_attributes() -> None:
    known = recognise(
        source("Id", "Stage", "_fivetran_deleted", "_fivetran_start", "_airbyte_raw_id", "x"), [DEAL]
    )
    assert known is not None
    assert (known.deleted_column, known.version_column) == ("_fivetran_deleted", "_fivetran_start")
    assert known.others == ("x",)


def test_times_are_the_fields_and_the_dated_others() -> None:
    dated = ObjectKind("Deal", DEAL.fields, ("Id",), dated=re.compile("^entered_"))
    known = recognise(source("Id", "Close Date", "entered_new", "note"), [dated])
    assert known is not None
    assert known.time_columns == ("Close Date", "entered_new")
