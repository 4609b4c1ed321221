"""An export as tables of declared fields: missing ones are null, rows have one account, settings all their faults."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from connectors.reading.export import ReadOptions, booleans, column, with_settings
from connectors.reading.values import DAY_FIRST, MONTH_FIRST
from history.base.errors import InvalidInput
from tests.builders.exports.small import NOW_US, export_of


def test_field_that_the_file_lacks_is_null(tmp_path: Path) -> None:
    table = export_of(tmp_path / "deals.csv", "id,created,note\n1,2026-01-01,x\n").table("Deal")
    assert column(table, "Amount").to_pylist() == [None]
    assert column(table, "note").to_pylist() == ["x"]
    assert column(table, "absent").to_pylist() == [None]


def test_rows_are_used_or_left_once(tmp_path: Path) -> None:
    export = export_of(tmp_path / "deals.csv", "id,created\n1,2026-01-01\n2,2026-01-01\n3,2026-01-01\n")
    table = export.leave(export.table("Deal"), "odd", np.array([False, True, False]))
    export.use(table)
    (account,) = export.accounts
    assert account.is_balanced
    assert (account.rows_used, account.set_aside["odd"].first) == (2, "deals.csv, row 3: odd")


def test_kind_without_a_table_has_no_rows(tmp_path: Path) -> None:
    export = export_of(tmp_path / "deals.csv", "id,created\n1,2026-01-01\n")
    assert len(export.table("Contact")) == 0
    assert not export.has("Contact")
    assert export.has_field("Deal", "Created")


def test_foreign_table_names_its_columns(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no file is a table of small: people\.csv has first, born"):
        export_of(tmp_path / "people.csv", "first,born\nAda,1815\n")


@pytest.mark.parametrize(
    ("text", "order"),
    [("1/2/2026 10:00,31/1/2026", DAY_FIRST), ("1/31/2026,1/2/2026", MONTH_FIRST), ("2026-01-31,", None)],
)
def test_order_of_day_and_month_is_that_of_the_whole_export(
    tmp_path: Path, text: str, order: str | None
) -> None:
    assert export_of(tmp_path / "deals.csv", f"id,created,modified\n1,{text}\n").order == order


def test_open_order_is_refused_unless_given(tmp_path: Path) -> None:
    rows = "id,created\n1,1/2/2026\n"
    with pytest.raises(InvalidInput, match=r"day/month or month/day.*--mapping FILE"):
        export_of(tmp_path / "deals.csv", rows)
    assert export_of(tmp_path / "deals.csv", rows, date_order=DAY_FIRST).order == DAY_FIRST


def test_words_are_true_false_or_neither() -> None:
    true, false = booleans(pa.array(["Ja", "0", None, "maybe"]))
    assert true.tolist() == [True, False, False, False]
    assert false.tolist() == [False, True, False, False]


def settings(document: dict[str, Any]) -> ReadOptions:
    return with_settings(ReadOptions(NOW_US, ZoneInfo("UTC")), document, Path("map.toml"))


def test_settings_of_a_mapping_are_read() -> None:
    options = settings(
        {"formats": {"datetime": "%d/%m/%Y", "decimal": ","}, "funnel": {"timezone": "Asia/Tokyo"}}
    )
    assert (options.date_order, options.decimal, options.zone.key) == (DAY_FIRST, ",", "Asia/Tokyo")
    assert settings({}) == ReadOptions(NOW_US, ZoneInfo("UTC"))


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        settings(
            {
                "formats": {"datetime": "%Y", "decimal": "x", "zone": 1},
                "funnel": {"timezone": "Mars"},
                "leads": [],
            }
        )
    assert len(refused.value.problems) == 5
    assert all(problem.startswith("map.toml: ") for problem in refused.value.problems)
