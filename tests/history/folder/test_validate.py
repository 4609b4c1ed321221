"""Rows that are kept and flagged, and columns of times that cannot be read."""

from pathlib import Path

from history.folder.rules.rules import FLAGGED
from tests.builders.csv_folder import counts, problems, read, us

NOW = "2024-06-01T00:00:00Z"


def test_odd_rows_are_kept_and_flagged(tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[attributes]\nignore = ["note"]',
        "interactions.csv": "lead_id,occurred_at,kind,direction,extra\na,2023-01-03,call,sideways,1\n",
        "outcomes.csv": "lead_id,outcome,Reason,closed_at,recorded_at,amount\na,open,x,,,\n"
        "a,won,x,,2023-12-31,?\na,lost,x,2030-01-01,,\nb,maybe,x,,,\n",
        "attribute_changes.csv": "lead_id,changed_at,attribute,value\na,2024-01-03,note,z\n",
    }
    history = read(tmp_path, files, now_us=us(NOW))
    flags = {name: counts(report, flagged=True) for name, report in history.reports.items() if report.flagged}
    assert flags == {
        "interactions": {"before_creation": 1, "unknown_direction": 1},
        "leads": {"undecided_outcome": 1},
        "outcomes": {
            "near_column": 4,
            "bad_amount": 1,
            "closed_before_created": 1,
            "closing_ahead": 1,
            "open_without_time": 1,
        },
        "attribute_changes": {"ignored_attribute": 1},
    }
    # Flagged in the tests of other files of this folder.
    elsewhere = {"late_row", "odd_creation", "other_id_form", "several_ids"}
    elsewhere |= {"renamed_attribute", "near_attribute", "other_form_of_value"}
    elsewhere |= {"gone_lead", "merged_row", "unknown_survivor"}
    elsewhere |= {"placeholder_time", "placeholder_date", "foreign_encoding"}
    elsewhere |= {"day_first", "month_first", "decimal_comma", "decimal_point"}
    assert {rule for found in flags.values() for rule in found} == set(FLAGGED) - elsewhere
    assert len(history.interactions.time_us) == 1
    assert len(history.outcomes.time_us) == 1
    assert len(history.changes.time_us) == 0


def test_times_of_all_tables_that_cannot_be_read_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        {
            "leads.csv": b"lead_id,created_at\na,03/04/2024\n",
            "outcomes.csv": b"lead_id,outcome,closed_at\na,won,\na,lost,05/04/2024\n",
            "stages.csv": b"lead_id,entered_at,stage\na,2024-03-04,new\n",
        },
    )
    assert len(found) == 2
    assert found[1].startswith("outcomes: none of 1 closed_at is a time (an ISO 8601")
    assert "row 3: closed_at '05/04/2024'" in found[1]
