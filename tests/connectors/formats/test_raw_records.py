"""Airbyte's raw tables: the keys of their records are columns."""

import json
from pathlib import Path

from connectors.formats.accounts import Account
from connectors.formats.sources import open_sources
from tests.builders.exports.export_sources import read
from tests.builders.exports.simulated_crm import csv_text


def test_keys_of_raw_records_are_columns(tmp_path: Path) -> None:
    records = [{"Id": "1", "StageName": "New", "Owner": {"Name": "Ann"}}, {"Id": "2", "Amount": 1.5}]
    rows = [
        {
            "_airbyte_raw_id": str(n),
            "_airbyte_data": json.dumps(record),
            "_airbyte_extracted_at": "2026-01-05",
        }
        for n, record in enumerate(records)
    ]
    (tmp_path / "raw.csv").write_text(csv_text(rows), encoding="utf-8")
    (source,) = open_sources([tmp_path / "raw.csv"])
    assert "_airbyte_data" not in source.columns
    assert [(row["Id"], row["StageName"], row["Owner.Name"], row["Amount"]) for row in read(source)[0]] == [
        ("1", "New", "Ann", None), ("2", None, None, "1.5"),
    ]  # fmt: skip


def test_cells_that_hold_no_record_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text('_airbyte_data,_airbyte_raw_id\n"{""Id"": ""1""}",a\n"{""Id"": ",b\n')
    (source,) = open_sources([tmp_path / "raw.csv"])
    account = Account("raw.csv")
    (batch,) = source.batches(account, ["Id"])
    assert batch.table.to_pylist() == [{"Id": "1"}]
    assert {reason: entry.count for reason, entry in account.set_aside.items()} == {"bad_json": 1}
