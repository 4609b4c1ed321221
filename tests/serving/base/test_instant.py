"""Times of requests: a lost plus is read, a date is its start in the zone, bounds are those of the API."""

from zoneinfo import ZoneInfo

import pytest

from history.text.times import format_time, parse_time
from serving.base.instant import FORM, InvalidInstant, InvalidRowTime, read_instant, read_row_time

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", "2026-01-30T23:00:00Z"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
        ("2026-01-31T09:30:00+02:00", "2026-01-31T07:30:00Z"),
        ("2026-01-31T09:30:00 02:00", "2026-01-31T07:30:00Z"),
        ("2026-01-31T09:30 0200", "2026-01-31T07:30:00Z"),
        ("1990-01-01T00:00:00Z", "1990-01-01T00:00:00Z"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59Z"),
    ],
)
def test_instant_of_a_query(text: str, instant: str) -> None:
    assert format_time(read_instant(text, BERLIN)) == instant


@pytest.mark.parametrize("text", ["", "soon", "1989-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "1700000000"])
def test_other_text_names_its_key_and_the_form(text: str) -> None:
    with pytest.raises(InvalidInstant) as refused:
        read_instant(text, BERLIN, "since")
    assert (refused.value.key, str(refused.value)) == ("since", FORM)
    assert not text or text not in str(refused.value)


def test_row_time_needs_an_offset_and_a_year_from_1990() -> None:
    assert read_row_time("2026-01-31T09:30:00+01:00") == parse_time("2026-01-31T08:30:00Z", BERLIN)
    with pytest.raises(InvalidRowTime, match="with an offset or Z"):
        read_row_time("2026-01-31T09:30:00")
    with pytest.raises(InvalidRowTime, match="before 1990"):
        read_row_time("1989-12-31T23:59:59Z")
