"""Times and numbers as people write them: the whole column decides, or nobody guesses."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from connectors.values import (
    DAY_FIRST,
    MONTH_FIRST,
    DateOrder,
    decimal_mark,
    end_of_day,
    read_numbers,
    read_times,
)

BERLIN = ZoneInfo("Europe/Berlin")


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("3/31/2026", MONTH_FIRST, "2026-03-31"),
        ("3/31/2026 2:05 PM", MONTH_FIRST, "2026-03-31 14:05"),
        ("3/31/26, 12:05 AM", MONTH_FIRST, "2026-03-31 00:05"),
        ("31/03/2026 14:05:09", DAY_FIRST, "2026-03-31 14:05:09"),
        ("31.03.2026", None, "2026-03-31"),
        ("1.2.2026 08:00", None, "2026-02-01 08:00"),
        ("5/5/2026", None, "2026-05-05"),
        ("2026-03-31T14:05:00.000+0000", None, "2026-03-31 14:05"),
        ("2026-03-31 14:05:00 UTC", None, "2026-03-31 14:05"),
        ("2026-3-1 6:49:18", None, "2026-03-01 06:49:18"),
        ("1774965900000", None, "2026-03-31 14:05"),
    ],
)
def test_time_is_read_as_people_write_it(text: str, order: str | None, expected: str) -> None:
    read = read_times(pa.array([text, None]), ZoneInfo("UTC"), order)
    assert read.us[0] == us(expected)
    assert read.known.tolist() == [True, False]


@pytest.mark.parametrize("text", ["13/13/2026", "2/30/2026", "1/2/3", "soon", "4/5/2026", "99/99/9999"])
def test_a_time_that_means_none_is_not_read(text: str) -> None:
    assert not read_times(pa.array([text]), ZoneInfo("UTC"), None).known.any()


def test_local_time_is_in_the_zone_of_the_export() -> None:
    read = read_times(pa.array(["31.07.2026 14:00"]), BERLIN, None)
    assert read.us[0] == us("2026-07-31 12:00")


def test_end_of_a_short_day_is_its_last_microsecond() -> None:
    read = read_times(pa.array(["2026-03-29"]), BERLIN, None)  # 23 hours
    assert end_of_day(read.us, BERLIN)[0] == us("2026-03-29 22:00") - 1


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([["1/2/2026", "3/31/2026"]], MONTH_FIRST),
        ([["1/2/2026"], ["31/3/2026"]], DAY_FIRST),
        ([["1/2/2026", "3/4/2026"]], None),
        ([["31/3/2026", "3/31/2026"]], None),
        ([["2026-01-02"]], None),
    ],
)
def test_order_of_day_and_month_is_evidence(columns: list[list[str]], expected: str | None) -> None:
    evidence = DateOrder()
    for column in columns:
        evidence.add(pa.array(column), "a column")
    assert evidence.decided() == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["$1,234.00", "(500)"], [1234.0, -500.0]),
        (["1.234,50 EUR", "7 EUR"], [1234.5, 7.0]),
        (["1 234,5", "12\u202f000,0"], [1234.5, 12000.0]),
        (["CHF 1'234.50"], [1234.5]),
        (["1234.5", "3"], [1234.5, 3.0]),
        (["1,234", "99.5"], [1234.0, 99.5]),
        (["45%", "1,000,000"], [45.0, 1_000_000.0]),
    ],
)
def test_numbers_are_read_by_the_whole_column(texts: list[str], expected: list[float]) -> None:
    read = read_numbers(pa.array(texts))
    assert read.value.tolist() == expected
    assert read.good.all()


@pytest.mark.parametrize(
    "texts", [["1.234"], ["1,234"], ["1,2 Mio"], ["n/a"], ["-"], ["12k"], ["1.234", "2,5", "1.5"]]
)
def test_a_number_that_may_be_two_is_not_read(texts: list[str]) -> None:
    assert not read_numbers(pa.array(texts)).good[0]


def test_decimal_mark_settles_an_open_column() -> None:
    assert decimal_mark(["1.234"]) is None
    assert read_numbers(pa.array(["1.234"]), ",").value.tolist() == [1234.0]
    assert read_numbers(pa.array(["1.234"]), ".").value.tolist() == [1.234]
