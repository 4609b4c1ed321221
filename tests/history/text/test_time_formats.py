"""Formats of times: their patterns, the order of day and month, and what cannot be read."""

import re

import pytest

from history.text.time_formats import DAY_FIRST, MONTH_FIRST, format_pattern, format_problem, order_of_format


@pytest.mark.parametrize(
    ("time_format", "order"),
    [("%d/%m/%Y", DAY_FIRST), ("%m/%d/%Y", MONTH_FIRST), ("%d %b %Y", DAY_FIRST), ("%B %d, %Y", MONTH_FIRST)],
)
def test_order_of_day_and_month(time_format: str, order: str) -> None:
    assert order_of_format(time_format) == order


def test_pattern_matches_whole_texts_and_literal_marks() -> None:
    pattern = re.compile(format_pattern("%d.%m.%Y (%H:%M) 100%%"))
    match = pattern.match("07.03.2026  (05:06) 100%")
    assert match is not None
    assert match.groupdict() == {"day": "07", "month": "03", "year": "2026", "hour": "05", "minute": "06"}
    assert pattern.match("07-03-2026 (05:06) 100%") is None
    assert pattern.match("07.03.2026 (05:06) 100% x") is None


@pytest.mark.parametrize(
    "time_format", ["", "%d/%m", "%d/%m/%Y %Q", "%d %d %m %Y", "%Y %y %m %d", "%", None, 7]
)
def test_unusable_format_has_a_problem(time_format: object) -> None:
    assert format_problem(time_format) is not None


def test_usable_format_has_none() -> None:
    assert format_problem("%Y-%m-%d") is None
