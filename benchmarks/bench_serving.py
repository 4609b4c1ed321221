"""POST /v1/score beside a bare FastAPI no-op that reads the same body and `mlflow models serve` of the same booster.

Run as `python -m benchmarks.bench_serving [--home HOME --data FOLDER] [--rounds 8]`; without a home it simulates a CRM
and trains on it. All servers run at once and are visited in turns, a second each; a share of the no-op's rate is the
median of shares taken within a few seconds of each other. MLflow's is handed a finished feature row.
Before it measures, it checks that the answer over HTTP is the scorer's own to the last bit, and MLflow's the booster's.
"""

import argparse
import csv
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import mlflow.lightgbm
import numpy as np

from features.matrix import build_matrix
from history.read import read_records
from history.snapshot import Snapshot
from history.times import format_time
from models.bundle import Bundle, load_bundle
from models.pointer import read_pointer
from models.trees.ensemble import Trees
from serving.base.problems import Problem
from serving.model.scoring import score_leads

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 4
NOT_ATTRIBUTES = ("lead_id", "created_at", "owner", "source", "account_id")
BARE = """
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
    """A server that runs: its port, and the session of its processes."""

    port: int
    session: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, path: str, **environment: str) -> Iterator[int]:
    """A server that answers at `path`, ended afterwards; its session."""
    quiet: Any = subprocess.DEVNULL
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=env, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                    break
            except OSError:
                if time.monotonic() > until or server.poll() is not None:
                    raise SystemExit(f"{command} does not answer") from None
                time.sleep(0.2)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def lead_of(data: Path, interactions: int) -> dict[str, Any]:
    """The open lead of a data folder with about that many interactions, as a request of exactly that many."""

    def rows(table: str) -> list[dict[str, str]]:
        with open(data / f"{table}.csv", encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    closed = {row["lead_id"] for row in rows("outcomes")}
    touches: dict[str, list[dict[str, Any]]] = {}
    for row in rows("interactions"):
        filled: dict[str, Any] = {k: v for k, v in row.items() if v and k != "lead_id"}
        if "value" in filled:
            filled["value"] = float(filled["value"])
        touches.setdefault(row["lead_id"], []).append(filled)
    leads = [row for row in rows("leads") if row["lead_id"] not in closed and row["lead_id"] in touches]
    lead = min(leads, key=lambda row: abs(len(touches[row["lead_id"]]) - interactions))
    own = touches[lead["lead_id"]]
    taken = [{**own[i % len(own)], "interaction_id": f"i{i}"} for i in range(interactions)]
    stages = [row for row in rows("stages") if row["lead_id"] == lead["lead_id"]]
    return {
        **{key: lead[key] for key in ("lead_id", "created_at", "owner", "source")},
        "attributes": {k: v for k, v in lead.items() if v and k not in NOT_ATTRIBUTES},
        "interactions": taken,
        "stages": [{k: v for k, v in row.items() if v and k != "lead_id"} for row in stages],
    }


def check_equal(port: int, bundle: Bundle, lead: dict[str, Any]) -> None:
    """The answer over HTTP is the one of the scorer in this process."""
    as_of = bundle.trained_through_us
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/score?reasons=all&as_of={format_time(as_of)}",
        json.dumps(lead).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        over_http = json.loads(answer.read())
    here = score_leads(bundle, [lead], as_of, as_of, None)[0]
    assert not isinstance(here, Problem)
    assert over_http == json.loads(json.dumps(here)), "HTTP and scorer differ"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with a champion; needs --data")
    parser.add_argument("--data", type=Path, help="the folder of CSV files it was trained on")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--interactions", type=int, default=40)
    parser.add_argument("--soak", type=int, default=0, help="then watch the memory over that many requests")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home, data = (given.home, given.data) if given.home and given.data else trained_home(folder)
        lead = lead_of(data, given.interactions)
        run(home, lead, folder, given.rounds)
        if given.soak:
            soak(home, lead, given.soak)


def trained_home(scratch: Path) -> tuple[Path, Path]:
    leadcast = [sys.executable, "-m", "cli", "--home", str(scratch / "home")]
    crm = str(scratch / "crm")
    subprocess.run([*leadcast, "simulate", crm, "--leads", "3000"], check=True, cwd=ROOT)
    subprocess.run([*leadcast, "train", crm, "--promote", "always"], check=True, cwd=ROOT)
    return scratch / "home", scratch / "crm"


def run(home: Path, lead: dict[str, Any], scratch: Path, rounds: int) -> None:
    pointer = read_pointer(home)
    if pointer is None:
        raise SystemExit(f"no champion in {home}")
    bundle = load_bundle(pointer.folder, pointer.model_version)
    body = json.dumps(lead, separators=(",", ":"))
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    count = len(lead["interactions"])
    print(f"one lead, {count} interactions, {len(body)} bytes; {CONNECTIONS} connections, {rounds} rounds")
    with ExitStack() as servers:
        targets = [target("bare no-op", servers.enter_context(bare(scratch)), "/v1/score", body)]
        if bundle.conversion is not None and bundle.conversion.trees is not None:
            row = feature_row(bundle, lead)
            server = servers.enter_context(mlflow_serve(bundle.conversion.trees, scratch))
            check_booster(server.port, bundle.conversion.trees, row)
            targets.append(target("mlflow models serve", server, "/invocations", row))
        for workers in (1, 2):
            server = servers.enter_context(leadcast_serve(home, workers))
            check_equal(server.port, bundle, lead)
            for reasons in (0, 5):
                name = f"score, {reasons} reasons, {workers} worker{'s' * (workers > 1)}"
                targets.append(target(name, server, f"/v1/score?reasons={reasons}", body))
        found = measured(targets, rounds)
    for name, summary in found.items():
        print(f"{name:28s} {summary.pop('share'):5.2f} of the no-op  {json.dumps(summary)}")


def soak(home: Path, lead: dict[str, Any], requests: int) -> None:
    """Memory of one worker with its parent after some requests, and how much that grows over many more."""
    body = json.dumps(lead, separators=(",", ":"))
    with leadcast_serve(home, 1) as server:
        targets = [target("soak", server, "/v1/score", body)]
        rate = measured(targets, 4)["soak"]["requests_per_second"]
        before, sent = resident_mib(server.session), 0.0
        while sent < requests:
            sent += measured(targets, 9)["soak"]["requests_per_second"] * 10
        growth = resident_mib(server.session) - before
        print(
            f"memory {before:.0f} MiB after {5 * rate:.0f} requests, {growth:+.1f} MiB after {sent:.0f} more"
        )


def resident_mib(session: int) -> float:
    """Resident memory of the processes of a session (Linux)."""
    pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                pages += int((folder / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def target(name: str, server: Server, path: str, body: str) -> dict[str, Any]:
    """One target of http_load."""
    return {"name": name, "port": server.port, "session": server.session, "path": path, "body": body}


def measured(targets: list[dict[str, Any]], rounds: int) -> dict[str, dict[str, float]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "http_load.py")]
    options = ["--connections", str(CONNECTIONS), "--rounds", str(rounds)]
    done = subprocess.run(
        [*command, *options], input=json.dumps(targets), stdout=subprocess.PIPE, check=True, text=True
    )
    summaries: dict[str, dict[str, float]] = json.loads(done.stdout)
    return summaries


@contextmanager
def leadcast_serve(home: Path, workers: int) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--workers", str(workers)]
    with running(command, port, "/readyz", LEADCAST_HOME=str(home), LEADCAST_LOG="errors") as session:
        yield Server(port, session)


@contextmanager
def bare(scratch: Path) -> Iterator[Server]:
    (scratch / "bare.py").write_text(BARE)
    port = free_port()
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--app-dir", str(scratch), *options]
    with running(command, port, "/openapi.json") as session:
        yield Server(port, session)


@contextmanager
def mlflow_serve(trees: Trees, scratch: Path) -> Iterator[Server]:
    """MLflow's own server over the booster of the model, one worker."""
    mlflow.lightgbm.save_model(lgb.Booster(model_str=trees.text), str(scratch / "booster"))
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(scratch / "booster")]
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"]]
    )  # where it looks for uvicorn
    with running(
        [*command, "--env-manager", "local", "--port", str(port)], port, "/ping", PATH=path
    ) as session:
        yield Server(port, session)


def feature_row(bundle: Bundle, lead: dict[str, Any]) -> str:
    """The lead's finished features as MLflow takes them: what is missing is the NaN of Python's JSON."""
    as_of = bundle.trained_through_us
    history, _ = read_records([lead], bundle.config, as_of)
    matrix = build_matrix(Snapshot(history, np.zeros(1, np.int64), np.array([as_of])), bundle.vocabulary)
    names = [feature.name for feature in matrix.features]
    table = {"columns": names, "data": matrix.values.tolist()}
    return json.dumps({"dataframe_split": table}, separators=(",", ":"))


def check_booster(port: int, trees: Trees, row: str) -> None:
    """MLflow's answer is the booster's."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", row.encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        (told,) = json.loads(answer.read())["predictions"]
    (given,) = json.loads(row)["dataframe_split"]["data"]
    (own,) = lgb.Booster(model_str=trees.text).predict(np.array([given], dtype=np.float64))
    assert told == own, "MLflow and the booster differ"


if __name__ == "__main__":
    main()
