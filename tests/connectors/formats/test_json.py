"""JSON: arrays, pages and lines are records, nested lists sources of their own."""

import json
from pathlib import Path

import pytest

from connectors.formats.sources import open_sources
from history.base.errors import InvalidInput
from tests.builders.exports.export_sources import read, rows_of


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2.0}]),
        json.dumps(
            {"totalSize": 1, "done": True, "records": [{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2.0}]}
        ),
        '{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2.0}\n\n',
        json.dumps([{"records": [{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2}]}, {"records": []}]),
        json.dumps({"nextPageToken": None, "values": [{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2}]}),
        json.dumps({"values": [{"Id": "1", "Owner": {"Name": "Ada"}, "N": 2}]}),
        json.dumps(
            {
                "@attributes": {},
                "result": {"total_results": 1, "person": [{"Id": "1", "Owner.Name": "Ada", "N": 2}]},
            }
        ),
        json.dumps({"result": {"total_results": 1, "person": {"Id": "1", "Owner.Name": "Ada", "N": 2}}}),
    ],
    ids=["array", "page", "lines", "pages", "next page", "last page", "below result", "one below result"],
)
def test_json_records_are_flattened(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert rows_of(tmp_path / "a.json") == [{"Id": "1", "Owner.Name": "Ada", "N": "2"}]


def test_page_without_records_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"@attributes": {"stat": "ok"}, "result": {"total_results": 0}}')
    assert rows_of(tmp_path / "a.json") == []


def test_answers_of_a_form_are_no_page(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"values": [{"name": "size", "value": "9"}]}]')
    assert rows_of(tmp_path / "a.json") == [{"values.size": "9"}]


def test_nested_records_are_a_source_of_their_own(tmp_path: Path) -> None:
    record = {"Id": "1", "OpportunityHistories": {"records": [{"Id": "h1", "StageName": "New"}]}}
    (tmp_path / "a.json").write_text(json.dumps({"records": [record]}), encoding="utf-8")
    _, nested = open_sources([tmp_path / "a.json"])
    assert read(nested)[0] == [{"Id": "h1", "StageName": "New", "parent.Id": "1"}]


def test_line_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"Id": "1"}\n{"Id": "\xff"}\n')
    with pytest.raises(InvalidInput, match=r"a.json, line 2 is no text in UTF-8"):
        open_sources([tmp_path / "a.json"])
