"""What of a folder is visible at T: nothing after it leaves a trace, and the funnel is that of the rows before."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.read import format_time, read_folder
from history.snapshot import cut
from tests.builders.csv_folder import read, us
from tests.builders.leads.lead_records import DAY_US, START_US, lead_records, plain, table_rows, write_csv


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


def test_odd_creation_is_named_among_visible_leads(tmp_path: Path) -> None:
    leads = "lead_id,created_at\nold,2000-01-01\n"
    leads += "".join(f"L{day},2024-01-{day:02d}\n" for day in range(1, 31))
    history = read(tmp_path, {"leads.csv": leads})
    (warning,) = history.warnings
    assert (warning.code, warning.subject) == ("odd_creation", "leads")
    assert "row 2: lead_id 'old', created_at '2000-01-01'" in warning.detail
    assert len(history) == 31
    assert read(tmp_path, {"leads.csv": leads}, as_of_us=us("2024-01-09")).warnings == ()
