"""Archived forecasts beside what came: the last forecast of each past period that was made before it began."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from funnel.dates import local_date
from funnel.records import Record
from history.text.times import parse_time

MEASURES = ("wins", "revenue")
DEFAULT_PERIOD = "month"  # of a forecast without options
DATED_BACK_DAYS = 2  # made this long after its own date, a forecast may know what came


def past_forecasts(
    reports: Sequence[Mapping[str, Any]], actuals: Sequence[Mapping[str, Any]], kind: str, zone: ZoneInfo
) -> list[Record]:
    """One record a past period that was forecast: the expectation with its interval, and what came.

    reports: of the archive (funnel.archive.read_report); actuals: the past periods of a forecast of `kind`. The
    forecast is the latest as of the period's first day or before; of several of one date, the one made first.
    is_dated_back: it was made for a date in the past, perhaps by a model that knew what came.
    """
    usable = [report for report in reports if _is_of(report, kind)]
    records = []
    for actual in actuals:
        start = date.fromisoformat(actual["period_start"])
        earlier = [
            report for report in usable if _day(report["as_of"], zone) <= start and _row(report, actual)
        ]
        if not earlier:
            continue
        best = min(earlier, key=lambda report: (-parse_time(report["as_of"], zone), report["made_at"]))
        row = _row(best, actual)
        assert row is not None
        record = {name: actual[name] for name in ("period_start", "period_end")}
        record |= {name: best[name] for name in ("as_of", "made_at", "model_version")}
        delay = _day(best["made_at"], zone) - _day(best["as_of"], zone)
        record["is_dated_back"] = delay.days > DATED_BACK_DAYS
        for measure in MEASURES:
            names = (f"{measure}_expected", f"{measure}_p10", f"{measure}_p90")
            record |= {name: row[name] for name in names}
            record[measure] = actual[measure]
        records.append(record)
    return records


def _is_of(report: Mapping[str, Any], kind: str) -> bool:
    options = report["options"]
    return options.get("by") is None and options.get("period", DEFAULT_PERIOD) == kind


def _row(report: Mapping[str, Any], actual: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The report's forecast of the period."""
    rows: Sequence[Mapping[str, Any]] = report["answer"]["periods"]
    same = (
        row
        for row in rows
        if (row["period_start"], row["period_end"]) == (actual["period_start"], actual["period_end"])
    )
    return next(same, None)


def _day(time: str, zone: ZoneInfo) -> date:
    return local_date(parse_time(time, zone), zone)
