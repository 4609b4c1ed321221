"""CSV of other programs: separators, encodings and formats are named, with what to do."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from history.folder.tables.csv import BLOCK_BYTES, other_mark, parse, read_header, unclosed_quote
from history.folder.tables.encodings import UTF_8
from tests.builders.csv_folder import LEADS, problems


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("lead_id,created_at,ort\na,2024-01-01,Иван и Москва\n".encode("cp1251"), "UTF-8"),
        ("lead_id,created_at,город\na,2024-01-01,x\n".encode("cp1251"), "UTF-8"),
        (b"lead_id,created_at,n\na,2024-01-01,\"x\nb,2024-01-01,y\n", "never closed"),
        (b"lead_id,created_at\n", "no rows"),
        (b"lead_id,created_at", "no rows"),
        (b"\n\n", "empty"),
        (b"lead_id,created_at\na,yesterday\n,2024-01-01\n", "every row is set aside, 1 by bad_time"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_a_clear_problem(content: bytes, expected: str, tmp_path: Path) -> None:
    assert any(expected in problem for problem in problems(tmp_path, {"leads.csv": content}))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (LEADS.replace(",", ";").encode(), "the columns are separated by semicolons"),
        (LEADS.replace(",", "\t").encode(), "the columns are separated by tabs"),
        (b'lead_id;created_at;"Revenue, EUR"\na;2024-01-01;1,5\n', "separated by semicolons"),
        (b"sep=,\r\n" + LEADS.encode(), "'sep=,', is a note for Excel"),
        (b"sep=;\r\n" + LEADS.encode(), "'sep=;', is a note for Excel"),
        (b"PK\x03\x04\x14\x00", "an Excel workbook"),
        (b"PAR1\x15\x04", "end in .parquet"),
        (gzip.compress(LEADS.encode(), mtime=0), "end in .csv.gz"),
        (LEADS.encode() + "c,2024-01-01,Иван и Москва\n".encode("cp1251"), "line 4: 'c,2024-01-01,\ufffd"),
        (LEADS.replace("plan", "город и").encode("cp1251"), "line 1: 'lead_id,created_at,\ufffd"),
    ],
)  # fmt: skip
def test_a_foreign_file_is_one_problem_with_its_format(content: bytes, expected: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"leads.csv": content})
    assert problem.startswith("leads.csv")
    assert expected in problem


def test_a_header_in_other_marks_tells_its_missing_columns_too(tmp_path: Path) -> None:
    found = problems(tmp_path, {"leads.csv": b"Id;created_at\na;2024-01-01\n"})
    assert len(found) == 2
    assert "semicolons" in found[0]
    assert "'lead_id' is missing; the file has 'Id', 'created_at'" in found[1]


@pytest.mark.parametrize(
    ("names", "mark"),
    [
        (["lead_id", "created_at"], None),
        (["lead_id;created_at"], ";"),
        (["lead_id;created_at;Revenue", " EUR"], ";"),
        (["city; state", "zip"], None),  # a comma file with a semicolon in a name
    ],
)
def test_separator_is_judged_by_the_known_names(names: list[str], mark: str | None) -> None:
    assert other_mark(names, {"lead_id", "created_at"}) == mark


def test_ragged_rows_have_the_numbers_of_the_file(tmp_path: Path) -> None:
    """A file larger than a block is read by threads, which number no row: it is read again without them."""
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,created_at\n" + "a,2024-01-01\n" * 800_000 + "b\n" + "c,2024-01-01\n")
    assert path.stat().st_size > BLOCK_BYTES
    table, ragged = parse(path, read_header(path, UTF_8), {"0": pa.string()}, UTF_8)
    assert table.num_rows == 800_001
    assert [(row.row, row.text, row.got, row.expected) for row in ragged] == [(800_002, "b", 1, 2)]


def test_quote_within_a_text_is_not_unclosed(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text('lead_id,note\na,"two\nlines ""quoted"""\n')
    table, ragged = parse(path, read_header(path, UTF_8), {"0": pa.string(), "1": pa.string()}, UTF_8)
    assert unclosed_quote(path, table, ragged) is None
