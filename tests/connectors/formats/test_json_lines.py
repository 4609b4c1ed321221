"""Large files of JSON Lines are read in typed blocks: the same columns and texts as row by row."""

import gzip
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.formats import json_lines, sources
from connectors.formats.accounts import Account
from connectors.formats.sources import open_sources
from history.base.errors import InvalidInput

PAIRS = [
    {"key": "value", "value": {"string_value": None, "int_value": "5"}},
    {"key": "page", "value": {"string_value": "/a", "int_value": None}},
]
VALUES: dict[str, list[Any]] = {
    "id": ["a", "b ", "", None],
    "when": ["2026-01-02T10:00:00.123Z", "2026-01-02", "2026-01-02 10:00:00"],
    "number": [1, 2.5, 3.0, 1e-7, 1e22, -0.0, 12345678901],
    "flag": [True, False, None],
    "tags": [["x", "y"], [], ["x", None, ""], None],
    "event_params": [PAIRS, PAIRS[:1], [], None],
    "context": [{"page": {"url": "/x", "n": 1}}, {"page": {"url": None}}, {}],
    "products": [[{"name": "A", "url": "/a", "price": 2}], [{"name": "B"}], []],
}
IRREGULAR: list[dict[str, Any]] = [
    {"number": "many"},
    {"context": "none"},
    {"event_params": [PAIRS[0], PAIRS[0]]},
    {"event_params": ["a"]},
    {"number": 10**30},
    {"new": {"deep": [1, 2]}},
]


def records(seed: int, irregular: bool) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    rows = [
        {name: rng.choice(values) for name, values in VALUES.items() if rng.random() < 0.8} for _ in range(60)
    ]
    if irregular:
        rows[rng.randrange(60)] |= rng.choice(IRREGULAR)
    return rows


def texts(path: Path) -> dict[str, dict[str, list[Any]]]:
    """The columns of each source, those without a value left out."""
    result = {}
    for source in open_sources([path]):
        account = Account(source.file)
        tables = [batch.table for batch in source.batches(account, source.columns)]
        assert account.rows_read == sum(map(len, tables))
        whole = pa.concat_tables(tables).to_pydict() if tables else {}
        result[source.file] = {
            name: values for name, values in sorted(whole.items()) if any(v is not None for v in values)
        }
    return result


@pytest.mark.parametrize("irregular", [False, True], ids=["regular", "irregular"])
@pytest.mark.parametrize("seed", range(12))
def test_blocks_give_the_same_texts_as_rows(
    seed: int, irregular: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, records(seed, irregular))) + "\n", encoding="utf-8")
    by_row = texts(path)
    monkeypatch.setattr(sources, "LARGEST_WHOLE", 0)
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 4000)
    assert texts(path) == by_row


def test_parquet_with_nested_values_gives_the_same_texts(tmp_path: Path) -> None:
    names = [name for name in VALUES if name not in ("context", "products")]
    rows = [
        {**{name: row.get(name) for name in names}, "context": {"page": {"url": "/x", "n": 1}}}
        for row in records(3, irregular=False)
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "events.parquet")
    by_row, typed = texts(tmp_path / "events.jsonl"), texts(tmp_path / "events.parquet")
    assert typed["events.parquet"] == by_row["events.jsonl"]


def test_broken_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST_WHOLE", 0)
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 20)
    path = tmp_path / "events.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}\n{"a": 3}\n{"a": \n', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"events\.jsonl, line 4 is no JSON"):
        open_sources([path])


def test_line_separators_within_texts_are_no_ends_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"a": "x\u2028y"}\n{"a": "z"}\n', encoding="utf-8")
    assert texts(path) == {"events.jsonl": {"a": ["x\u2028y", "z"]}}


def test_archive_of_compressed_pages_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for page in range(2):
            archive.writestr(f"123/123_{page}.json.gz", gzip.compress(b'{"id": "%d"}\n{"id": "x"}\n' % page))
        archive.writestr("../../evil.json", '{"id": "e"}')
        archive.writestr("__MACOSX/._x.json", "nothing")
    assert texts(tmp_path / "export.zip") == {
        "export.zip/../../evil.json": {"id": ["e"]},
        "export.zip/123/123_0.json.gz": {"id": ["0", "x"]},
        "export.zip/123/123_1.json.gz": {"id": ["1", "x"]},
    }


@pytest.mark.parametrize("cut", [3, 30, 120])
def test_damaged_archives_and_gzip_files_are_named(cut: int, tmp_path: Path) -> None:
    data = gzip.compress(json.dumps(records(1, irregular=False)).encode())
    (tmp_path / "page.json.gz").write_bytes(data[:cut] + bytes(40) + data[cut + 40 :])
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.json", "[]" * 500)
    (tmp_path / "export.zip").write_bytes((tmp_path / "x.zip").read_bytes()[:-cut])
    for name in ("page.json.gz", "export.zip"):
        with pytest.raises(InvalidInput, match=name):
            open_sources([tmp_path / name])


def test_compressed_logs_without_an_ending_are_read(tmp_path: Path) -> None:
    (tmp_path / "1457020800000.ab12.gz").write_bytes(gzip.compress(b'{"id": "a"}\n{"id": "b"}\n'))
    (tmp_path / "picture.gz").write_bytes(gzip.compress(b"\x89PNG"))
    assert texts(tmp_path / "1457020800000.ab12.gz") == {"1457020800000.ab12.gz": {"id": ["a", "b"]}}
    assert open_sources([tmp_path / "picture.gz"])[0].columns == ()
