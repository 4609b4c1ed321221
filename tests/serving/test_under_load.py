"""The service under load: swaps, kills and many requests cause no failed, mixed or lost answer."""

import http.client
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from models.home.pointer import Pointer, manifest_sha256, write_pointer
from models.home.saved import load_bundle, save_bundle
from serving.model.scoring import score_leads
from tests.builders.service.running_service import AS_OF, AS_OF_US, LEAD, Service, until

SWAPS = 12
REQUESTS_PER_SWAP = 300  # of each client, under one version
CYCLES = 50
WARM_REQUESTS, REQUESTS = 4_000, 30_000
MOST_GROWTH_KB = 30_000
SCORE = f"/v1/score?as_of={AS_OF}&reasons=all"


class Client(threading.Thread):
    """Repeats a request over one connection until `ending` or `most` times, and collects distinct answers."""

    def __init__(self, service: Service, ending: threading.Event, most: int | None = None) -> None:
        super().__init__()
        self.port = int(service.url.rpartition(":")[2])
        self.ending = ending
        self.most = most
        self.count = 0
        self.answers: set[tuple[int, bytes]] = set()
        self.failures: list[str] = []

    def run(self) -> None:
        body = json.dumps(LEAD).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.ending.is_set() and self.count != self.most:
            try:
                connection.request("POST", SCORE, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                self.answers.add((answer.status, answer.read()))
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(type(failure).__name__)
                connection.close()
            self.count += 1
        connection.close()


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


def second_version(home: Path) -> None:
    """Version 2: version 1 with another mean margin, so that its answers differ in more than the version."""
    from dataclasses import replace

    bundle = load_bundle(home / "bundles" / "1", "1")
    save_bundle(replace(bundle, base_rate=0.5 * bundle.base_rate, base_margin=bundle.base_margin - 0.3),
                home / "bundles" / "2")  # fmt: skip


def promote(home: Path, version: str) -> None:
    folder = home / "bundles" / version
    write_pointer(home, Pointer(version, folder, manifest_sha256(folder), ()))


@pytest.mark.long
def test_promotions_under_load_fail_and_mix_no_answer(home: Path) -> None:
    second_version(home)
    expected = {}
    for version in ("1", "2"):
        bundle = load_bundle(home / "bundles" / version, version)
        expected[version] = json.loads(json.dumps(score_leads(bundle, [LEAD], AS_OF_US, AS_OF_US, None)[0]))
    assert expected["1"]["reasons"] != expected["2"]["reasons"] or expected["1"] != expected["2"]
    service = Service(home, "--workers", "2", LEADCAST_LOG="off")
    ending = threading.Event()
    clients = [Client(service, ending) for _ in range(3)]
    try:
        until(service.is_ready)
        for client in clients:
            client.start()
        for swap in range(SWAPS):
            version = "2" if swap % 2 == 0 else "1"
            promote(home, version)
            until(lambda wanted=version: service.get("/readyz")["model_version"] == wanted)  # type: ignore[misc]
            answered = [client.count for client in clients]
            until(lambda before=answered: is_ahead(clients, before, REQUESTS_PER_SWAP))  # type: ignore[misc]
        ending.set()
        for client in clients:
            client.join()
    finally:
        ending.set()
        service.end()
    assert [failure for client in clients for failure in client.failures] == []
    answers = set().union(*(client.answers for client in clients))
    assert {status for status, _ in answers} == {200}
    records = [json.loads(content) for _, content in answers]
    assert {record["model_version"] for record in records} == {"1", "2"}
    for record in records:
        assert record == expected[record["model_version"]]


def is_ahead(clients: list[Client], before: list[int], count: int) -> bool:
    """True if every client has got `count` more answers."""
    return all(client.count >= start + count for client, start in zip(clients, before, strict=True))


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def rests(pid: int) -> bool:
    """True if the process takes next to no processor time for a second."""

    def ticks() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    threading.Event().wait(1.0)
    return ticks() - before <= 2


@pytest.mark.long
def test_memory_does_not_grow_with_requests(home: Path) -> None:
    service = Service(home, LEADCAST_LOG="off")

    def ask(count: int) -> None:
        clients = [Client(service, threading.Event(), count // 2) for _ in range(2)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert not any(client.failures for client in clients)

    try:
        until(service.is_ready)
        (worker,) = service.children()
        until(lambda: rests(worker))  # it prepares its pages in the first seconds
        ask(WARM_REQUESTS)
        before = resident_kb(worker)
        ask(REQUESTS)
        assert resident_kb(worker) - before < MOST_GROWTH_KB
    finally:
        service.end()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_kills_of_the_whole_service_lose_and_double_nothing(home: Path) -> None:
    import random

    from benchmarks import crash_loop

    draw = random.Random(1)
    clients = [crash_loop.Client(i) for i in range(crash_loop.CLIENTS)]
    for number in range(CYCLES):
        crash_loop.cycle(home, 1, clients, draw.uniform(0.05, 0.5), number == 0)
    verdict = crash_loop.verdict(home, clients)
    assert verdict.acknowledged > CYCLES
    assert verdict.is_good, verdict


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 24 MB; skips if this process cannot mount one."""
    import subprocess

    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.long
def test_a_full_disk_refuses_writes_and_recovers(trained_home: Path, small_disk: Path) -> None:
    """Temporary files lie on the same disk: workers that mapped files there were killed again and again."""
    home, temporary = small_disk / "home", small_disk / "tmp"
    shutil.copytree(trained_home, home, ignore=shutil.ignore_patterns("artifacts", "mlflow.db*"))
    temporary.mkdir()
    service = Service(home, LEADCAST_LOG="off", TMPDIR=str(temporary))

    def send(name: str) -> int:
        return post_event(service, name)[0]

    try:
        until(service.is_ready)
        workers = service.children()
        service.put("/v1/leads/a", {"created_at": "2026-01-01T00:00:00Z"})
        acknowledged = [f"e{i}" for i in range(20) if send(f"e{i}") == 200]
        assert len(acknowledged) == 20
        ballast = small_disk / "ballast"
        with open(ballast, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            except OSError:
                pass
        for number in range(5_000):  # the log may still have room for a few
            status = send(f"f{number}")
            if status != 200:
                break
            acknowledged.append(f"f{number}")
        assert status == 503
        assert 0 < service.get(SCORE, LEAD)["probability"] < 1
        assert service.get("/v1/leads/a")["lead"]["lead_id"] == "a"
        for path in ("/v1/leads", "/v1/model", "/v1/funnel", "/livez", "/v1/leads/a/history"):
            service.get(path)  # each is counted under labels of its own
        assert service.children() == workers
        ballast.unlink()
        until(lambda: send("g0") == 200)
        kinds = []
        page = service.get("/v1/leads/a")
        while True:
            kinds += [entry["data"]["kind"] for entry in page["timeline"]]
            if page["next_cursor"] is None:
                break
            page = service.get(f"/v1/leads/a?cursor={page['next_cursor']}")
        assert sorted(kinds) == sorted([*acknowledged, "g0"])
    finally:
        service.end()


def post_event(service: Service, name: str) -> tuple[int, bytes]:
    """Sends an event with this id and kind; returns status and body."""
    entry = {
        "event_id": name,
        "lead_id": "a",
        "type": "interaction",
        "occurred_at": "2026-01-05T08:00:00Z",
        "data": {"kind": name},
    }
    connection = http.client.HTTPConnection("127.0.0.1", int(service.url.rpartition(":")[2]), timeout=60)
    try:
        body = json.dumps({"events": [entry]})
        connection.request("POST", "/v1/events", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
