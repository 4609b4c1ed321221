"""The rows of a History as fact rows: implied times are stored as such."""

from pathlib import Path

import numpy as np

from history.history import Factor
from serving.store.schema import FACT_COLUMNS
from serving.store.store import Store
from serving.store.transfer.folder_rows import Span, fact_rows, texts
from tests.builders.service.store_fakes import contents
from tests.builders.service.store_folder import FAR_US, TABLES, load, read, write_folder


def test_closings_around_the_creation_load_as_they_are(store: Store, tmp_path: Path) -> None:
    tables = {name: [dict(row) for row in rows] for name, rows in TABLES.items()}
    outcome = {"outcome": "won", "amount": "", "reason": ""}
    tables["outcomes"] = [
        {**outcome, "lead_id": "a", "closed_at": "2026-01-01", "recorded_at": ""},
        {**outcome, "lead_id": "b", "closed_at": "2025-12-24", "recorded_at": "2026-02-01"},
        {**outcome, "lead_id": "=c", "closed_at": "", "recorded_at": "2026-01-31"},
    ]
    folder = write_folder(tmp_path / "early", tables)
    load(store, folder)
    for as_of_us in (FAR_US, 1_768_500_000_000_000):
        assert contents(store.read_all(as_of_us)) == contents(read(folder, as_of_us))
    assert set(load(store, folder).rows.values()) == {0}
    assert store.read_all(FAR_US).outcomes.implied.tolist() == [True, False, True]


def test_spans_of_leads_are_the_rows_of_the_whole(tmp_path: Path) -> None:
    history = read(write_folder(tmp_path / "data", TABLES))
    numbers = [10, 20, 30]
    for table in fact_rows(history).values():
        whole = table.rows(Span(0, 3, numbers))
        parts = [row for i in range(3) for row in table.rows(Span(i, i + 1, numbers[i : i + 1]))]
        assert parts == whole
        assert {row[0] for row in whole} <= set(numbers)


def test_rows_have_the_columns_of_their_table(tmp_path: Path) -> None:
    history = read(write_folder(tmp_path / "data", TABLES))
    tables = fact_rows(history)
    assert set(tables) == set(FACT_COLUMNS)
    for name, table in tables.items():
        assert {len(row) for row in table.rows(Span(0, 3, [1, 2, 3]))} == {1 + len(FACT_COLUMNS[name])}


def test_missing_text_and_number_are_null() -> None:
    factor = Factor(np.array([1, -1, 0], dtype=np.int32), ["a", "b"])
    assert texts(factor, 0, 3) == ["b", None, "a"]
    assert texts(factor, 1, 2) == [None]
