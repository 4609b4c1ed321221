"""Store: loading a million interactions, durable events over HTTP, reads of one lead, rescoring of everything.

Makes its own data. Checks counts before it reports times. Leads are read with their score and rescored by the
model of --home, or by one trained on a simulated CRM.
LEADCAST_DATABASE_URL names an empty database to measure instead of SQLite.

    python -m benchmarks.bench_store [--rows 1000000] [--seconds 10] [--home HOME]
"""

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.data.random_folder import FAR_FUTURE_US, write_folder
from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine, peak_mb, timed
from benchmarks.service.http_load import Stream, quantile
from benchmarks.service.servers import serve_leadcast
from benchmarks.service.trained_home import trained_home
from engines.choice import open_engine
from history.base.progress import no_progress
from history.read import read_folder
from models.home.pointer import load_champion, read_pointer
from serving.base.clock import clock_us
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.store import Store
from serving.store.transfer.load import Loaded, load_history

# Targets: seconds of a million rows loaded and of 100,000 leads rescored, ms of a read's and an event's p99.
LOAD_S, RESCORE_S, READ_MS, EVENT_MS = 60.0, 12.0, 6.0, 25.0
READS_PER_S = 2000.0
EVENTS_PER_S, BATCHED_PER_S = 2000.0, 10_000.0
OCCURRED_AT = "2026-01-06T10:12:00Z"
SINGLE_RATE = 2000.0  # single events a second that the store must take without queueing
LEAD_STRIDE, EVENT_STRIDE = 104_729, 7919  # primes: successive requests touch leads far apart
EVENT = (
    '{"event_id":"bench-%d-%d","lead_id":"L%06d","type":"interaction","occurred_at":"%s",'
    '"data":{"kind":"call","channel":"phone","direction":"inbound","value":1.5,"interaction_id":"b%d"}}'
)


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement over HTTP")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a home with a promoted model; without it one is trained")
    options = parser.parse_args()
    note(f"{machine()}, {platform.platform()}")
    with tempfile.TemporaryDirectory() as name:
        home, data = Path(name) / "home", Path(name) / "crm"
        model_home = options.home or trained_home(Path(name) / "trained").folder
        shutil.copytree(model_home, home, ignore=shutil.ignore_patterns("store.*"))
        data.mkdir()
        write_folder(data, options.rows)
        store = Store(home, os.environ.get("LEADCAST_DATABASE_URL"))
        comparisons = [*compare_loads(data, store, options.rows), *compare_rescoring(store, home)]
        leads = store.count_leads()
        store.close()
        with serve_leadcast(home, options.workers) as server:
            comparisons += HttpBenchmark(home, server.port, leads, options.seconds).run()
        report(comparisons, options.json)


# ---- in this process


def compare_loads(data: Path, store: Store, rows: int) -> Iterator[Comparison]:
    history = None
    loads: list[Loaded] = []

    def read() -> None:
        nonlocal history
        history = read_folder(data, as_of_us=FAR_FUTURE_US, now_us=clock_us())

    def load() -> None:
        assert history is not None
        loads.append(load_history(store.engine, history, clock_us, no_progress))

    counts: list[int] = []
    reading, loading, reloading = timed(read), timed(load), timed(load)
    first, second = loads
    assert first.rows["interactions"] == rows
    assert second.rows_known == rows
    assert sum(second.rows.values()) == 0
    reading_back = timed(lambda: counts.append(len(store.read_all(FAR_FUTURE_US).interactions.time_us)))
    assert counts == [rows]

    on_disk_mib = store.engine.bytes_on_disk() >> 20
    note(f"{first.leads:,} leads; peak memory {int(peak_mb())} MiB, {on_disk_mib} MiB on disk")
    equality = "rows"
    limit_s = LOAD_S * rows / 1e6
    yield Comparison(f"read a folder of {rows:,} interactions", reading.wall, "s", equality=equality)
    yield Comparison("load them into the store", loading.wall, "s", target=limit_s, equality=equality)
    yield Comparison("load them again, nothing new", reloading.wall, "s", equality=equality)
    yield Comparison("read all back as one history", reading_back.wall, "s", equality=equality)


