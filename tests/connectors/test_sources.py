"""Every form of file gives the same columns and rows: encodings, separators, notes, workbooks, JSON, Parquet."""

import gzip
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.accounts import Account
from connectors.sources import Source, open_sources
from history.errors import InvalidInput
from tests.builders.workbook import write_workbook

TEXT = 'Id,Name,Amount\n1,"Müller, Söhne",5\n2,Žižka & Co,\n3,"two\nlines",7\n'
ROWS = [{"Id": "1", "Name": "Müller, Söhne", "Amount": "5"}, {"Id": "2", "Name": "Žižka & Co", "Amount": None},
        {"Id": "3", "Name": "two\nlines", "Amount": "7"}]  # fmt: skip


def read(source: Source) -> tuple[list[dict[str, object]], Account]:
    account = Account(source.file)
    batches = [batch.table for batch in source.batches(account, source.columns)]
    return (pa.concat_tables(batches).to_pylist() if batches else []), account


def rows_of(path: Path) -> list[dict[str, object]]:
    (source,) = open_sources([path])
    return read(source)[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_is_told_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    assert rows_of(tmp_path / "a.csv") == ROWS


def test_windows_1252_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("Id,Name\n1,Müller – 5 €\n".encode("cp1252"))
    assert rows_of(tmp_path / "a.csv") == [{"Id": "1", "Name": "Müller – 5 €"}]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separator_is_told_from_the_rows(tmp_path: Path, separator: str) -> None:
    (tmp_path / "a.csv").write_text(f"Id{separator}Name\n1{separator}A, B\n2{separator}C\n", encoding="utf-8")
    assert rows_of(tmp_path / "a.csv") == [{"Id": "1", "Name": "A, B"}, {"Id": "2", "Name": "C"}]


def test_notes_above_the_header_are_passed_over(tmp_path: Path) -> None:
    note = "Opportunities, all\nAs of 3/31/2026\n\n"
    (tmp_path / "a.csv").write_text(note + "Id,Stage,Amount\n1,New,5\n2,Won,6\n", encoding="utf-8")
    assert [row["Id"] for row in rows_of(tmp_path / "a.csv")] == ["1", "2"]


def test_excel_note_names_the_separator(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=;\nId;Name\n1;A\n", encoding="utf-8")
    assert rows_of(tmp_path / "a.csv") == [{"Id": "1", "Name": "A"}]


def test_rows_below_a_report_are_counted(tmp_path: Path) -> None:
    text = 'Id,Stage\n1,New\n2,Won\n"Copyright (c) 2000-2026 salesforce.com"\nx,y,z\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    rows, account = read(open_sources([tmp_path / "a.csv"])[0])
    assert len(rows) == 2
    assert {reason: (entry.count, entry.first) for reason, entry in account.set_aside.items()} == {
        "footer_row": (1, "a.csv, row 4: footer_row"),
        "ragged_row": (1, "a.csv, row 5: ragged_row"),
    }
    assert account.rows_read == 4


def test_compressed_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert rows_of(tmp_path / "a.csv.gz") == ROWS


def test_parquet_values_become_texts(tmp_path: Path) -> None:
    table = pa.table({"Id": [1, 2], "Share": [0.5, None], "Won": [True, False]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet") == [
        {"Id": "1", "Share": "0.5", "Won": "true"}, {"Id": "2", "Share": None, "Won": "false"},
    ]  # fmt: skip


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


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2.0}]),
        json.dumps(
            {"totalSize": 1, "done": True, "records": [{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2.0}]}
        ),
        '{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2.0}\n\n',
        json.dumps([{"records": [{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2}]}, {"records": []}]),
    ],
    ids=["array", "page", "lines", "pages"],
)
def test_json_records_are_flattened(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert rows_of(tmp_path / "a.json") == [{"Id": "1", "Owner.Name": "Ada", "N": "2"}]


def test_nested_records_are_a_source_of_their_own(tmp_path: Path) -> None:
    record = {"Id": "1", "OpportunityHistories": {"records": [{"Id": "h1", "StageName": "New"}]}}
    (tmp_path / "a.json").write_text(json.dumps({"records": [record]}), encoding="utf-8")
    _, nested = open_sources([tmp_path / "a.json"])
    assert read(nested)[0] == [{"Id": "h1", "StageName": "New", "parent.Id": "1"}]


def test_lists_of_an_inner_object_are_one_source(tmp_path: Path) -> None:
    history = {"amount": [{"value": "5", "at": "1"}], "stage": [{"value": "new", "at": "2"}], "owner": []}
    record = {"id": "7", "history": history, "links": {"deals": {"results": [{"id": "3", "type": "x"}]}}}
    (tmp_path / "a.json").write_text(json.dumps({"results": [record]}))
    _, rows, links = open_sources([tmp_path / "a.json"])
    assert read(rows)[0] == [
        {"value": "5", "at": "1", "parent.Id": "7", "parent.list": "history.amount"},
        {"value": "new", "at": "2", "parent.Id": "7", "parent.list": "history.stage"},
    ]
    assert read(links)[0] == [
        {"id": "3", "type": "x", "parent.Id": "7", "parent.list": "links.deals.results"}
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b'{"Id": '), ("a.xlsx", b"no workbook"), ("a.parquet", b"PAR1"), ("a.csv.gz", b"\x1f\x8bx")],
)
def test_damaged_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=name):
        open_sources([tmp_path / name])


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"(?s)one\.csv.*two\.csv"):
        open_sources([tmp_path / "one.csv", tmp_path / "two.csv"])


def test_empty_file_is_a_source_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    (source,) = open_sources([tmp_path / "a.csv"])
    assert read(source)[0] == []
