"""The store: loading a million interactions, durable events over HTTP, one lead read, everything rescored.

Run: python -m benchmarks.bench_store [--rows 1000000] [--seconds 10] [--home HOME]. The data is made here. With
--home, a home with a promoted model (leadcast train), leads are also read with their score and rescored. Counts are
checked before speeds are told; a time in brackets is that of the processor, which neighbours do not change.
"""

import argparse
import asyncio
import json
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from benchmarks.bench_door import write_folder
from features.history import read_folder
from models.pointer import load_champion, read_pointer
from serving.ingest_folder import load_history
from serving.rescoring import rescore_all
from serving.store import Store
from serving.store_writer import clock_us

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


class Caller:
    """One connection that sends a request and reads its answer, over and over."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> "Caller":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        content = await self.reader.readexactly(int(length[1])) if length else b""
        return int(answer[9:12]), content


def events_body(first: int, count: int, leads: int) -> bytes:
    events = [
        {
            "event_id": f"bench-{os.getpid()}-{i}",
            "lead_id": f"L{(i * 7919) % leads:06d}",
            "type": "interaction",
            "occurred_at": TIMES,
            "data": {
                "kind": "call",
                "channel": "phone",
                "direction": "inbound",
                "value": 1.5,
                "interaction_id": f"b{i}",
            },
        }
        for i in range(first, first + count)
    ]
    return json.dumps({"events": events}).encode()


async def drive(
    port: int,
    connections: int,
    seconds: float,
    request: Callable[[int], tuple[str, str, bytes]],
    rate: float = 0,
) -> tuple[int, list[float]]:
    """Sends request(0), request(1) ... over some connections for a while; requests a second 0 is as fast as they go.

    With a rate, a latency counts from when the request was due.
    """
    sent = 0
    latencies: list[float] = []
    callers = [await Caller(port).open() for _ in range(connections)]
    for _ in range(200):
        status, _ = await callers[0].call("GET", "/v1/leads?limit=1")
        if status == 200:
            break
        await asyncio.sleep(0.1)
    started = time.perf_counter()

    async def run(caller: Caller) -> None:
        nonlocal sent
        while (now := time.perf_counter()) - started < seconds:
            number, sent = sent, sent + 1
            due = started + number / rate if rate else now
            if due > now:
                await asyncio.sleep(due - now)
            status, content = await caller.call(*request(number))
            assert status == 200, content
            latencies.append(time.perf_counter() - (due if rate else now))

    await asyncio.gather(*(run(caller) for caller in callers))
    return sent, sorted(latencies)


def told(name: str, seconds: float, latencies: list[float], each: int = 1) -> str:
    at = [1e3 * latencies[min(len(latencies) - 1, int(q * len(latencies)))] for q in (0.5, 0.99)]
    speed = each * len(latencies) / seconds
    return f"{name}: {speed:.0f}/s, p50 {at[0]:.1f} ms, p99 {at[1]:.1f} ms, max {1e3 * latencies[-1]:.1f} ms"


async def bench_http(port: int, leads: int, seconds: float) -> list[str]:
    lines = []
    base = 0
    for name, connections, rate in (
        ("single events, 64 connections", 64, 0.0),
        ("single events at 2,000/s", 64, 2000.0),
    ):
        offset = base

        def single(i: int, offset: int = offset) -> tuple[str, str, bytes]:
            return "POST", "/v1/events", events_body(offset + i, 1, leads)

        sent, latencies = await drive(port, connections, seconds, single, rate)
        base += sent
        lines.append(told(name, seconds, latencies))
    start = base

    def batch(i: int) -> tuple[str, str, bytes]:
        return "POST", "/v1/events", events_body(start + 500 * i, 500, leads)

    _, latencies = await drive(port, 4, seconds, batch)
    lines.append(told("events in batches of 500, 4 connections", seconds, latencies, 500))

    def get(i: int) -> tuple[str, str, bytes]:
        return "GET", f"/v1/leads/L{(i * 104_729) % leads:06d}", b""

    _, latencies = await drive(port, 4, seconds, get)
    lines.append(told("GET /v1/leads/{id}, 4 connections", seconds, latencies))
    return lines


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
        store = Store(home)
        for line in (*bench_load(folder, store, asked.rows), *bench_rescore(store, home)):
            print(line, flush=True)
        leads = store.count_leads()
        store.close()
        with served(home, asked.workers) as port:
            for line in asyncio.run(bench_http(port, leads, asked.seconds)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
