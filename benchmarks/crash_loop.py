"""kill -9 of the whole service under load, again and again: no acknowledged event is lost, none is doubled.

Clients remember what was acknowledged and resend the rest; at the end the store's file is read directly and compared.

    python -m benchmarks.crash_loop [--cycles 50] [--workers 2] [--seed 1]
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

LEADS = 50
CLIENTS = 8
START_S = 180  # for a service to acknowledge on a busy machine
CREATED_AT = "2026-01-05T08:00:00Z"
UNREACHABLE = (OSError, http.client.HTTPException)


class Response(NamedTuple):
    """Status and JSON document of a response."""

    status: int
    document: dict[str, Any]


class Service:
    """`leadcast serve` in a process group of its own."""

    def __init__(self, home: Path, workers: int) -> None:
        command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--workers", str(workers)]
        environment = {**os.environ, "LEADCAST_HOME": str(home), "LEADCAST_LOG": "off"}
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        assert self.process.stderr is not None
        port = re.search(r":(\d+) ", self.process.stderr.readline())
        assert port, "the service did not start"
        self.port = int(port[1])
        # A full pipe would block the service.
        self.drain = threading.Thread(target=self.process.stderr.read, daemon=True)
        self.drain.start()

    def kill(self) -> None:
        """SIGKILL to the supervisor and all workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.drain.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def call(self, method: str, path: str, value: object) -> Response:
        """Sends a JSON value; raises OSError or HTTPException if the service does not respond."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(value), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return Response(response.status, json.loads(response.read() or b"{}"))
        finally:
            connection.close()


class Client:
    """Sends its events one after the other; an event that was not acknowledged is sent again first."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.next = 0
        self.acknowledged: list[str] = []
        self.duplicates = 0

    def run(self, service: Service, stopped: threading.Event) -> None:
        """Sends until `stopped` is set."""
        while not stopped.is_set():
            name = f"c{self.number}-{self.next}"
            try:
                response = service.call("POST", "/v1/events", {"events": [self._event(name)]})
            except (*UNREACHABLE, ValueError):
                if stopped.is_set():
                    return
                time.sleep(0.02)
                continue
            if response.status == 200:
                assert response.document["rejected"] == [], response.document
                self.duplicates += int(response.document["duplicates"])
                self.acknowledged.append(name)
                self.next += 1

    def _event(self, name: str) -> dict[str, Any]:
        return {
            "event_id": name,
            "lead_id": f"L{(self.number * 7 + self.next) % LEADS}",
            "type": "interaction",
            "occurred_at": CREATED_AT,
            "data": {"kind": name},
        }


def create_leads(service: Service) -> None:
    """Creates the leads, with retries while the service starts."""
    for i in range(LEADS):
        for _ in range(100):
            with contextlib.suppress(*UNREACHABLE):
                if service.call("PUT", f"/v1/leads/L{i}", {"created_at": CREATED_AT}).status in (200, 201):
                    break
            time.sleep(0.1)


def cycle(home: Path, workers: int, clients: Sequence[Client], seconds: float, first: bool) -> None:
    """Starts a service, kills it `seconds` after its first acknowledgement; first: the leads are created."""
    service = Service(home, workers)
    if first:
        create_leads(service)
    stopped = threading.Event()
    threads = [threading.Thread(target=client.run, args=(service, stopped)) for client in clients]
    before = acknowledged(clients)
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + START_S
    while acknowledged(clients) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    service.kill()
    stopped.set()
    for thread in threads:
        thread.join()


def acknowledged(clients: Sequence[Client]) -> int:
    return sum(len(client.acknowledged) for client in clients)


@dataclass(frozen=True)
class Verdict:
    """Acknowledged events, those missing in the store, those stored twice, and SQLite's integrity check."""

    acknowledged: int
    lost: int
    doubled: int
    integrity: str

    @property
    def is_good(self) -> bool:
        return self.acknowledged > 0 and not self.lost and not self.doubled and self.integrity == "ok"


def verdict(home: Path, clients: Sequence[Client]) -> Verdict:
    """Compares the clients' acknowledgements with the store's file."""
    with contextlib.closing(sqlite3.connect(home / "store.db")) as connection:
        stored = Counter(kind for (kind,) in connection.execute("SELECT kind FROM interactions"))
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
    names = {name for client in clients for name in client.acknowledged}
    doubled = sum(count > 1 for count in stored.values())
    return Verdict(len(names), len(names - set(stored)), doubled, integrity)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random_times = random.Random(options.seed)
    clients = [Client(i) for i in range(CLIENTS)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for i in range(options.cycles):
            cycle(home, options.workers, clients, random_times.uniform(0.05, 1.0), first=i == 0)
            print(f"{i + 1}: {acknowledged(clients)} acknowledged", file=sys.stderr)
        result = verdict(home, clients)
    duplicates = sum(client.duplicates for client in clients)
    print(
        f"{options.cycles} kills of {options.workers} workers: {result.acknowledged} acknowledged, {result.lost} lost, "
        f"{result.doubled} doubled, {duplicates} committed without acknowledgement and reported as duplicates when "
        f"resent; integrity {result.integrity}"
    )
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
