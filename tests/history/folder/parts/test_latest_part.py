"""The part with the latest row, found by the times as they are written."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from history.folder.parts.latest_part import LatestPart


def rows(*times: object) -> pa.RecordBatch:
    return pa.record_batch({"lead_id": [str(i) for i in range(len(times))], "entered_at": pa.array(times)})


def latest(*batches: pa.RecordBatch) -> int | None:
    """Of batches whose rows are in parts 0, 1, 2 ..."""
    part = LatestPart()
    for batch in batches:
        part.add("stages", batch, np.arange(len(batch)))
    return part.number


def test_it_is_that_of_the_latest_time_of_all_batches() -> None:
    assert latest(rows("2026-01-02", "2026-01-03T10:00:00Z", None, ""), rows("2026-01-03", "2025-12-31")) == 1
    assert latest(rows("2026-01-02"), rows("2026-01-01", "2026-01-03 10:00", "2026-01-02T11:00")) == 1


def test_typed_times_count() -> None:
    first = datetime(2026, 1, 2, tzinfo=UTC)
    assert latest(rows(first, first + timedelta(hours=1), None)) == 1
    berlin = rows(
        *(time.astimezone(ZoneInfo("Europe/Berlin")) for time in (first, first + timedelta(hours=1)))
    )
    assert latest(berlin, rows("2026-01-02T00:30:00")) == 1
    assert latest(rows(first.date(), first.date() + timedelta(days=1))) == 1


def test_times_of_other_forms_tell_nothing() -> None:
    assert latest() is None
    assert latest(rows("31.12.2026", "soon", None)) is None
    assert latest(rows(None, None)) is None
    assert latest(rows(20261231, 7)) is None
    assert latest(rows(["2026-12-31"])) is None
