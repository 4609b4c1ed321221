"""Dates as people write them, to ISO 8601; the order of day and month comes from the whole column."""

import pytest

from history.text.time_formats import DAY_FIRST, MONTH_FIRST
from history.text.written_dates import date_order, written_date


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("7 Mar 2026", "2026-03-07"), ("31.12.2026", "2026-12-31"), ("31.12.26", "2026-12-31"),
        ("1.2.85", "1985-02-01"), ("12/31/2026 2:05 PM", "2026-12-31T14:05:00"), ("25/12/2026", "2026-12-25"),
        ("5/5/2026", "2026-05-05"), ("Mar 7, 2026", "2026-03-07"), ("March 7th, 2026", "2026-03-07"),
        ("7-Mar-26", "2026-03-07"), ("7. März 2026", "2026-03-07"), ("7 de marzo de 2026", "2026-03-07"),
        ("7 août 2026", "2026-08-07"), ("2026/3/7", "2026-03-07"), ("2026-3-2 6:49", "2026-03-02T06:49:00"),
        ("2026-03-02 09:00:00 UTC", "2026-03-02T09:00:00Z"), ("2026年3月7日", "2026-03-07"),
        ("Sat, 07 Mar 2026 09:00:00 +0100", "2026-03-07T09:00:00+0100"), ("1 Jan 2026 12:00 am", "2026-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_date_that_leaves_no_choice(text: str, iso: str) -> None:
    assert written_date(text) == iso


def test_order_of_day_and_month_decides() -> None:
    assert written_date("3/4/2026") is None
    assert written_date("3/4/2026", DAY_FIRST) == "2026-04-03"
    assert written_date("3/4/2026", MONTH_FIRST) == "2026-03-04"
    assert written_date("3.4.2026", MONTH_FIRST) == "2026-04-03"


@pytest.mark.parametrize(
    "text", ["", "soon", "12:30", "7 jui 2026", "5 5 2026", "7 people 2026", "march", "1" * 60]
)
def test_other_texts_are_no_dates(text: str) -> None:
    assert written_date(text) is None


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["3/4/2026", "13/4/2026"], DAY_FIRST),
        (["3/4/2026", "4/13/2026"], MONTH_FIRST),
        (["3/4/2026"], None),
        (["13/4/2026", "4/13/2026"], None),
        (["13.4.2026", "7 Mar 2026"], None),
    ],
)
def test_order_by_the_whole_column(texts: list[str], order: str | None) -> None:
    assert date_order(texts) == order
