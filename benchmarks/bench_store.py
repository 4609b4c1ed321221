"""The store: loading a million interactions, durable events over HTTP, one lead read, everything rescored.

Run: python -m benchmarks.bench_store [--rows 1000000] [--seconds 10] [--home HOME]. The data is made here. With
--home, a home with a promoted model (leadcast train), leads are also read with their score and rescored. Counts are
checked before speeds are told; a time in brackets is that of the processor, which neighbours do not change.
LEADCAST_DATABASE_URL names an empty database to measure instead of SQLite.
"""

import argparse
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import uvloop

from benchmarks.bench_door import write_folder
from benchmarks.http_load import Stream
from history.read import read_folder
from models.pointer import load_champion, read_pointer
from serving.base.clock import clock_us
from serving.store.scores.rescoring import rescore_all
from serving.store.store import Store
from serving.store.transfer.load import load_history

FAR_US = 7_258_118_400_000_000
TIMES = "2026-01-06T10:12:00Z"


def silent(_text: str, _share: float) -> None:
    """A progress that says nothing."""


def bench_load(folder: Path, store: Store, rows: int) -> list[str]:
    marks = [_mark()]
    history = read_folder(folder, as_of_us=FAR_US, now_us=clock_us())
    marks.append(_mark())
    loaded = load_history(store.engine, history, clock_us, silent)
    marks.append(_mark())
    again = load_history(store.engine, history, clock_us, silent)
    marks.append(_mark())
    assert loaded.rows["interactions"] == rows
    assert again.rows_known == rows
    assert sum(again.rows.values()) == 0
    total = len(store.read_all(FAR_US).interactions.time_us)
    marks.append(_mark())
    assert total == rows
    names = (
        "read the folder",
        f"store {rows} interactions of {loaded.leads} leads",
        "store it again, nothing new",
        "read all back as one history",
    )
    lines = [f"{name}: {_between(*pair)}" for name, pair in zip(names, pairwise(marks), strict=True)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return [*lines, f"peak memory {memory} MiB, {store.engine.bytes_on_disk() >> 20} MiB on disk"]


def _mark() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _between(before: tuple[float, float], after: tuple[float, float]) -> str:
    return f"{after[0] - before[0]:.1f} s ({after[1] - before[1]:.1f} s)"


def bench_rescore(store: Store, home: Path) -> list[str]:
    pointer = read_pointer(home)
    if pointer is None:
        return ["rescore: no model promoted in this home"]
    bundle = load_champion(pointer)
    before = _mark()
    leads = rescore_all(store, bundle, clock_us(), silent)
    return [f"rescore {leads} open leads: {_between(before, _mark())}"]


@contextmanager
def served(home: Path, workers: int) -> Iterator[int]:
    """The service over a home, on a free port."""
    command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--workers", str(workers)]
    environment = {**os.environ, "LEADCAST_HOME": str(home), "LEADCAST_LOG": "errors"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    line = process.stderr.readline()
    port = re.search(r":(\d+) ", line)
    assert port, line
    threading.Thread(target=sys.stderr.writelines, args=(process.stderr,), daemon=True).start()
    try:
        yield int(port[1])
    finally:
        process.terminate()
        process.wait(30)


EVENT = (
    '{"event_id":"bench-%d-%d","lead_id":"L%06d","type":"interaction","occurred_at":"%s",'
    '"data":{"kind":"call","channel":"phone","direction":"inbound","value":1.5,"interaction_id":"b%d"}}'
)


def post_events(first: int, count: int, leads: int) -> bytes:
    """A request with new events of leads all over the store."""
    events = [EVENT % (os.getpid(), i, i * 7919 % leads, TIMES, i) for i in range(first, first + count)]
    body = f'{{"events":[{",".join(events)}]}}'
    head = "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n{body}".encode()


def get_lead(number: int, leads: int) -> bytes:
    return f"GET /v1/leads/L{number * 104_729 % leads:06d} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def await_service(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/leads?limit=1"):
            return
        time.sleep(0.1)
    raise SystemExit("the service does not answer")


def told(name: str, seconds: float, latencies: list[float], each: int = 1) -> str:
    at = [1e3 * latencies[min(len(latencies) - 1, int(q * len(latencies)))] for q in (0.5, 0.99)]
    speed = each * len(latencies) / seconds
    return f"{name}: {speed:.0f}/s, p50 {at[0]:.1f} ms, p99 {at[1]:.1f} ms, max {1e3 * latencies[-1]:.1f} ms"


def bench_http(port: int, leads: int, seconds: float) -> Iterator[str]:
    await_service(port)
    sent = 0

    def measure(name: str, connections: int, request: Callable[[int], bytes], each: int, rate: float) -> str:
        nonlocal sent
        stream = Stream(request, seconds, rate)
        uvloop.run(stream.run(port, connections))
        sent += each * stream.sent
        return told(name, seconds, sorted(stream.latencies), each)

    def events(each: int) -> Callable[[int], bytes]:
        first = sent
        return lambda i: post_events(first + each * i, each, leads)

    yield measure("GET /v1/leads/{id}, 4 connections", 4, lambda i: get_lead(i, leads), 1, 0.0)
    yield measure("single events at 2,000/s", 64, events(1), 1, 2000.0)
    yield measure("single events, 64 connections", 64, events(1), 1, 0.0)
    yield measure("single events at 2,000/s after that", 64, events(1), 1, 2000.0)
    yield measure("events in batches of 500, 4 connections", 4, events(500), 500, 0.0)
    yield measure("GET /v1/leads/{id} after that", 4, lambda i: get_lead(i, leads), 1, 0.0)


def bench_disk(folder: Path) -> str:
    """What the disk takes to make 64 KiB durable, which every commit waits for."""
    times = []
    with open(folder / "probe", "wb") as file:
        for _ in range(200):
            file.write(os.urandom(65_536))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    times.sort()
    return f"fdatasync of 64 KiB: p50 {1e3 * times[100]:.1f} ms, p99 {1e3 * times[198]:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a home with a promoted model")
    asked = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        if asked.home:
            shutil.copytree(asked.home, home, ignore=shutil.ignore_patterns("store.*"))
        folder = Path(scratch) / "crm"
        folder.mkdir()
        write_folder(folder, asked.rows)
        store = Store(home, os.environ.get("LEADCAST_DATABASE_URL"))
        for line in (*bench_load(folder, store, asked.rows), *bench_rescore(store, home)):
            print(line, flush=True)
        leads = store.count_leads()
        store.close()
        with served(home, asked.workers) as port:
            for line in bench_http(port, leads, asked.seconds):
                print(line, bench_disk(home), sep="; ", flush=True)


if __name__ == "__main__":
    main()
