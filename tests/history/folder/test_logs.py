"""How periods of costs end."""

from pathlib import Path

from history.read import format_time
from tests.builders.csv_folder import read


def test_costs_end_a_calendar_month_later_unless_told(tmp_path: Path) -> None:
    history = read(
        tmp_path,
        {
            "costs.csv": "period_start,period_end,amount\n2023-12-01,,5\n2024-01-01,2024-01-08,7\n2024-02-01,,9\n"
        },
    )
    assert history.costs is not None
    assert [format_time(t)[:10] for t in history.costs.end_us] == ["2024-01-01", "2024-01-08"]
