"""Calendar features agree with the standard library in any zone, on both sides of every clock change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendar import (
    AS_OF_MONTH,
    AS_OF_WEEKDAY,
    CREATED_HOUR,
    CREATED_WEEKDAY,
    DAYS_TO_MONTH_END,
    DAYS_TO_QUARTER_END,
    Calendar,
    write_calendar,
    zone_offsets,
)
from history.snapshot import Snapshot
from tests.builders.leads.lead_histories import Lead, history_of

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
def test_calendar_agrees_with_the_standard_library(wall: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    moment = wall.replace(tzinfo=UTC)
    now = _us(moment)
    rows = Snapshot(history_of([Lead(created=now)], now), np.array([0]), np.array([now]))
    out = np.empty((1, 6))
    write_calendar(out, 0, rows, Calendar(zone, has_month=True))

    local = moment.astimezone(zone)
    noon = local.replace(hour=12)  # whole days from noon stay on the same day across a clock change
    columns = [CREATED_WEEKDAY, CREATED_HOUR, AS_OF_WEEKDAY, AS_OF_MONTH]
    assert out[0, columns].tolist() == [local.weekday(), local.hour, local.weekday(), local.month]
    to_month_end, to_quarter_end = int(out[0, DAYS_TO_MONTH_END]), int(out[0, DAYS_TO_QUARTER_END])
    assert (local + timedelta(days=to_month_end)).month == local.month
    assert (noon + timedelta(days=to_month_end + 1)).day == 1
    end = noon + timedelta(days=to_quarter_end + 1)
    assert (end.day, end.month % 3) == (1, 1)


@pytest.mark.parametrize("name", ZONES)
def test_offsets_change_at_the_second_the_zone_changes(name: str) -> None:
    zone = ZoneInfo(name)
    starts, offsets = zone_offsets(zone)
    for start, offset in zip(starts[1:].tolist(), offsets[1:].tolist(), strict=True):
        moment = EPOCH + timedelta(microseconds=start)
        assert moment.astimezone(zone).utcoffset() == timedelta(microseconds=offset)
        before = (moment - timedelta(seconds=1)).astimezone(zone).utcoffset()
        assert before != timedelta(microseconds=offset)
