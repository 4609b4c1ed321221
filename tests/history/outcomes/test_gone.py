"""A lead of a request, or a single stored one, that is gone: nothing that follows brings it back but an open row."""

from typing import Any

import numpy as np
import pytest

from history.config.config import FunnelConfig
from history.history import GONE, LOST, OPEN, WON, History, Outcomes, empty_factor
from history.outcomes.gone import end_with_gone, without_gone
from history.read import parse_time, read_records
from history.snapshot import open_leads, state_at

CREATED = {"created_at": "2026-03-01T00:00:00Z"}
GONE_ROW = {"outcome": "gone", "closed_at": "2026-03-05T00:00:00Z"}


def read(*leads: dict[str, Any], as_of: str = "2026-04-01") -> History:
    records = [{"lead_id": str(i), **CREATED, **lead} for i, lead in enumerate(leads)]
    history, refusals = read_records(records, FunnelConfig(), parse_time(as_of, FunnelConfig().zone))
    assert refusals == [None] * len(leads)
    return history


def states(history: History) -> list[int]:
    n = len(history)
    result: list[int] = state_at(history, np.arange(n), np.full(n, history.as_of_us)).tolist()
    return result


def test_a_gone_lead_of_a_request_is_neither_open_nor_decided() -> None:
    entries = [{"stage": "Closed Won", "entered_at": f"2026-03-{day}T00:00:00Z"} for day in ("03", "09")]
    leads: tuple[dict[str, Any], ...] = ({"outcome": GONE_ROW}, {"outcome": GONE_ROW, "stages": entries}, {})
    history = read(*leads)
    assert states(history) == [GONE, GONE, OPEN]
    assert open_leads(history, history.as_of_us).lead.tolist() == [2]
    assert states(read(*leads, as_of="2026-03-04")) == [OPEN, WON, OPEN]
    left = without_gone(history)
    assert list(left.lead_ids) == ["2"]
    assert len(left.outcomes.time_us) == 0


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([GONE, WON, LOST], [GONE]),
        ([WON, GONE, LOST, OPEN, LOST], [WON, GONE, OPEN, LOST]),
        ([GONE, OPEN, GONE, WON], [GONE, OPEN, GONE]),
        ([WON, LOST], [WON, LOST]),
    ],
)
def test_wins_and_losses_end_with_gone(rows: list[int], expected: list[int]) -> None:
    n = len(rows)
    times = np.arange(2 * n)
    outcomes = Outcomes(
        offsets=np.array([0, n, 2 * n]),
        time_us=times,
        known_us=times,
        state=np.array([*rows, *[WON] * n], dtype=np.int8),
        amount=np.full(2 * n, np.nan),
        reason=empty_factor(2 * n),
        implied=np.zeros(2 * n, dtype=np.bool_),
    )
    ended = end_with_gone(outcomes)
    assert ended.state[: ended.offsets[1]].tolist() == expected
    assert ended.state[ended.offsets[1] :].tolist() == [WON] * n
