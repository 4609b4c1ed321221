"""The folder door: what it accepts, what it sets aside and says, and that nothing after T leaves a trace."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.read import format_time, read_folder
from history.snapshot import cut
from tests.builders.csv_folder import LEADS, counts, read, us
from tests.builders.leads.lead_records import DAY_US, START_US, lead_records, plain, table_rows, write_csv


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


def test_stages_are_ordered_by_their_mean_rank_of_first_entry(tmp_path: Path) -> None:
    rows = [
        "a,2024-01-03,new",
        "a,2024-01-04,offer",
        "a,2024-01-05,new",
        "b,2024-01-03,new",
        "b,2024-01-04,call",
        "b,2024-01-05,offer",
    ]
    history = read(tmp_path, {"stages.csv": "lead_id,entered_at,stage\n" + "\n".join(rows) + "\n"})
    assert history.config.stages == ("new", "call", "offer")


@settings(max_examples=40, deadline=None)
@given(now=lead_records(), later=lead_records(), step=st.integers(0, 40), compressed=st.booleans())
def test_rows_after_T_change_nothing(
    now: list[dict[str, Any]],
    later: list[dict[str, Any]],
    step: int,
    compressed: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Rows that happen or become known after T, duplicates among them, leave no trace in content, codes or stages."""
    as_of_us, suffix = START_US + step * DAY_US // 4, ".csv.gz" if compressed else ".csv"
    small, large = tmp_path_factory.mktemp("small"), tmp_path_factory.mktemp("large")
    after = format_time(as_of_us + 1)
    for lead in later:
        lead["created_at"] = after
    own = {
        "interactions": "occurred_at",
        "stages": "entered_at",
        "attribute_changes": "changed_at",
        "outcomes": "closed_at",
    }
    added = table_rows(later)
    known = {row["lead_id"] for row in table_rows(now)["leads"]}
    for name, rows in table_rows(now).items():
        extra = (
            [{**row, own[name]: max(row[own[name]] or after, after, key=us)} for row in added[name]]
            if name in own
            else added[name]
        )
        extra += (
            [{**row, "lead_id": next(iter(known)), "recorded_at": after} for row in extra]
            if name in own
            else []
        )
        write_csv(small, name, rows, suffix)
        write_csv(large, name, [*rows, *extra], suffix)
    first, second = read_folder(small, as_of_us=as_of_us), read_folder(large, as_of_us=as_of_us)
    assert plain(second) == plain(first)
    assert plain(cut(read_folder(large), as_of_us)) == plain(first)


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


def test_odd_creation_is_named_among_visible_leads(tmp_path: Path) -> None:
    leads = "lead_id,created_at\nold,2000-01-01\n"
    leads += "".join(f"L{day},2024-01-{day:02d}\n" for day in range(1, 31))
    history = read(tmp_path, {"leads.csv": leads})
    (warning,) = history.warnings
    assert (warning.code, warning.subject) == ("odd_creation", "leads")
    assert "row 2: lead_id 'old', created_at '2000-01-01'" in warning.detail
    assert len(history) == 31
    assert read(tmp_path, {"leads.csv": leads}, as_of_us=us("2024-01-09")).warnings == ()
