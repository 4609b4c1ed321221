"""Delimited text: encoding, separator, notes and footers are found in the file."""

import gzip
from pathlib import Path

import pytest

from connectors.formats.sources import open_sources
from history.base.errors import InvalidInput
from tests.builders.exports.export_sources import read, rows_of

TEXT = 'Id,Name,Amount\n1,"Müller, Söhne",5\n2,Žižka & Co,\n3,"two\nlines",7\n'


ROWS = [{"Id": "1", "Name": "Müller, Söhne", "Amount": "5"}, {"Id": "2", "Name": "Žižka & Co", "Amount": None},
        {"Id": "3", "Name": "two\nlines", "Amount": "7"}]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_is_told_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    assert rows_of(tmp_path / "a.csv") == ROWS


def test_windows_1252_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("Id,Name\n1,Müller – 5 €\n".encode("cp1252"))
    assert rows_of(tmp_path / "a.csv") == [{"Id": "1", "Name": "Müller – 5 €"}]


@pytest.mark.parametrize("damage", [b"\x90\xff", b"\xff\x00\xe4"])
def test_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    """It must not turn the other lines into text of another encoding."""
    (tmp_path / "a.csv").write_bytes("Id,Name\n1,Žižka\n2,".encode() + damage + b"\n3,Ada\n")
    with pytest.raises(
        InvalidInput, match=r"a.csv cannot be read as delimited text: line 3 has bytes that are no text"
    ):
        open_sources([tmp_path / "a.csv"])


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
