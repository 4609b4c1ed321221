"""The current outages of a store: described until they end, each change logged once."""

import logging

import pytest

from serving.store.errors import StoreSlow, StoreUnavailable
from serving.store.outage_state import QUIET_S, OutageState


def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    seconds = [0.0]
    outages = OutageState(lambda: seconds[0])
    with caplog.at_level(logging.INFO, "leadcast"):
        outages.succeeded("written")
        for _ in range(3):
            assert outages.failed("written", StoreUnavailable("gone")).reason == "gone"
        outages.timed_out("read")
        assert outages.description() == f"cannot be written: gone; cannot be read: {StoreSlow().reason}"
        for seconds[0] in (0.5 * QUIET_S, QUIET_S, 3 * QUIET_S):
            outages.succeeded("written")
            outages.succeeded("read")
    assert [record.message for record in caplog.records] == [
        "the store cannot be written",
        "the store cannot be read",
        "the store can be written again",
        "the store can be read again",
    ]
    assert outages.description() is None
