"""Calendar features agree with the standard library in any zone, on both sides of every clock change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendar import fill, offsets_of
from features.rows import Rows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
]


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001
    st.sampled_from(ZONES),
)
def test_calendar_is_the_zones_own(wall: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    moment = wall.replace(tzinfo=UTC)
    out = np.empty((1, 6))
    at = np.array([_us(moment)])
    fill(Rows(out, np.zeros(1, dtype=np.int64), at), 0, at, zone, True)
    local = moment.astimezone(zone)
    assert out[0, [0, 1, 2, 5]].tolist() == [local.weekday(), local.hour, local.weekday(), local.month]
    assert (local + timedelta(days=int(out[0, 3]))).month == local.month
    assert (local.replace(hour=12) + timedelta(days=int(out[0, 3]) + 1)).day == 1
    end = local.replace(hour=12) + timedelta(days=int(out[0, 4]) + 1)
    assert (end.day, end.month % 3) == (1, 1)


@pytest.mark.parametrize("name", ZONES)
def test_the_table_of_offsets_changes_when_the_zone_does(name: str) -> None:
    zone = ZoneInfo(name)
    starts, offsets = offsets_of(zone)
    for start, offset in zip(starts[1:].tolist(), offsets[1:].tolist(), strict=True):
        moment = EPOCH + timedelta(microseconds=start)
        assert moment.astimezone(zone).utcoffset() == timedelta(microseconds=offset)
        before = (moment - timedelta(seconds=1)).astimezone(zone).utcoffset()
        assert before != timedelta(microseconds=offset)
