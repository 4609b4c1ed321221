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
from click.testing import CliRunner

from cli.main import leadcast
from history.errors import InvalidInput
from models.bundle import load_bundle
from models.pointer import read_pointer
from serving.base.locked_tempdir import held
from serving.base.settings import read_settings
from serving.model.scoring import score_leads
from serving.process import supervisor
from serving.process.supervisor import Supervisor, listen

ROOT = Path(__file__).parents[3]
AS_OF, AS_OF_US = "2026-01-02T03:04:05Z", 1_767_323_045_000_000
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

    def put(self, path: str, body: Any) -> None:
        request = Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="PUT"
        )
        urlopen(request, timeout=60).close()

    def is_ready(self) -> bool:
        try:
            return bool(self.get("/readyz")["status"] == "ready")
        except (URLError, OSError):
            return False

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


@pytest.fixture
def started(home: Path) -> Iterator[Callable[..., Service]]:
    """Starts services over the home and ends them with the test."""
    services: list[Service] = []

    def start(*options: str, **environment: str) -> Service:
        services.append(Service(home, *options, **environment))
        return services[-1]

    yield start
    for service in services:
        service.process.kill()
        service.process.communicate()


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_two_workers_score_as_the_scorer_does_replace_each_other_and_end_cleanly(
    started: Callable[..., Service], home: Path
) -> None:
    service = started("--workers", "2")
    until(service.is_ready)
    pointer = read_pointer(home)
    assert pointer is not None
    bundle = load_bundle(pointer.folder, pointer.model_version)
    here = score_leads(bundle, [LEAD], AS_OF_US, AS_OF_US, None)[0]
    query = f"reasons=all&as_of={AS_OF}"
    assert service.get(f"/v1/score?{query}", LEAD) == here
    assert service.get(f"/v1/score/batch?{query}", {"leads": [LEAD, LEAD]})["results"] == [here, here]

    until(lambda: len(service.children()) == 2)
    first = service.children()[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(service.children()) == 2 and first not in service.children())
    assert service.get(f"/v1/score?{query}", LEAD) == here

    service.process.send_signal(signal.SIGTERM)
    _, log = service.process.communicate(timeout=PATIENCE_S)
    assert service.process.returncode == 0
    assert "Traceback" not in log


@pytest.mark.long
def test_a_dead_parent_leaves_nobody_behind(started: Callable[..., Service]) -> None:
    service = started()
    until(service.is_ready)
    workers = service.children()
    assert workers
    service.process.kill()
    until(lambda: not any(map(is_alive, workers)))


def test_what_workers_share_goes_with_the_service_or_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies in memory, where nothing else takes away what a killed service has left."""
    monkeypatch.setattr(supervisor, "MEMORY", tmp_path)
    killed, busy = (tmp_path / f"{supervisor.RUN_FOLDER}{name}" for name in ("killed", "busy"))
    (killed / "metrics").mkdir(parents=True)
    busy.mkdir()
    seen: list[list[Path]] = []

    def fill(service: Supervisor, folder: Path) -> None:
        seen.append(sorted(tmp_path.iterdir()))
        assert folder.stat().st_mode & 0o777 == 0o700
        service.stopping = True

    monkeypatch.setattr(Supervisor, "_fill", fill)
    monkeypatch.setattr(signal, "signal", lambda _number, _handler: None)
    with held(busy):
        assert Supervisor(listen("127.0.0.1", 0, read_settings({})), 1).run() == 0
    (during,) = seen
    assert len(during) == 2
    assert busy in during
    assert list(tmp_path.iterdir()) == [busy]


def test_a_foreign_address_needs_keys(started: Callable[..., Service]) -> None:
    refused = started("--host", "0.0.0.0")
    _, said = refused.process.communicate(timeout=PATIENCE_S)
    assert refused.process.returncode == 1
    assert "LEADCAST_API_KEYS" in said


@pytest.mark.parametrize("below", ["", "x"])
def test_a_home_that_cannot_be_used_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    """Its workers died of it and were started again for ever."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LEADCAST_HOME", str(tmp_path / "file" / below))
    monkeypatch.setattr(Supervisor, "run", lambda _supervisor: 0)
    refused = CliRunner().invoke(leadcast, ["serve", "--port", "0"])
    assert refused.exit_code == 1
    assert f"{tmp_path / 'file'}" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("host", ["a" * 70, "nowhere.invalid", "203.0.113.7"])
def test_an_address_that_cannot_be_had_is_told(host: str) -> None:
    with pytest.raises(InvalidInput, match="Choose another --host or --port"):
        listen(host, 0, read_settings({"LEADCAST_API_KEYS": "k"}))


def test_settings_that_make_no_sense_are_told_at_once(started: Callable[..., Service]) -> None:
    refused = started(LEADCAST_API_KEYS="k:fly", LEADCAST_RATE_LIMIT="-1")
    _, said = refused.process.communicate(timeout=PATIENCE_S)
    assert refused.process.returncode == 1
    assert "2 problems" in said
