"""Group commit: each job gets its own result, fails alone, and is committed before the writer ends."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from serving.store.database import writer
from serving.store.database.transaction import Transaction
from serving.store.errors import StoreUnavailable
from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US, Clock

pytest_plugins = ["tests.builders.service.store_fixtures"]
ROOT = Path(__file__).parents[4]


def put(name: str) -> PutLead:
    return PutLead(name, NOW_US - 10**12, {})


def failing(_transaction: Transaction, payloads: Sequence[Any]) -> Sequence[Any]:
    raise ZeroDivisionError


def test_each_job_gets_its_own_result(store: Store) -> None:
    futures = [store.writer.submit(put_leads, put(f"l{i % 5}")) for i in range(20)]
    assert [future.result() for future in futures] == ["created"] * 5 + ["unchanged"] * 15


def test_failing_job_fails_alone(store: Store) -> None:
    futures: list[Future[Any]] = []
    for i in range(10):
        futures.append(store.writer.submit(put_leads, put(f"l{i}")))
        futures.append(store.writer.submit(failing, None))
    assert [future.result() for future in futures[::2]] == ["created"] * 10
    assert all(isinstance(future.exception(), ZeroDivisionError) for future in futures[1::2])
    assert store.count_leads() == 10


def test_full_queue_refuses_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 10)
    gate = threading.Event()

    def waiting(_transaction: Transaction, payloads: Sequence[Any]) -> Sequence[Any]:
        gate.wait()
        return payloads

    first = store.writer.submit(waiting, None)
    with pytest.raises(StoreUnavailable):
        store.writer.submit(put_leads, put("a"), weight=10)
    gate.set()
    first.result()
    assert store.writer.write(put_leads, put("a")) == "created"
    assert store.writer.waiting <= 1


def test_empty_queue_takes_a_job_of_any_weight(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand events of sixty attributes each were refused at every retry."""
    monkeypatch.setattr(writer, "MAX_WAITING", 10)
    assert store.writer.write(put_leads, put("a"), weight=11) == "created"


def test_writer_survives_an_outage_during_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints: list[int] = []

    def checkpoint() -> None:
        checkpoints.append(1)
        raise StoreUnavailable("away")

    monkeypatch.setattr(writer, "CHECKPOINT_ROWS", 3)
    with closing(Store(tmp_path, now_us=Clock())) as store:
        monkeypatch.setattr(store.engine, "checkpoint", checkpoint)
        for i in range(3):
            assert not checkpoints
            store.writer.write(put_leads, put(f"l{i}"))
        assert store.writer.write(put_leads, put("after")) == "created"
    assert checkpoints


def test_checkpoints_come_oftener_while_few_rows_do(store: Store) -> None:
    """A checkpoint holds up what comes meanwhile; while many rows wait, longer ones write less."""
    store.writer._last_checkpoint = writer._Span(10.0, 10.1)
    few, many = 1, writer.CHECKPOINT_ROWS
    calm, busy = writer.CALM_CHECKPOINT_TIME_SHARE, writer.CHECKPOINT_TIME_SHARE
    for rows, share in ((few, calm), (many, busy)):
        due = 10.1 + 0.1 / share
        assert not store.writer._may_checkpoint(due - 0.01, rows)
        assert store.writer._may_checkpoint(due + 0.01, rows)
    store.writer._queue.put(None)  # something waits
    assert not store.writer._may_checkpoint(10.1 + 0.1 / calm + 0.01, few)
    assert store.writer._may_checkpoint(10.1 + 0.1 / busy + 0.01, few)


def test_close_commits_queued_jobs(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    futures = [store.writer.submit(put_leads, put(f"l{i}")) for i in range(50)]
    store.close()
    assert all(future.result() == "created" for future in futures)


HANGING_WRITER = """
import sys
from pathlib import Path
from serving.store.store import Store
store = Store(Path(sys.argv[1]))
with store.engine.writing() as connection:
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_killed_writer_releases_the_lock(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING_WRITER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    future = store.writer.submit(put_leads, put("b"))
    assert not future.done()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert future.result(timeout=30) == "created"
    store.close()
