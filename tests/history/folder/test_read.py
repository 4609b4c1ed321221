"""Reading a folder: T by the end of the data, and rows after it."""

from pathlib import Path

import pytest

from history.read import format_time
from tests.builders.csv_folder import LEADS, counts, read, us


def test_T_is_the_latest_time_of_the_data_that_is_not_after_now(tmp_path: Path) -> None:
    files = {
        "interactions.csv": "lead_id,occurred_at,kind,recorded_at\na,2024-02-01,call,2024-03-01\n",
        "outcomes.csv": "lead_id,outcome,closed_at\na,won,2024-12-01\nb,won,\n",
        "costs.csv": "period_start,amount\n2024-05-01,5\n",
    }
    assert (
        format_time(read(tmp_path, files, now_us=us("2024-06-01T00:00:00Z")).as_of_us)
        == "2024-03-01T00:00:00Z"
    )
    assert format_time(read(tmp_path, files).as_of_us) == "2024-12-01T23:59:59.999999Z"


TODAY = "2024-06-01T00:00:00Z"


def daily_calls(*later: str) -> str:
    rows = "".join(f"a,2024-01-{day:02d},call\n" for day in range(1, 31))
    return "lead_id,occurred_at,kind\n" + rows + "".join(f"a,{time},meeting\n" for time in later)


def test_planned_meeting_does_not_move_T(tmp_path: Path) -> None:
    history = read(tmp_path, {"interactions.csv": daily_calls("2024-03-20")}, now_us=us(TODAY))
    assert format_time(history.as_of_us) == "2024-01-30T00:00:00Z"
    assert len(history.interactions.time_us) == 30
    assert counts(history.reports["interactions"], flagged=True) == {"late_row": 1}
    (warning,) = history.warnings
    assert (warning.code, warning.subject) == ("late_rows", "interactions")
    assert "row 32: lead_id 'a', occurred_at '2024-03-20'" in warning.detail


@pytest.mark.parametrize("table", ["leads", "stages", "outcomes", "attribute_changes", "recorded_at"])
def test_late_row_of_any_table_does_not_move_T(tmp_path: Path, table: str) -> None:
    tables = {
        "leads": {"leads.csv": LEADS + "late,2024-03-20,x\n"},
        "stages": {"stages.csv": "lead_id,entered_at,stage\na,2024-03-20,new\n"},
        "outcomes": {"outcomes.csv": "lead_id,outcome,closed_at\na,won,2024-03-20\n"},
        "attribute_changes": {
            "attribute_changes.csv": "lead_id,changed_at,attribute,value\na,2024-03-20,plan,y\n"
        },
        "recorded_at": {"stages.csv": "lead_id,entered_at,stage,recorded_at\na,2024-01-20,new,2024-03-20\n"},
    }
    history = read(tmp_path, {"interactions.csv": daily_calls(), **tables[table]}, now_us=us(TODAY))
    assert format_time(history.as_of_us) == "2024-01-30T00:00:00Z"
    assert "late_rows" in {warning.code for warning in history.warnings}


def test_explicit_T_hides_no_late_row(tmp_path: Path) -> None:
    history = read(tmp_path, {"interactions.csv": daily_calls("2024-03-20")}, as_of_us=us("2024-04-01"))
    assert len(history.interactions.time_us) == 31
    assert history.warnings == ()
