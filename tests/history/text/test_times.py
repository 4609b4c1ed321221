"""Times: one reading of a text, however many are read at once; zones by the rule of the first reading."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.base.errors import InvalidInput
from history.text.times import format_time, from_local, next_month, parse_time, parse_times, read_rfc_3339

UTC_ZONE = ZoneInfo("UTC")
ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe")
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
walls = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1))  # noqa: DTZ001
endings = st.sampled_from(["", "Z", "z", "+00:00", "-00:00", "+05:30", "-0330", "+02"])
forms = st.sampled_from(["date", "minutes", "seconds", "fraction"])


@st.composite
def iso_texts(draw: st.DrawFn) -> str:
    wall, form = draw(walls), draw(forms)
    if form == "date":
        return wall.date().isoformat()
    text = wall.isoformat(draw(st.sampled_from("Tt ")), "minutes" if form == "minutes" else "seconds")
    if form == "fraction":
        text += draw(st.sampled_from(".,")) + draw(st.text("0123456789", min_size=1, max_size=9))
    return text + draw(endings)


junk = st.one_of(st.text(max_size=30), st.text("0123456789-:TZ+. ", max_size=30), st.sampled_from(NOT_TIMES := [
    "", "1700000000", "1700000000000", "03/04/2026", "2026-03-01T09:30:60Z", "2026-02-29", "2026-13-01", "2026-00-10",
    "2026-03-01T24:00", "2026-03-01T09", "2026-03-01T09:30:00+24:00", "2026-W10-1", "20260301", "2026-03-01Z", "now",
    "NaT", "2026-03-01T09:30:00.Z", "0000-01-01", "２０２６-03-01",
]))  # fmt: skip


def scalar(text: str, zone: ZoneInfo) -> int | None:
    try:
        return parse_time(text, zone)
    except InvalidInput:
        return None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(iso_texts(), junk), min_size=1, max_size=60), st.sampled_from(ZONES))
def test_many_at_once_read_as_one_by_one(texts: list[str], zone: ZoneInfo) -> None:
    us, good = parse_times(texts, zone)
    assert [int(u) if g else None for u, g in zip(us, good, strict=True)] == [
        scalar(text, zone) for text in texts
    ]


@given(iso_texts())
def test_every_iso_form_is_a_time(text: str) -> None:
    assert scalar(text, UTC_ZONE) is not None


@pytest.mark.parametrize("text", NOT_TIMES)
def test_what_is_no_iso_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="ISO 8601"):
        parse_time(text, UTC_ZONE)


@given(st.integers(631_152_000_000_000, 253_402_300_799_999_999))
def test_what_is_written_reads_back_to_the_microsecond(us: int) -> None:
    assert parse_time(format_time(us), UTC_ZONE) == us
    assert read_rfc_3339(format_time(us)) == us


@settings(deadline=None)
@given(walls, st.sampled_from(ZONES))
def test_a_time_without_offset_is_in_the_zone(wall: datetime, zone: ZoneInfo) -> None:
    """In an overlap the first reading, in a gap the later: what PEP 495 calls fold 0."""
    expected = (wall.replace(tzinfo=zone, fold=0) - EPOCH) // timedelta(microseconds=1)
    assert parse_time(wall.isoformat(), zone) == expected
    local = (wall.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert from_local(np.array([local], dtype=np.int64), zone).tolist() == [expected]


def test_gap_overlap_and_date_in_berlin() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert format_time(parse_time("2026-03-29T02:30", berlin)) == "2026-03-29T01:30:00Z"
    assert format_time(parse_time("2026-10-25T02:30", berlin)) == "2026-10-25T00:30:00Z"
    assert format_time(parse_time("2026-03-01", berlin)) == "2026-02-28T23:00:00Z"


def test_readings_of_an_overlap_differ_only_by_their_offset() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = parse_time("2026-10-25T02:30+02:00", berlin)
    assert parse_time("2026-10-25T02:30", berlin) == first
    assert parse_time("2026-10-25T02:30+01:00", berlin) == first + 3_600_000_000


def test_a_request_time_needs_seconds_and_an_offset() -> None:
    assert [
        read_rfc_3339(t) is None
        for t in ("2026-03-01T09:30:00", "2026-03-01T09:30Z", "2026-03-01", "2026-03-01T09:30:00Z")
    ] == [
        True,
        True,
        True,
        False,
    ]


def test_a_month_later_is_the_same_wall_clock_or_the_last_day() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    starts = [parse_time(text, berlin) for text in ("2026-03-01", "2026-01-31", "2026-12-15", "2024-01-30")]
    ends = [parse_time(text, berlin) for text in ("2026-04-01", "2026-02-28", "2027-01-15", "2024-02-29")]
    assert next_month(np.array(starts, dtype=np.int64), berlin).tolist() == ends
