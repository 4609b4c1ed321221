"""The service's clock is in microseconds, cut and never rounded up."""

import time

import pytest

from serving.base.clock import clock_us


def test_clock_counts_whole_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_780_000_000_123_456_999)
    assert clock_us() == 1_780_000_000_123_456
