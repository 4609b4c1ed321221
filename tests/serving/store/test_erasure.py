"""Erasing a lead leaves no byte of it in any file, and changes nothing else."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from serving.store import async_store
from serving.store.async_store import QUICK_ERASURE_TRIES, AsyncStore
from serving.store.events import store_events
from serving.store.leads.leads import PutLead, erase_leads, put_leads
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US, Clock, event, read_events

pytest_plugins = ["tests.builders.service.store_fixtures"]
LEADS = 120


def canary(lead: int) -> str:
    return f"canary{lead}person@example.com"


def fill(store: Store, seed: int) -> None:
    """Rows of many sizes in random order, so that pages are split where rows were."""
    draw = random.Random(seed)
    for i in draw.sample(range(LEADS), LEADS):
        values = {"email": canary(i), "note": canary(i) + "x" * draw.randrange(6000)}
        store.writer.write(put_leads, PutLead(canary(i), NOW_US - 10**13, values))
    for batch in range(10):
        events = []
        for k in range(100):
            i = draw.randrange(LEADS)
            name = f"{canary(i)}-{batch}-{k}"
            choices: list[tuple[str, dict[str, Any]]] = [
                (
                    "interaction",
                    {"kind": name, "interaction_id": name, "channel": "y" * draw.randrange(400) + name},
                ),
                ("stage", {"stage": name}),
                ("outcome", {"outcome": "lost", "reason": name * draw.randrange(1, 30)}),
                ("attributes", {"email": name + "z" * draw.randrange(3000), name: 1}),
            ]
            kind, data = draw.choice(choices)
            events.append(event(name, canary(i), data, kind))
        store.writer.write(store_events, read_events({"events": events}))


def files_with(home: Path, text: str) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize("seed", range(2))
def test_no_byte_of_an_erased_lead_is_in_any_file(tmp_path: Path, seed: int) -> None:
    store = Store(tmp_path, now_us=Clock())
    other = Store(tmp_path, now_us=Clock())  # as another process, with cached pages
    fill(store, seed)
    other.writer.write(put_leads, PutLead("other", NOW_US, {}))
    assert files_with(tmp_path, canary(7))
    erased = random.Random(seed).sample(range(LEADS), 15)
    for i in erased:
        assert store.writer.write(erase_leads, canary(i)) is True
        assert store.engine.erase_traces()
        assert files_with(tmp_path, canary(i)) == []
        other.writer.write(put_leads, PutLead("other", NOW_US, {"n": i}))
        store.writer.write(put_leads, PutLead(f"new{i}", NOW_US, {"note": "w" * 500}))
    assert not any(files_with(tmp_path, canary(i)) for i in erased)
    assert all(files_with(tmp_path, canary(i)) for i in range(LEADS) if i not in erased)
    store.close()
    other.close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_erased_lead_can_be_created_again(store: Store) -> None:
    first = PutLead("a", NOW_US - 10**12, {"owner": "Ann"})
    store.writer.write(put_leads, first)
    sent = read_events({"events": [event("1", "a", {"kind": "call"})]})
    store.writer.write(store_events, sent)
    assert store.writer.write(erase_leads, "a") is True
    assert store.writer.write(erase_leads, "a") is False
    assert store.writer.write(store_events, sent).rejected[0].problems[0].code == "unknown_lead"
    store.writer.write(put_leads, first)
    assert store.writer.write(store_events, sent).accepted == 1


def test_erasure_does_not_wait_for_a_reader(store: Store) -> None:
    if store.engine.path is None:
        pytest.skip("only a file has traces to erase")
    store.writer.write(put_leads, PutLead("a", NOW_US, {}))
    with store.engine.reading() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM leads").all()
        store.writer.write(erase_leads, "a")
        assert store.engine.erase_traces() is False
    assert store.engine.erase_traces() is True


def test_erasure_goes_on_until_readers_release_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gave up after some seconds, and erased rows stayed in the file until the next erasure."""
    monkeypatch.setattr(async_store, "ERASURE_PAUSE_S", 0.0)
    monkeypatch.setattr(async_store, "LONG_ERASURE_PAUSE_S", 0.0)
    results: list[bool] = []

    def held() -> bool:
        results.append(len(results) == 2 * QUICK_ERASURE_TRIES)
        return results[-1]

    async def erase() -> None:
        service = AsyncStore(tmp_path, None, lambda: None)
        async with service.running():
            monkeypatch.setattr(service.store.engine, "erase_traces", held)
            await service.erase_traces()
            await asyncio.gather(*service._erasures)

    asyncio.run(erase())
    assert results == [False] * 2 * QUICK_ERASURE_TRIES + [True]


def test_unfinished_erasure_does_not_delay_the_shutdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_store, "WRITE_TIMEOUT_S", 0.0)
    service = AsyncStore(tmp_path, None, lambda: None)

    async def erase() -> None:
        async with service.running():
            monkeypatch.setattr(service.store.engine, "erase_traces", lambda: False)
            await service.erase_traces()
            assert service._erasures

    asyncio.run(erase())
    assert not service._erasures
