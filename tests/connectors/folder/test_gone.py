"""Leads that are gone: an older export does not bring them back, a newer one that has them does."""

from pathlib import Path

import pyarrow as pa
import pytest

from connectors.folder.gone import GoneLeads, read_gone
from history.base.errors import InvalidInput
from tests.builders.exports.import_trial import Trial, reasons
from tests.builders.exports.simulated_crm import Row

MARCH, APRIL, MAY = "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"


def deal(id_: str, modified: str, archived: bool = False, merged: str = "") -> Row:
    return {
        "id": id_, "dealname": f"Deal {id_}", "dealstage": "appointmentscheduled", "pipeline": "default",
        "createdate": "2026-01-01T00:00:00Z", "hs_lastmodifieddate": modified, "archived": str(archived).lower(),
        "hs_merged_object_ids": merged, "hs_object_id": id_, "seats": "5",
    }  # fmt: skip


def imported(trial: Trial, *deals: Row) -> list[str]:
    """The leads after an import of these deals."""
    trial.write("deals", list(deals))
    trial.run()
    return sorted(str(row["lead_id"]) for row in trial.rows("leads"))


def test_older_export_brings_nobody_back(tmp_path: Path) -> None:
    trial = Trial("hubspot", tmp_path)
    older = [deal(id_, MARCH) for id_ in "1234"]
    assert imported(trial, *older) == list("1234")
    newer = [deal("1", APRIL, merged="3"), deal("2", APRIL, archived=True), deal("4", APRIL)]
    assert imported(trial, *newer) == ["1", "4"]
    trial.write("deals", older)
    again = trial.run()
    assert sorted(str(row["lead_id"]) for row in trial.rows("leads")) == ["1", "4"]
    assert sum(again.new_rows.values()) == 0
    assert again.record["notes"][-1] == "Leads that a newer export called deleted or merged, left out: 2."
    assert read_gone(trial.output) == {"2": "", "3": "1"}


def test_restored_lead_of_a_newer_export_is_a_lead_again(tmp_path: Path) -> None:
    trial = Trial("hubspot", tmp_path)
    imported(trial, deal("1", MARCH), deal("2", MARCH))
    assert imported(trial, deal("1", APRIL), deal("2", APRIL, archived=True)) == ["1"]
    assert imported(trial, deal("1", MAY), deal("2", MAY)) == ["1", "2"]
    assert read_gone(trial.output) == {}


def test_older_export_says_nothing_of_today(tmp_path: Path) -> None:
    """Its values of the day are not those of today, and are no changes."""
    trial = Trial("hubspot", tmp_path)
    imported(trial, deal("1", APRIL) | {"seats": "9"}, deal("2", APRIL))
    imported(trial, deal("1", MARCH), deal("2", MARCH))
    assert trial.rows("attribute_changes") == []
    imported(trial, deal("1", MAY) | {"seats": "12"}, deal("2", MAY))
    assert [(row["lead_id"], row["value"]) for row in trial.rows("attribute_changes")] == [("1", "12")]


def test_interactions_follow_a_chain_of_merges() -> None:
    gone = GoneLeads(None)
    gone.add({"a": "b", "b": "c", "d": "", "x": "y", "y": "x"})
    gone.table(1, pa.chunked_array([["c"]]))
    rows = pa.table({"lead_id": ["a", "b", "c", "d", "e"], "n": [1, 2, 3, 4, 5]})
    assert gone.moved(rows).to_pydict() == {"lead_id": ["c", "c", "c", "e"], "n": [1, 2, 3, 5]}
    assert gone.without(rows).column("lead_id").to_pylist() == ["c", "e"]
    assert not len(gone.moved(pa.table({"lead_id": ["x", "y"]})))


def test_damaged_table_is_named(tmp_path: Path) -> None:
    assert read_gone(tmp_path) == {}
    (tmp_path / "gone.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidInput, match=r"gone\.parquet of an earlier import is damaged"):
        read_gone(tmp_path)


def test_rows_of_left_out_leads_stay_accounted_for(tmp_path: Path) -> None:
    trial = Trial("hubspot", tmp_path)
    imported(trial, deal("1", APRIL), deal("2", APRIL, archived=True))
    trial.write("deals", [deal("1", MARCH), deal("2", MARCH)])
    record = trial.run()
    assert reasons(record) == {}
    assert record.record["sources"][0]["rows_used"] == 2
