"""Archived forecasts beside what came: made before the period, without groups, the first made of several."""

from typing import Any
from zoneinfo import ZoneInfo

from funnel.forecast.replays.track import past_forecasts

ZONE = ZoneInfo("Europe/Berlin")
JUNE = {"period_start": "2026-06-01", "period_end": "2026-07-01", "wins": 7, "revenue": 700.0}


def report(as_of: str, expected: float, made_at: str = "", **options: Any) -> dict[str, Any]:
    row = {
        "period_start": "2026-06-01",
        "period_end": "2026-07-01",
        **{
            f"{measure}_{name}": expected
            for measure in ("wins", "revenue")
            for name in ("expected", "p10", "p90")
        },
    }
    return {
        "as_of": as_of,
        "made_at": made_at or as_of,
        "model_version": "1",
        "options": options,
        "answer": {"periods": [row]},
    }


def expected_of(*reports: dict[str, Any], kind: str = "month") -> list[float]:
    return [record["wins_expected"] for record in past_forecasts(reports, [JUNE], kind, ZONE)]


def test_last_forecast_before_the_period_counts() -> None:
    early, late, within = (
        report(f"2026-{day}T08:00:00Z", n) for day, n in (("05-01", 1), ("05-31", 2), ("06-02", 3))
    )
    assert expected_of(early, late, within) == [2]
    assert expected_of(within) == []


def test_first_day_is_that_of_the_funnels_zone() -> None:
    assert expected_of(report("2026-06-01T21:59:00Z", 1)) == [1]
    assert expected_of(report("2026-06-01T22:01:00Z", 1)) == [], "2 June in Berlin"


def test_groups_and_other_periods_do_not_count() -> None:
    at = "2026-05-31T08:00:00Z"
    assert expected_of(report(at, 1, by="owner"), report(at, 2, period="week")) == []
    assert expected_of(report(at, 3, period="month")) == [3]


def test_of_one_date_the_first_made_counts_and_hindsight_is_told() -> None:
    honest = report("2026-05-31T08:00:00Z", 1)
    replayed = report("2026-05-31T08:00:00Z", 2, made_at="2026-08-01T08:00:00Z")
    (record,) = past_forecasts([replayed, honest], [JUNE], "month", ZONE)
    assert (record["wins_expected"], record["is_dated_back"]) == (1, False)
    (record,) = past_forecasts([replayed], [JUNE], "month", ZONE)
    assert record["is_dated_back"]
    assert (record["wins"], record["revenue"]) == (7, 700.0)
