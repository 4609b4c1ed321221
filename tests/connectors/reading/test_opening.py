"""Which file is which table, and the order of day and month of a whole export."""

from pathlib import Path

import pytest

from connectors.reading.values import DAY_FIRST, MONTH_FIRST
from history.base.errors import InvalidInput
from tests.builders.exports.small import export_of


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
