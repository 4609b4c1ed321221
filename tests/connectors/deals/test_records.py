"""Records of an object: the newest row of each, deleted ones out, every row in its account."""

from pathlib import Path

import pytest

from connectors.deals.records import (
    RecordKind,
    exported_at,
    latest_closing,
    names_by_id,
    read_records,
    refuse_blank_states,
)
from connectors.reading.export import column
from history.base.errors import InvalidInput
from history.text.times import format_time
from tests.builders.exports.small import NOW_US, export_of

KIND = RecordKind("Deal", "Id", "Created", ("Modified",), ("Deleted",), "deal")
HEADER = "Id,Amount,Deleted,Created,Modified\n"


def test_newest_row_of_each_record_counts(tmp_path: Path) -> None:
    export = export_of(
        tmp_path / "deals.csv",
        HEADER
        + "1,10,,2026-01-01,2026-03-01\n1,20,,2026-01-01,2026-02-01\n2,30,,2026-01-01,\n2,40,,2026-01-01,\n"
        + "3,50,true,2026-01-01,2026-02-01\n4,60,,never,\n5 6,70,,2026-01-01,2026-02-01\nTotal,,,,\n",
    )
    records = read_records(export, export.table("Deal"), KIND)
    assert dict(zip(column(records.current, "Id").to_pylist(), column(records.current, "Amount").to_pylist(),
                    strict=True)) == {"1": "10", "2": "40"}  # fmt: skip
    assert records.erased == ("3",)
    (account,) = export.accounts
    assert account.is_balanced
    assert {reason: entry.count for reason, entry in account.set_aside.items()} == {
        "older_row_of_the_same_id": 2, "deleted": 1, "bad_created_date": 2, "bad_id": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("2.19E+10,1,,2026-01-01,\n", "1 ids were rounded"),
        ("1,1,,soon,\n", "no Created can be read, the first is 'soon'"),
        ("1,1,true,2026-01-01,\n", "holds no deal that can be used.*1 set aside"),
    ],
)
def test_export_without_a_usable_record_is_refused(tmp_path: Path, rows: str, fault: str) -> None:
    export = export_of(tmp_path / "deals.csv", HEADER + rows)
    with pytest.raises(InvalidInput, match=fault):
        read_records(export, export.table("Deal"), KIND)


def test_few_rounded_ids_are_set_aside(tmp_path: Path) -> None:
    """One id that a spreadsheet had rounded ended the import of a thousand others."""
    rows = "1,10,,2026-01-01,\n2.19E+10,20,,2026-01-01,\n3,30,,2026-01-01,\n"
    export = export_of(tmp_path / "deals.csv", HEADER + rows)
    records = read_records(export, export.table("Deal"), KIND)
    assert column(records.current, "Id").to_pylist() == ["1", "3"]
    (account,) = export.accounts
    assert account.is_balanced
    assert {reason: entry.count for reason, entry in account.set_aside.items()} == {"rounded_id": 1}
    (note,) = export.tallies
    assert note.startswith("ids in deals.csv, column Id, were rounded by a spreadsheet")


def test_time_of_the_export_is_its_latest_past_time(tmp_path: Path) -> None:
    export = export_of(
        tmp_path / "deals.csv", HEADER + "1,1,,2026-01-01,2026-03-01\n2,1,,2026-02-01,2099-01-01\n"
    )
    table = export.table("Deal")
    assert format_time(exported_at(export, [(table, ("Created", "Modified"))])) == "2026-03-01T00:00:00Z"
    assert exported_at(export, [(table, ("Amount",))]) == NOW_US


def test_latest_closing_day_counts_to_its_end(tmp_path: Path) -> None:
    export = export_of(
        tmp_path / "deals.csv", HEADER + "1,1,,2026-01-01,2026-03-01\n2,1,,2026-02-01,2099-01-01\n"
    )
    closing = latest_closing(export, export.table("Deal"), "Modified")
    assert format_time(closing) == "2026-03-01T23:59:59.999999Z"


def test_name_is_the_full_one_or_its_parts(tmp_path: Path) -> None:
    export = export_of(
        tmp_path / "deals.csv", HEADER + "1,Ada,,2026-01-01,\n2,,L,2026-01-01,\n3,,,2026-01-01,\n"
    )
    assert names_by_id(export.table("Deal"), "Id", ("Amount", "Deleted")) == {"1": "Ada", "2": "L"}


def test_records_without_their_state_are_refused(tmp_path: Path) -> None:
    """Each would count as open: a grouped report saved as CSV shows the stage once a group."""
    rows = "1,won,,2026-01-01,\n2,,,2026-01-01,\n3,,,2026-01-01,\n4,lost,,2026-01-01,\n5,won,,2026-01-01,\n"
    export = export_of(tmp_path / "deals.csv", HEADER + rows)
    table = export.table("Deal")
    with pytest.raises(InvalidInput, match=r"2 of 5 records have no Stage, the first: deals.csv, row 3"):
        refuse_blank_states(export, table, "Amount", "Stage")
    refuse_blank_states(export, table, "Modified", "Stage")
    refuse_blank_states(export, table.slice(2), "Id", "Stage")
