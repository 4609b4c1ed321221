"""Usual periods as links: calendar bounds, exclusive ends, other fields kept, the shown one marked."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from serving.pages.reports.date_presets import presets, since_presets


def spans(today: date) -> dict[str, tuple[str, str]]:
    queries = {p.name: parse_qs(urlsplit(p.href).query) for p in presets("/funnel", {}, today)}
    return {name: (query["from"][0], query["to"][0]) for name, query in queries.items() if query}


@pytest.mark.parametrize(
    ("today", "name", "start", "end"),
    [
        (date(2026, 1, 15), "last_month", "2025-12-01", "2026-01-01"),
        (date(2026, 12, 31), "this_month", "2026-12-01", "2027-01-01"),
        (date(2026, 11, 29), "this_quarter", "2026-10-01", "2027-01-01"),
        (date(2026, 3, 1), "last_90_days", "2025-12-02", "2026-03-02"),
        (date(2024, 2, 29), "this_year", "2024-01-01", "2025-01-01"),
    ],
)
def test_bounds_are_those_of_the_calendar(today: date, name: str, start: str, end: str) -> None:
    assert spans(today)[name] == (start, end)


def test_other_fields_stay_and_the_shown_period_is_marked() -> None:
    fields = {"from": "2026-11-01", "to": "2026-12-01", "by": "so&urce"}
    links = presets("/funnel", fields, date(2026, 11, 29))
    assert [link.name for link in links if link.is_current] == ["this_month"]
    assert all(parse_qs(urlsplit(link.href).query)["by"] == ["so&urce"] for link in links)
    assert [link.name for link in presets("/funnel", {}, date(2026, 11, 29)) if link.is_current] == [
        "everything"
    ]


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (date(2026, 11, 17), "2026-11-16"),
        (date(2026, 11, 16), "2026-11-09"),
        (date(2026, 3, 1), "2026-02-23"),
    ],
)
def test_changes_since_monday_span_at_least_a_day(today: date, monday: str) -> None:
    links = since_presets("/forecast", {"by": "stage", "since": monday}, today)
    assert [link.name for link in links if link.is_current] == ["since_monday"]
    assert parse_qs(urlsplit(links[0].href).query) == {"by": ["stage"], "since": [monday]}
    assert parse_qs(urlsplit(links[1].href).query) == {"by": ["stage"]}, (
        "a week is what the page shows by itself"
    )
