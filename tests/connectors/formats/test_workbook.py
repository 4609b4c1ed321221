"""Workbooks: each sheet is a source, its header among notes."""

from datetime import date
from pathlib import Path

from connectors.formats.accounts import Account
from connectors.formats.sources import open_sources
from tests.builders.exports.export_sources import read
from tests.builders.exports.workbook import write_workbook


def test_sheets_of_a_workbook_are_sources(tmp_path: Path) -> None:
    rows: list[list[str | float | date | None]] = [
        ["Opportunities"], [], [None, "Id", "Seats", "Closed"], [None, "1", 12, date(2026, 3, 31)],
        [None, "2", 1.5, None],
    ]  # fmt: skip
    write_workbook(tmp_path / "a.xlsx", {"Deals": rows, "Notes": [["Kind"], ["call"]]})
    deals, notes = open_sources([tmp_path / "a.xlsx"])
    assert (deals.file, notes.file) == ("a.xlsx, sheet Deals", "a.xlsx, sheet Notes")
    assert read(deals)[0] == [
        {"Id": "1", "Seats": "12", "Closed": "2026-03-31"}, {"Id": "2", "Seats": "1.5", "Closed": None},
    ]  # fmt: skip
    account = Account("a")
    (batch,) = deals.batches(account, ["Id"])
    assert batch.rows.tolist() == [4, 5]


def test_value_merged_over_rows_stands_in_each(tmp_path: Path) -> None:
    """A grouped report of 420 deals had 418 open ones: only the first row of a group told the stage."""
    rows: list[list[str | float | date | None]] = [
        ["Deals by stage", None], [None, None], ["Stage", "Id"], ["Won", "1"], [None, "2"], ["Open", "3"], [None, "4"],
    ]  # fmt: skip
    write_workbook(tmp_path / "a.xlsx", {"Deals": rows}, merged=("A1:B1", "A4:A5"))
    (deals,) = open_sources([tmp_path / "a.xlsx"])
    assert [(row["Id"], row["Stage"]) for row in read(deals)[0]] == [
        ("1", "Won"), ("2", "Won"), ("3", "Open"), ("4", None),
    ]  # fmt: skip
