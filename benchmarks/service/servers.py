"""The servers that benchmarks call over HTTP: the service, a FastAPI no-op, and MLflow's own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.service.http_load import Target
from benchmarks.service.trained_home import ROOT
from models.trees.ensemble import Trees

START_S = 120  # for a server to respond
NO_OP = """
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
class Interaction(Strict):
    kind: str
    occurred_at: str
    interaction_id: str | None = None
    recorded_at: str | None = None
    channel: str | None = None
    direction: str | None = None
    value: float | None = None
class Stage(Strict):
    stage: str
    entered_at: str
    recorded_at: str | None = None
class Lead(Strict):
    lead_id: str
    created_at: str
    owner: str | None = None
    source: str | None = None
    attributes: dict[str, str | int | float | bool | None] = {}
    interactions: list[Interaction] = []
    stages: list[Stage] = []

app = FastAPI()

@app.post("/v1/score")
async def score(lead: Lead) -> dict[str, str]:
    return {"lead_id": lead.lead_id}
"""


@dataclass(frozen=True)
class Server:
    """A running server: its port, and the session of its processes."""

    port: int
    session: int

    def target(self, name: str, path: str, body: str) -> Target:
        return Target(name, self.port, path, body, self.session)


@contextmanager
def running(
    command: list[str], port: int, path: str, *, is_quiet: bool = True, **environment: str
) -> Iterator[Server]:
    """A server process from its first response at `path` on; ended afterwards. is_quiet: its stderr is dropped."""
    nowhere = subprocess.DEVNULL
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    stderr = nowhere if is_quiet else None
    process = subprocess.Popen(command, stdout=nowhere, stderr=stderr, env=env, start_new_session=True)
    try:
        deadline = time.monotonic() + START_S
        while not responds(port, path):
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{command} does not respond")
            time.sleep(0.2)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def responds(port: int, path: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
        return True
    return False


@contextmanager
def serve_leadcast(home: Path, workers: int) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--workers", str(workers)]
    environment = {"LEADCAST_HOME": str(home), "LEADCAST_LOG": "errors"}
    with running(command, port, "/readyz", is_quiet=False, **environment) as server:
        yield server


@contextmanager
def serve_no_op(folder: Path) -> Iterator[Server]:
    (folder / "bare.py").write_text(NO_OP)
    port = free_port()
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--app-dir", str(folder), *options]
    with running(command, port, "/openapi.json") as server:
        yield server


@contextmanager
def serve_mlflow(trees: Trees, folder: Path) -> Iterator[Server]:
    """MLflow's own server of the model's booster, one worker."""
    # Here, as benchmarks of the service alone report their peak memory.
    import lightgbm as lgb
    import mlflow.lightgbm

    model = str(folder / "booster")
    mlflow.lightgbm.save_model(lgb.Booster(model_str=trees.text), model)
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model]
    options = ["--env-manager", "local", "--port", str(port)]
    # MLflow starts uvicorn by its name: it must be on the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with running([*command, *options], port, "/ping", PATH=path) as server:
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_mib(session: int) -> float:
    """Memory of the processes of a session (Linux); a page that several share counts once."""
    kibibytes = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                rollup = (folder / "smaps_rollup").read_text()
                kibibytes += int(rollup.partition("\nPss:")[2].split()[0])
    return kibibytes / 1024
