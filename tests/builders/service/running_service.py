"""A `leadcast serve` of its own processes, and a lead to score."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

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
POLL_S = 0.05


def until(condition: Callable[[], bool]) -> None:
    """Polls until the condition holds: other processes give no signal. Fails after `PATIENCE_S`."""
    end = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "the condition never became true"
        pause.wait(POLL_S)


class Service:
    """`leadcast serve` over a home, on a free port."""

    def __init__(self, home: Path, *options: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "cli", "serve", "--port", port, *options]
        env = {**os.environ, "LEADCAST_HOME": str(home), **environment}
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)

    def get(self, path: str, body: Any = None) -> Any:
        """The JSON answer to a GET, or to a POST of `body`."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def put(self, path: str, body: Any) -> None:
        content, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        urlopen(Request(self.url + path, content, headers, method="PUT"), timeout=60).close()

    def delete(self, path: str) -> None:
        urlopen(Request(self.url + path, method="DELETE"), timeout=60).close()

    def is_ready(self) -> bool:
        try:
            return bool(self.get("/readyz")["status"] == "ready")
        except (URLError, OSError):
            return False

    def is_alive(self) -> bool:
        """True once it answers, with or without a model."""
        try:
            return bool(self.get("/livez"))
        except (URLError, OSError):
            return False

    def children(self) -> list[int]:
        """Process ids of the workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split() if _name_of(pid) == "leadcast-worker"]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def _name_of(pid: str) -> str:
    """Empty for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
