"""The worklist as CSV: the rows of the pages, read back to the last bit; texts do not run in a spreadsheet."""

import csv
import io
from typing import Any

from starlette.testclient import TestClient

from models.scores.scores import COLUMN_KINDS
from serving.api.worklist_csv import COLUMNS, csv_lines
from tests.builders.service.lead_requests import put, refresh
from tests.builders.service.store_fakes import FakeRuntime

pytest_plugins = ["tests.builders.service.store_fixtures"]
NAMES = ("=1+1", "+x", "-y", "@z", "plain", 'quote " and, comma', "line\nbreak", "<script>")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_equals_the_pages(client: TestClient, runtime: FakeRuntime) -> None:
    for number, name in enumerate(NAMES):
        put(client, f"={number}", owner=name, source=name, attributes={"company": name, "city": "@home"})
    refresh(runtime)
    query = "order=created_at&owner=%3D1%2B1&owner=plain&owner=-Y"
    answer = client.get(f"/v1/leads?{query}&format=csv&limit=1")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows, leads = rows_of(answer.text), client.get(f"/v1/leads?{query}").json()["leads"]
    assert [row["lead_id"] for row in rows] == [lead["lead_id"] for lead in leads] == ["=4", "=2", "=0"]
    for row, lead in zip(rows, leads, strict=True):
        assert tuple(row) == COLUMNS
        assert float(row["probability"]) == lead["probability"]
        assert int(row["rank"]) == lead["rank"]
        assert row["next_action"] == (lead["next_action"] or "")
    assert [row["owner"] for row in rows] == ["plain", "'-y", "'=1+1"]
    assert rows[0]["detail"] == "'@home"


def test_every_text_but_an_id_is_escaped() -> None:
    entry: dict[str, Any] = dict.fromkeys(COLUMNS, "=1")
    (row,) = csv.reader(
        io.StringIO(csv_lines([{**entry, "reasons": [{"label": "=1"}], "probability": -1.0}]))
    )
    cells = dict(zip(COLUMNS, row, strict=True))
    assert cells.pop("lead_id") == "=1"
    assert cells.pop("reasons").startswith("[")
    assert cells.pop("probability") == "-1.0"
    assert set(cells.values()) == {"'=1"}


def test_columns_are_those_of_the_score_file_and_four() -> None:
    assert (*COLUMN_KINDS, "detail", "owner", "source", "next_action") == COLUMNS
