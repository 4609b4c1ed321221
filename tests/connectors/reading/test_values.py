"""Values of exports: milliseconds since 1970, dates at midnight, and the end of a day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from connectors.reading.values import end_of_day, read_times, without_errors
from history.text.times import format_time

BERLIN = ZoneInfo("Europe/Berlin")


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def test_milliseconds_since_1970_are_a_time() -> None:
    read = read_times(pa.array(["1774965900000", None]), ZoneInfo("UTC"), None)
    assert read.us[0] == us("2026-03-31 14:05")
    assert read.known.tolist() == [True, False]


def test_days_of_a_spreadsheet_are_local_times() -> None:
    """Saved as CSV without a format, 2026-03-31 09:30 is 46112.395833."""
    read = read_times(pa.array(["46112.395833", "46112", "46112,5", None, "12", "2026-03-31"]), BERLIN, None)
    assert [format_time(us)[:16] for us in read.us[read.known].tolist()] == [
        "2026-03-31T07:30", "2026-03-30T22:00", "2026-03-31T10:00", "2026-03-30T22:00",
    ]  # fmt: skip
    assert read.is_date.tolist() == [False, True, False, False, False, True]


def test_date_at_midnight_is_a_bare_date() -> None:
    texts = ["2026-03-31 00:00:00", "2026-03-31", "31.03.2026", "2026-03-31 08:00", "2026-03-31T00:00:00Z"]
    assert read_times(pa.array(texts), BERLIN, None).is_date.tolist() == [True, True, True, False, False]


def test_end_of_a_short_day_is_its_last_microsecond() -> None:
    read = read_times(pa.array(["2026-03-29"]), BERLIN, None)  # 23 hours
    assert end_of_day(read.us, BERLIN)[0] == us("2026-03-29 22:00") - 1


def test_errors_of_a_spreadsheet_are_no_values() -> None:
    texts = pa.chunked_array(
        [["#N/A", "#WERT!", "#DIV/0!", "#¿NOMBRE?", "#NV", "#1", "#FFF", "#Ref", None, "x"]]
    )
    kept, errors = without_errors(texts)
    assert kept.to_pylist() == [None] * 5 + ["#1", "#FFF", "#Ref", None, "x"]
    assert errors == 5
