"""Local times: read by the evidence of the whole column or by a format, else left open."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from history.folder.values.local_times import count_dates, read_column, read_times
from history.text.date_order import DateOrder
from history.text.time_formats import DAY_FIRST, MONTH_FIRST
from history.text.times import format_time
from tests.builders.csv_folder import counts, read

UTC_ZONE = ZoneInfo("UTC")
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
        ("2026-03-31 14:05:00 +0000", None, "2026-03-31 14:05"),
        ("2026-03-31 14:05 GMT", None, "2026-03-31 14:05"),
        ("2026-03-31 14:05:00 -02:30", None, "2026-03-31 16:35"),
        ("2026-3-1 6:49:18", None, "2026-03-01 06:49:18"),
        ("2026-3-2 6:49", None, "2026-03-02 06:49"),
        ("2026-3-2", None, "2026-03-02"),
        ("2026/3/2 9:05", None, "2026-03-02 09:05"),
        ("2026年3月2日", None, "2026-03-02"),
        ("Mar 2, 2026 9:05 PM", None, "2026-03-02 21:05"),
        ("Monday, 2 March 2026", None, "2026-03-02"),
    ],
)
def test_time_is_read_as_people_write_it(text: str, order: str | None, expected: str) -> None:
    read = read_times(pa.array([text, None]), UTC_ZONE, order)
    assert read.us[0] == us(expected)
    assert read.known.tolist() == [True, False]


@pytest.mark.parametrize("text", ["13/13/2026", "2/30/2026", "1/2/3", "soon", "4/5/2026", "99/99/9999"])
def test_a_time_that_means_none_is_not_read(text: str) -> None:
    assert not read_times(pa.array([text]), UTC_ZONE, None).known.any()


def test_dates_with_names_of_months_are_bare_dates() -> None:
    read = read_times(pa.array(["2 Mar 2026", "2 Mar 2026 9:05", "2026/3/2", "soon"]), UTC_ZONE, None)
    assert read.is_date.tolist() == [True, False, True, False]
    assert read.known.tolist() == [True, True, True, False]


def test_local_time_is_in_the_zone_of_the_export() -> None:
    read = read_times(pa.array(["31.07.2026 14:00"]), BERLIN, None)
    assert read.us[0] == us("2026-07-31 12:00")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([["1/2/2026", "3/31/2026"]], MONTH_FIRST),
        ([["1/2/2026"], ["31/3/2026"]], DAY_FIRST),
        ([["1/2/2026", "3/4/2026"]], None),
        ([["31/3/2026", "3/31/2026"]], None),
        ([["31.3.2026"], ["1/2/2026"]], None),
        ([["2026-01-02"]], None),
    ],
)
def test_order_of_day_and_month_is_evidence(columns: list[list[str]], expected: str | None) -> None:
    evidence = DateOrder()
    for column in columns:
        count_dates(evidence, pa.array(column), "a column")
    assert evidence.decided() == expected


@pytest.mark.parametrize(
    ("time_format", "text", "expected"),
    [
        ("%d/%m/%Y", "3/4/2026", "2026-04-03"),
        ("%m/%d/%Y", "3/4/2026", "2026-03-04"),
        ("%d/%m/%Y %H:%M", "03/04/2026 15:30", "2026-04-03 15:30"),
        ("%d/%m/%Y %H:%M", "03/04/2026", "2026-04-03"),
        ("%d/%m/%Y %H:%M", "2026-04-03T15:30", "2026-04-03 15:30"),
        ("%Y%m%d", "20260403", "2026-04-03"),
        ("%d %b %Y", "7 Mar 2026", "2026-03-07"),
        ("%B %d, %Y", "March 7, 2026", "2026-03-07"),
        ("%b %d, %Y %I:%M %p", "Mar 7, 2026  1:05 PM", "2026-03-07 13:05"),
        ("%d.%m.%y %H:%M:%S.%f", "07.03.69 01:02:03.5", "2069-03-07 01:02:03.5"),
        ("%Y/%m/%d %H:%M:%S%z", "2026/03/07 12:00:00+02:00", "2026-03-07 10:00"),
    ],
)
def test_format_of_the_file(time_format: str, text: str, expected: str) -> None:
    times = read_column(pa.array([text, "2026-01-01"]), UTC_ZONE, time_format)
    assert times.us[0] == us(expected)
    assert times.known.all()


@pytest.mark.parametrize("text", ["30 Feb 2026", "7 Foo 2026", "7 Mar 2026 25:00", "Mar 2026"])
def test_text_that_no_format_gives_a_time_is_not_read(text: str) -> None:
    for time_format in ("%d %b %Y", "%d %b %Y %H:%M"):
        assert not read_column(pa.array([text]), UTC_ZONE, time_format).known.any()


def test_time_by_a_format_is_in_the_zone() -> None:
    times = read_column(pa.array(["7 Jul 2026 12:00"]), BERLIN, "%d %b %Y %H:%M")
    assert format_time(times.us[0]) == "2026-07-07T10:00:00Z"


def test_bare_dates_are_told_from_times() -> None:
    texts = ["2026-01-01", "31.1.2026", "2026-1-2", "31.1.2026 00:00", "2026-01-01T00:00"]
    times = read_column(pa.array(texts), UTC_ZONE, None)
    assert times.known.all()
    assert times.is_date.tolist() == [True, True, True, False, False]


def test_numbers_are_no_times() -> None:
    assert not read_column(pa.array(["1774965900000", "45000", "20260101"]), UTC_ZONE, None).known.any()


LEADS = "lead_id,created_at\na,{}\nb,{}\n"


@pytest.mark.parametrize(
    ("dates", "flag", "created"),
    [
        (("1/2/2026", "31/1/2026"), "day_first", "2026-02-01T00:00:00Z"),
        (("1/2/2026", "1/31/2026"), "month_first", "2026-01-02T00:00:00Z"),
    ],
)
def test_order_by_the_column_is_counted(
    dates: tuple[str, str], flag: str, created: str, tmp_path: Path
) -> None:
    history = read(tmp_path, {"leads.csv": LEADS.format(*dates)})
    assert format_time(history.created_us[0]) == created
    assert counts(history.reports["leads"], flagged=True) == {flag: 2}


def test_open_order_is_settled_by_funnel_toml(tmp_path: Path) -> None:
    files = {"leads.csv": LEADS.format("1/2/2026", "2026-01-05")}
    rejected = read(tmp_path, files).reports["leads"].rejected
    assert [(rows.rule, rows.value) for rows in rejected] == [("unclear_time", "1/2/2026")]
    for toml in ('[formats]\ndatetime = "%d/%m/%Y"', '[formats.leads]\ndatetime = "%d/%m/%Y"'):
        history = read(tmp_path, {**files, "funnel.toml": toml})
        assert format_time(history.created_us[0]) == "2026-02-01T00:00:00Z"
        assert history.reports["leads"].flagged == ()


def test_local_closing_date_is_the_end_of_its_day(tmp_path: Path) -> None:
    outcomes = "lead_id,outcome,closed_at\na,won,31.1.2026\n"
    history = read(tmp_path, {"outcomes.csv": outcomes})
    assert format_time(history.outcomes.time_us[0]) == "2026-01-31T23:59:59.999999Z"
