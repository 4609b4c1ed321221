"""Reading one stored lead over HTTP: leads that the model scores, with reasons, suggestions and similar leads, leads on
which it abstains, and leads with 10,000 interactions, each for the first time and again.

A simulated CRM gives the scored leads and, with its interactions, the large ones; all belong to one store. Each answer
has status 200 and the expected status of its score before a clock is read.
LEADCAST_DATABASE_URL names an empty database to measure instead of SQLite.

    python -m benchmarks.bench_reads [--seconds 10] [--workers 1] [--folder FOLDER]
"""

import argparse
import csv
import http.client
import json
import math
import os
import platform
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import uvloop
from sqlalchemy import select

from benchmarks.data.random_folder import FAR_FUTURE_US, write_folder
from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine
from benchmarks.service.http_load import Stream, quantile
from benchmarks.service.servers import serve_leadcast
from benchmarks.service.trained_home import trained_home
from history.base.progress import no_progress
from history.read import read_folder
from models.home.pointer import load_champion, read_pointer
from models.scores.scores import ABSTAINED, SCORED, STATUS
from serving.base.clock import clock_us
from serving.store import schema as db
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from serving.store.store import Store
from serving.store.transfer.load import load_history

READS_PER_S, READ_MS = 2000.0, 6.0  # the targets
CONNECTIONS = 4
PLAIN_ROWS = 200_000  # of 5,000 leads on which the model abstains
LARGE_LEADS, LARGE_ROWS = 24, 10_000
STRIDE = 104_729  # a prime: successive requests read leads far apart


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, help="keeps the prepared home here, or measures the one that is here"
    )
    options = parser.parse_args()
    note(f"{machine()}, {platform.platform()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) if options.folder is None else options.folder
        if not (folder / "leads.json").exists():
            prepare(folder)
        report(measured(folder, options), options.json)


def prepare(folder: Path) -> None:
    """A home with a model and a store of all three kinds of leads; leads.json names them."""
    trained = trained_home(folder)
    plain, large = folder / "plain", folder / "large"
    for path in (plain, large):
        path.mkdir()
    write_folder(plain, PLAIN_ROWS)
    write_large(trained.data, large)
    pointer = read_pointer(trained.folder)
    assert pointer is not None
    store = Store(trained.folder, os.environ.get("LEADCAST_DATABASE_URL"))
    for data in (plain, large, trained.data):
        load_history(
            store.engine, read_folder(data, as_of_us=FAR_FUTURE_US, now_us=clock_us()), clock_us, no_progress
        )
    bundle = load_champion(pointer)
    rescore_all(store, bundle, clock_us(), no_progress)
    while rescore_dirty(store, bundle):  # those that are closed
        pass
    names = {kind: names_of(store, status) for kind, status in (("scored", SCORED), ("abstained", ABSTAINED))}
    store.close()
    names["large"] = [f"large{i}" for i in range(LARGE_LEADS)]
    names["scored"] = [name for name in names["scored"] if name not in names["large"]]
    (folder / "leads.json").write_text(json.dumps(names))


def names_of(store: Store, status: int) -> list[str]:
    """The leads with this status."""
    query = select(db.leads.c.lead_id).join(db.scores).where(db.scores.c.status == STATUS[status])
    with store.engine.reading() as connection:
        return list(connection.execute(query.order_by(db.leads.c.lead_no)).scalars())


def write_large(source: Path, target: Path) -> None:
    """Leads like the newest of a folder, with many interactions of the month after their creation."""
    draw = random.Random(1)
    with (source / "leads.csv").open(encoding="utf-8") as file:
        newest = list(csv.DictReader(file))[-LARGE_LEADS:]
    with (source / "interactions.csv").open(encoding="utf-8") as file:
        touches = list(csv.DictReader(file))
    leads = [{**lead, "lead_id": f"large{i}"} for i, lead in enumerate(newest)]
    rows = []
    for lead in leads:
        created = datetime.fromisoformat(lead["created_at"].replace("Z", "+00:00"))
        for number in range(LARGE_ROWS):
            at = (created + timedelta(seconds=draw.randrange(30 * 86_400))).strftime("%Y-%m-%dT%H:%M:%SZ")
            own = {"lead_id": lead["lead_id"], "occurred_at": at, "recorded_at": at}
            rows.append({**draw.choice(touches), **own, "interaction_id": f"{lead['lead_id']}-{number}"})
    for name, records in (("leads", leads), ("interactions", rows)):
        with (target / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    shutil.copy(source / "funnel.toml", target)


def measured(folder: Path, options: argparse.Namespace) -> Iterator[Comparison]:
    """All measurements, each kind of lead on a service of its own: nothing is kept from the one before."""
    leads: dict[str, list[str]] = json.loads((folder / "leads.json").read_text())
    for kind, status in (("scored", SCORED), ("abstained", ABSTAINED)):
        with serve_leadcast(folder / "home", options.workers) as server:
            reads = Reads(server.port, leads[kind], options.seconds)
            reads.check(leads[kind][:100], STATUS[status])
            unread = leads[kind][100:]
            reads = Reads(server.port, unread, options.seconds)
            yield from reads.compare(f"{kind} leads, for the first time", once=True)
            yield from reads.compare(f"{kind} leads, again")
    with serve_leadcast(folder / "home", options.workers) as server:
        reads = Reads(server.port, leads["large"], options.seconds)
        reads.warm(leads["scored"][:50])
        first = sorted(reads.one_by_one())
        name = f"first read of a lead with {LARGE_ROWS:,} interactions, one by one"
        note(f"{name}: {' '.join(f'{1e3 * s:.1f}' for s in first)} ms")
        yield Comparison(f"{name}, median", 1e3 * quantile(first, 0.5), "ms", target=READ_MS)
        yield from reads.compare("such leads, again")
        yield from Reads(server.port, leads["large"][:1], options.seconds).compare("such a lead, polled")


@dataclass
class Reads:
    """Reads of some leads on a running service."""

    port: int
    leads: Sequence[str]
    seconds: float

    def compare(self, name: str, once: bool = False) -> Iterator[Comparison]:
        """As fast as they go over some connections; once: each lead one time."""
        count = len(self.leads)

        def request(number: int) -> bytes:
            place = number if once else number * STRIDE % count
            return f"GET /v1/leads/{self.leads[place]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

        stream = Stream(request, self.seconds, most=count if once else math.inf)
        begin = time.perf_counter()
        uvloop.run(stream.run(self.port, CONNECTIONS))
        seconds = time.perf_counter() - begin
        latencies = sorted(stream.latencies)
        rate, p99 = len(latencies) / seconds, 1e3 * quantile(latencies, 0.99)
        note(
            f"{name}: {rate:.0f}/s of {len(latencies)}, p50 {1e3 * quantile(latencies, 0.5):.1f} ms, p99 {p99:.1f} ms"
        )
        yield Comparison(f"{name}, {CONNECTIONS} connections", rate, "requests/s", target=READS_PER_S)
        yield Comparison(f"p99 of {name}", p99, "ms", target=READ_MS)

    def check(self, leads: Sequence[str], status: str) -> None:
        """Reads some leads, whose scores must have this status."""
        for document in self._documents(leads):
            assert document["score"]["status"] == status, document["score"]

    def warm(self, leads: Sequence[str]) -> None:
        """Reads other leads first, so that code is loaded."""
        assert all(self._documents(leads))

    def one_by_one(self) -> list[float]:
        """Seconds of each lead's read, one after the other on one connection."""
        seconds, connection = [], http.client.HTTPConnection("127.0.0.1", self.port)
        for lead in self.leads:
            begin = time.perf_counter()
            connection.request("GET", f"/v1/leads/{lead}")
            body = connection.getresponse().read()
            seconds.append(time.perf_counter() - begin)
            assert json.loads(body)["lead"]["lead_id"] == lead
        connection.close()
        return seconds

    def _documents(self, leads: Sequence[str]) -> list[dict[str, dict[str, str]]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        documents = []
        for lead in leads:
            connection.request("GET", f"/v1/leads/{lead}")
            documents.append(json.loads(connection.getresponse().read()))
        connection.close()
        return documents


if __name__ == "__main__":
    main()
