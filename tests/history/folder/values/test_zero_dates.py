"""Dates of nought count as missing: in optional times and in attributes."""

from pathlib import Path

import pytest

from tests.builders.csv_folder import counts, read


@pytest.mark.parametrize(
    "zero", ["0000-00-00 00:00:00", "00.00.0000", "0001-01-01T00:00:00Z", "1900-01-00", "1/0/1900"]
)
def test_date_of_nought_is_missing(tmp_path: Path, zero: str) -> None:
    files = {
        "leads.csv": f"lead_id,created_at,planned\na,2024-01-01,{zero}\nb,2024-01-01,2024-02-01\n",
        "outcomes.csv": f"lead_id,outcome,closed_at\na,lost,{zero}\nb,won,2024-01-05\n",
    }
    history = read(tmp_path, files)
    assert counts(history.reports["leads"], flagged=True) == {"placeholder_date": 1}
    assert counts(history.reports["outcomes"], flagged=True) == {"placeholder_time": 1}
    assert counts(history.reports["outcomes"]) == {}
    assert history.attributes["planned"].values == ["1899-12-30", "2024-02-01"]
