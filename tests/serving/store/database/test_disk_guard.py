"""Low-disk guard: writes stop before the disk is full, and a full disk loses nothing."""

from pathlib import Path

import pytest

from serving.store.database import disk_guard
from serving.store.database.disk_guard import BALLAST, DiskGuard
from serving.store.errors import DiskFull
from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US, Clock


def put(name: str, note: str = "") -> PutLead:
    return PutLead(name, NOW_US - 10**12, {"note": note})


def test_below_the_floor_only_reads_work(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    store.engine.disk = DiskGuard(tmp_path, floor_bytes=1 << 60)
    with pytest.raises(DiskFull):
        store.writer.write(put_leads, put("b"))
    assert store.count_leads() == 1
    store.engine.disk = DiskGuard(tmp_path, floor_bytes=0)
    assert store.writer.write(put_leads, put("b")) == "created"
    store.close()


def test_full_disk_loses_nothing_and_frees_the_ballast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_guard, "BALLAST_BYTES", 4096)
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    assert (tmp_path / BALLAST).exists()
    _limit_pages(store, more_pages=0)
    acknowledged = 0
    with pytest.raises(DiskFull):  # noqa: PT012
        for i in range(1000):
            store.writer.write(put_leads, put(f"l{i}", note="x" * 2000))
            acknowledged += 1
    assert not (tmp_path / BALLAST).exists()
    assert store.count_leads() == 1 + acknowledged
    _limit_pages(store, more_pages=1_000_000)
    assert store.writer.write(put_leads, put("later")) == "created"
    store.close()


def _limit_pages(store: Store, more_pages: int) -> None:
    """Limits the database's size, whose excess is the same error as a full disk."""
    with store.engine.writing() as connection:
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + more_pages}")
