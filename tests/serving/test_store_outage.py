"""A database server that is stopped and started under writes: outages are told, nothing acknowledged is lost."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from features.config import FunnelConfig
from serving.ingest import read_events
from serving.ingest_store import store_events
from serving.store import Store
from serving.store_errors import StoreUnavailable
from serving.store_leads import PutLead, put_leads
from tests.serving.store_fakes import NOW_US, Clock, event

if TYPE_CHECKING:
    from tests.serving.store_fixtures import Server

pytest_plugins = ["tests.serving.store_fixtures"]
FAR_US = 7_258_118_400_000_000


@pytest.mark.long
@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_restart_of_the_server_loses_nothing(tmp_path: Path, postgres: "Server", mode: str) -> None:
    store = Store(tmp_path, postgres.database(), Clock())
    store.writer.write(put_leads, PutLead("a", NOW_US - 10**12, {}))
    acknowledged: list[str] = []
    refused = 0
    for round_ in range(3):
        for i in range(60):
            if i == 20:
                postgres.stop(mode)
            if i == 40:
                postgres.start()
            name = f"{round_}-{i}"
            sent = read_events({"events": [event(name, "a", {"kind": name})]})
            try:
                acknowledged += [name] * store.writer.write(store_events, sent).accepted
            except StoreUnavailable:
                refused += 1
    history = store.read_leads(["a"], FunnelConfig(), FAR_US)
    assert refused == 60
    assert sorted(history.interactions.kind.values) == sorted(acknowledged)
    assert len(acknowledged) == 120
    store.close()
