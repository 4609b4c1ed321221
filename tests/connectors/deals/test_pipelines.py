"""Deals of several pipelines: which are kept, and what the import says of it."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from tests.builders.exports.imported_folder import bring_in, rows_of
from tests.builders.exports.salesforce import record_id
from tests.builders.exports.simulated_crm import csv_text

TYPES = {"New Business": 3, "Renewal": 2}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    names = [name for name, count in TYPES.items() for _ in range(count)]
    rows = [
        {
            "Id": record_id("006", place), "Name": "x", "StageName": "New", "CloseDate": "2026-03-31",
            "CreatedDate": "2026-01-05T09:00:00Z", "RecordType.Name": name,
        }
        for place, name in enumerate(names)
    ]  # fmt: skip
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "deals.csv").write_text(csv_text(rows))
    return tmp_path / "export"


def test_record_types_share_stages_and_all_are_kept(source: Path, tmp_path: Path) -> None:
    imported = bring_in("salesforce", source, tmp_path / "crm")
    assert imported.rows["leads"] == 5
    note = imported.record["notes"][0]
    assert "New Business (3), Renewal (2); all are kept" in note


def test_chosen_record_type_is_kept_and_the_others_are_counted(source: Path, tmp_path: Path) -> None:
    imported = bring_in("salesforce", source, tmp_path / "crm", pipeline="renewal")
    assert len(rows_of(tmp_path / "crm", "leads")) == 2
    assert imported.record["sources"][0]["set_aside"]["of_another_pipeline"]["count"] == 3


def test_unknown_pipeline_lists_the_pipelines(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"--pipeline Upsell: .*New Business \(3\), Renewal \(2\)"):
        bring_in("salesforce", source, tmp_path / "crm", pipeline="Upsell")
