"""Every form of file gives the same columns and rows: encodings, separators, notes, workbooks, JSON, Parquet."""

import json
from pathlib import Path

import pytest

from connectors.formats.sources import open_sources
from history.base.errors import InvalidInput
from tests.builders.exports.export_sources import read


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
