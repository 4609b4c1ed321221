"""kill -9 of the whole service under load, again and again: no acknowledged event is lost, none is doubled.

Run: python -m benchmarks.crash_loop [--cycles 50] [--workers 2] [--seed 1]. Clients keep what was acknowledged
and send again what was not; at the end the store is read directly and compared.
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
from pathlib import Path

LEADS = 50
CLIENTS = 8
PATIENCE_S = 180  # for a service to start on a busy machine
CREATED = "2026-01-05T08:00:00Z"


class Service:
    """`leadcast serve` in a process group of its own."""

    def __init__(self, home: Path, workers: int) -> None:
        command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--workers", str(workers)]
        environment = {**os.environ, "LEADCAST_HOME": str(home), "LEADCAST_LOG": "off"}
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        assert self.process.stderr is not None
        found = re.search(r":(\d+) ", self.process.stderr.readline())
        assert found, "the service did not start"
        self.port = int(found[1])
        self.drain = threading.Thread(target=self.process.stderr.read, daemon=True)
        self.drain.start()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.drain.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def call(self, method: str, path: str, value: object) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(value), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()


class Client:
    """Sends its events one after the other; an event that is not acknowledged is sent again first."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.next = 0
        self.acknowledged: list[str] = []
        self.duplicates = 0

    def run(self, service: Service, ending: threading.Event) -> None:
        while not ending.is_set():
            name = f"c{self.number}-{self.next}"
            event = {
                "event_id": name,
                "lead_id": f"L{(self.number * 7 + self.next) % LEADS}",
                "type": "interaction",
                "occurred_at": CREATED,
                "data": {"kind": name},
            }
            try:
                status, answer = service.call("POST", "/v1/events", {"events": [event]})
            except (OSError, http.client.HTTPException, ValueError):
                if ending.is_set():
                    return
                time.sleep(0.02)
                continue
            if status == 200:
                assert answer["rejected"] == [], answer
                self.duplicates += int(str(answer["duplicates"]))
                self.acknowledged.append(name)
                self.next += 1


def start_leads(service: Service) -> None:
    for i in range(LEADS):
        for _ in range(100):
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _ = service.call("PUT", f"/v1/leads/L{i}", {"created_at": CREATED})
                if status in (200, 201):
                    break
            time.sleep(0.1)


def cycle(home: Path, workers: int, clients: list[Client], seconds: float, first: bool) -> None:
    service = Service(home, workers)
    if first:
        start_leads(service)
    ending = threading.Event()
    threads = [threading.Thread(target=client.run, args=(service, ending)) for client in clients]
    before = sum(len(client.acknowledged) for client in clients)
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while sum(len(client.acknowledged) for client in clients) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    service.kill()
    ending.set()
    for thread in threads:
        thread.join()


def verdict(home: Path, clients: list[Client]) -> tuple[int, int, int, str]:
    """Acknowledged, lost, doubled, and what SQLite says of the file."""
    with contextlib.closing(sqlite3.connect(home / "store.db")) as connection:
        stored = Counter(kind for (kind,) in connection.execute("SELECT kind FROM interactions"))
        health = connection.execute("PRAGMA integrity_check").fetchone()[0]
    names = {name for client in clients for name in client.acknowledged}
    return len(names), len(names - set(stored)), sum(count > 1 for count in stored.values()), health


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    draw = random.Random(asked.seed)
    clients = [Client(i) for i in range(CLIENTS)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for i in range(asked.cycles):
            cycle(home, asked.workers, clients, draw.uniform(0.05, 1.0), i == 0)
            print(
                f"{i + 1}: {sum(len(client.acknowledged) for client in clients)} acknowledged",
                file=sys.stderr,
            )
        acknowledged, lost, doubled, health = verdict(home, clients)
    again = sum(client.duplicates for client in clients)
    print(
        f"{asked.cycles} kills of {asked.workers} workers: {acknowledged} acknowledged, {lost} lost, {doubled} "
        f"doubled, {again} committed but not acknowledged and told as duplicates when sent again; integrity {health}"
    )
    return 0 if acknowledged and not lost and not doubled and health == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())
