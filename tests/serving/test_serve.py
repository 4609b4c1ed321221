"""`leadcast serve` as processes: one socket, the same scores, a drained end, no orphans."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from models.bundle import load_bundle
from models.pointer import read_pointer
from serving.adapter import score_leads
from tests.serving.trained_home import trained

ROOT = Path(__file__).parents[2]
AS_OF = "2026-01-02T03:04:05Z"
LEAD = {
    "lead_id": "L1",
    "created_at": "2025-12-02T03:04:05Z",
    "attributes": {"industry": "software", "employees": 33},
    "interactions": [
        {"kind": "call", "occurred_at": "2025-12-20T00:00:00Z", "direction": "inbound", "value": 0.1}
    ],
}
PATIENCE_S = 90.0


def until(what: Callable[[], bool]) -> None:
    """Asks again and again; fails when it never becomes true."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


class Service:
    def __init__(self, home: Path, *options: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
            command = [sys.executable, "-m", "cli", "serve", "--port", str(probe.getsockname()[1]), *options]
        env = {**os.environ, "LEADCAST_HOME": str(home), **environment}
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)

    def get(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(
            Request(self.url + path, data, {"Content-Type": "application/json"}), timeout=60
        ) as answer:
            return json.loads(answer.read())

    def is_ready(self) -> bool:
        try:
            return bool(self.get("/readyz")["status"] == "ready")
        except (URLError, OSError):
            return False

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


@pytest.fixture
def home(shared_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained(shared_folder).home, tmp_path / "home"))


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    started = Service(home, "--workers", "2")
    yield started
    started.process.kill()
    started.process.communicate()


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_the_service_scores_as_the_scorer_does_and_ends_cleanly(service: Service, home: Path) -> None:
    until(service.is_ready)
    pointer = read_pointer(home)
    assert pointer is not None
    bundle = load_bundle(pointer.folder, pointer.model_version)
    as_of_us = 1_767_323_045_000_000
    here = score_leads(bundle, [LEAD], as_of_us, as_of_us, None)[0]
    query = f"reasons=all&as_of={AS_OF}"
    assert service.get(f"/v1/score?{query}", LEAD) == here
    assert service.get(f"/v1/score/batch?{query}", {"leads": [LEAD, LEAD]})["results"] == [here, here]
    service.process.send_signal(signal.SIGTERM)
    _, log = service.process.communicate(timeout=PATIENCE_S)
    assert service.process.returncode == 0
    assert "Traceback" not in log


def test_a_dead_worker_is_replaced_and_a_dead_parent_leaves_nobody(service: Service) -> None:
    until(service.is_ready)
    until(lambda: len(service.children()) == 2)
    first = service.children()
    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(service.children()) == 2 and first[0] not in service.children())
    until(service.is_ready)
    workers = service.children()
    service.process.kill()
    until(lambda: not any(map(is_alive, workers)))


def test_a_foreign_address_needs_keys(home: Path) -> None:
    refused = Service(home, "--host", "0.0.0.0")
    _, said = refused.process.communicate(timeout=PATIENCE_S)
    assert refused.process.returncode == 1
    assert "LEADCAST_API_KEYS" in said


def test_settings_that_make_no_sense_are_told_at_once(home: Path) -> None:
    refused = Service(home, LEADCAST_API_KEYS="k:fly", LEADCAST_RATE_LIMIT="-1")
    _, said = refused.process.communicate(timeout=PATIENCE_S)
    assert refused.process.returncode == 1
    assert "2 problems" in said