def compare_rescoring(store: Store, home: Path) -> Iterator[Comparison]:
    pointer = read_pointer(home)
    if pointer is None:
        raise SystemExit(f"no champion in {home}")
    bundle = load_champion(pointer)
    leads: list[int] = []
    with open_engine("processes") as engine:
        # Processes that have started, as those of a long rescoring have.
        rescore_all(store, bundle, clock_us(), no_progress, engine=engine)
        timing = timed(
            lambda: leads.append(rescore_all(store, bundle, clock_us(), no_progress, engine=engine))
        )
    limit_s = RESCORE_S * leads[0] / 1e5
    yield Comparison(f"rescore {leads[0]:,} open leads, on all cores", timing.wall, "s", target=limit_s)


# ---- over HTTP


@dataclass
class HttpBenchmark:
    """Reads and events over HTTP, each for some seconds, each line with the disk's own speed at that moment.

    sent: events sent so far; every event of a run is new.
    """

    home: Path
    port: int
    leads: int
    seconds: float
    sent: int = 0

    def run(self) -> Iterator[Comparison]:
        yield from self.compare_reads("GET /v1/leads/{id}, 4 connections")
        single = "single events, 64 connections"
        yield self.compare_latency(f"{single}, at 2,000/s")
        yield self.compare_speed(single, 64, 1, EVENTS_PER_S)
        yield self.compare_latency(f"{single}, at 2,000/s right after that")
        yield self.compare_speed("events in batches of 500, 4 connections", 4, 500, BATCHED_PER_S)
        yield from self.compare_reads("GET /v1/leads/{id} right after that")

    def compare_reads(self, name: str) -> Iterator[Comparison]:
        latencies = self.latencies(name, self.stream(lambda number: get_lead(number, self.leads), 4))
        yield Comparison(name, len(latencies) / self.seconds, "requests/s", target=READS_PER_S)
        yield Comparison(f"p99 of {name}", 1e3 * quantile(latencies, 0.99), "ms", target=READ_MS)

    def compare_latency(self, name: str) -> Comparison:
        """At a steady rate; a latency counts from when its request was due."""
        latencies = self.latencies(name, self.send_events(64, 1, SINGLE_RATE))
        return Comparison(f"p99 of {name}", 1e3 * quantile(latencies, 0.99), "ms", target=EVENT_MS)

    def compare_speed(self, name: str, connections: int, batch: int, target: float) -> Comparison:
        """As fast as they go."""
        latencies = self.latencies(name, self.send_events(connections, batch), batch)
        return Comparison(name, batch * len(latencies) / self.seconds, "events/s", target=target)

    def send_events(self, connections: int, batch: int, rate: float = 0.0) -> Stream:
        first = self.sent

        def request(number: int) -> bytes:
            return post_events(first + batch * number, batch, self.leads)

        stream = self.stream(request, connections, rate)
        self.sent += batch * stream.sent
        return stream

    def stream(self, request: Callable[[int], bytes], connections: int, rate: float = 0.0) -> Stream:
        stream = Stream(request, self.seconds, rate)
        uvloop.run(stream.run(self.port, connections))
        return stream

    def latencies(self, name: str, stream: Stream, batch: int = 1) -> list[float]:
        """Seconds of each response, ascending; notes them with the disk's own speed at that moment."""
        latencies = sorted(stream.latencies)
        speed = batch * len(latencies) / self.seconds
        p50, p99 = (1e3 * quantile(latencies, q) for q in (0.5, 0.99))
        line = f"{name}: {speed:.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {1e3 * latencies[-1]:.1f} ms"
        note(f"{line}; {disk_speed(self.home)}")
        return latencies


def post_events(first: int, count: int, leads: int) -> bytes:
    """A request with `count` new events of leads all over the store."""
    events = [
        EVENT % (os.getpid(), i, i * EVENT_STRIDE % leads, OCCURRED_AT, i)
        for i in range(first, first + count)
    ]
    body = f'{{"events":[{",".join(events)}]}}'
    head = "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n{body}".encode()


def get_lead(number: int, leads: int) -> bytes:
    return f"GET /v1/leads/L{number * LEAD_STRIDE % leads:06d} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def disk_speed(folder: Path) -> str:
    """Time to make 64 KiB durable, which bounds every commit from below."""
    times = []
    with open(folder / "probe", "wb") as file:
        for _ in range(200):
            file.write(os.urandom(65_536))
            file.flush()
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    times.sort()
    return f"fdatasync of 64 KiB: p50 {1e3 * times[100]:.1f} ms, p99 {1e3 * times[198]:.1f} ms"


if __name__ == "__main__":
    main()
