"""POST /v1/score beside a bare FastAPI no-op that reads the same body, and `mlflow models serve` of the same booster.

Without --home it simulates a CRM and trains on it. Checks that the response over HTTP equals the scorer's to the last
bit, and MLflow's the booster's, before it measures. All servers run at once and are visited in turns, a second each;
a share of the no-op's rate is the median of shares taken within a few seconds. MLflow receives finished features.

    python -m benchmarks.bench_serving [--home HOME --data FOLDER] [--rounds 8]
"""

import argparse
import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import mlflow.lightgbm
import numpy as np

from benchmarks.http_load import Target
from benchmarks.measure import machine
from features.matrix import build_matrix
from history.read import read_records
from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle, load_bundle
from models.pointer import read_pointer
from models.trees.ensemble import Trees
from serving.base.problems import Problem
from serving.model.scoring import score_leads

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 4
START_S = 120  # for a server to respond
SETTLE_S = 12  # a worker prepares its pages in pauses of its first seconds
NOT_ATTRIBUTES = ("lead_id", "created_at", "owner", "source", "account_id")
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


class Home(NamedTuple):
    """A home with a champion, and the data folder that it was trained on."""

    folder: Path
    data: Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, help="a home with a champion; needs --data")
    parser.add_argument("--data", type=Path, help="the folder of CSV files it was trained on")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--interactions", type=int, default=40)
    parser.add_argument("--soak", type=int, default=0, help="then measure memory over that many requests")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_given = options.home and options.data
        home = Home(options.home, options.data) if is_given else trained_home(folder)
        lead = lead_of(home.data, options.interactions)
        bench_rates(home.folder, lead, folder, options.rounds)
        if options.soak:
            bench_memory(home.folder, lead, options.soak)


def bench_rates(home: Path, lead: dict[str, Any], folder: Path, rounds: int) -> None:
    """Rates, latencies and processor time of all servers; folder: for scratch files."""
    pointer = read_pointer(home)
    if pointer is None:
        raise SystemExit(f"no champion in {home}")
    bundle = load_bundle(pointer.folder, pointer.model_version)
    body = compact_json(lead)
    print(f"{machine()} (load before)")
    print(
        f"one lead, {len(lead['interactions'])} interactions, {len(body)} bytes; {CONNECTIONS} connections, "
        f"{rounds} rounds"
    )
    with ExitStack() as servers:
        targets = [servers.enter_context(serve_no_op(folder)).target("bare no-op", "/v1/score", body)]
        if bundle.conversion is not None and bundle.conversion.trees is not None:
            trees, row = bundle.conversion.trees, feature_row(bundle, lead)
            server = servers.enter_context(serve_mlflow(trees, folder))
            check_booster(server.port, trees, row)
            targets.append(server.target("mlflow models serve", "/invocations", row))
        for workers in (1, 2):
            server = servers.enter_context(serve_leadcast(home, workers))
            check_equal(server.port, bundle, lead)
            for reasons in (0, 5):
                name = f"score, {reasons} reasons, {workers} worker{'s' * (workers > 1)}"
                targets.append(server.target(name, f"/v1/score?reasons={reasons}", body))
        time.sleep(SETTLE_S)
        summaries = measured(targets, rounds)
    for name, summary in summaries.items():
        print(f"{name:28s} {summary.pop('share'):5.2f} of the no-op  {json.dumps(summary)}")


def bench_memory(home: Path, lead: dict[str, Any], requests: int) -> None:
    """Memory of one worker with its parent after some requests, and its growth over many more."""
    with serve_leadcast(home, 1) as server:
        targets = [server.target("soak", "/v1/score", compact_json(lead))]
        rate = measured(targets, 4)["soak"]["requests_per_second"]
        before_mib, sent = resident_mib(server.session), 0.0
        while sent < requests:
            # 9 rounds and the warm-up: 10 slices of a second.
            sent += measured(targets, 9)["soak"]["requests_per_second"] * 10
        growth_mib = resident_mib(server.session) - before_mib
    print(
        f"memory {before_mib:.0f} MiB after {5 * rate:.0f} requests, {growth_mib:+.1f} MiB after {sent:.0f} more"
    )


def measured(targets: list[Target], rounds: int) -> dict[str, dict[str, float]]:
    """Summaries by target, from a client process of its own."""
    command = [sys.executable, str(ROOT / "benchmarks" / "http_load.py")]
    options = ["--connections", str(CONNECTIONS), "--rounds", str(rounds)]
    document = json.dumps([asdict(target) for target in targets])
    done = subprocess.run([*command, *options], input=document, stdout=subprocess.PIPE, check=True, text=True)
    summaries: dict[str, dict[str, float]] = json.loads(done.stdout)
    return summaries


def resident_mib(session: int) -> float:
    """Resident memory of the processes of a session (Linux)."""
    pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                pages += int((folder / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


# ---- servers


@dataclass(frozen=True)
class Server:
    """A running server: its port, and the session of its processes."""

    port: int
    session: int

    def target(self, name: str, path: str, body: str) -> Target:
        return Target(name, self.port, path, body, self.session)


@contextmanager
def running(command: list[str], port: int, path: str, **environment: str) -> Iterator[Server]:
    """A server process from its first response at `path` on; ended afterwards."""
    quiet: Any = subprocess.DEVNULL
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=env, start_new_session=True)
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
    with running(command, port, "/readyz", LEADCAST_HOME=str(home), LEADCAST_LOG="errors") as server:
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


# ---- equality


def check_equal(port: int, bundle: Bundle, lead: dict[str, Any]) -> None:
    """Raises AssertionError if the response over HTTP differs from the scorer's in this process."""
    as_of_us = bundle.trained_through_us
    path = f"/v1/score?reasons=all&as_of={format_time(as_of_us)}"
    over_http = post(port, path, json.dumps(lead))
    in_process = score_leads(bundle, [lead], as_of_us, as_of_us, None)[0]
    assert not isinstance(in_process, Problem)
    assert over_http == json.loads(json.dumps(in_process)), "HTTP and scorer differ"


def check_booster(port: int, trees: Trees, row: str) -> None:
    """Raises AssertionError if MLflow's prediction differs from the booster's."""
    (over_http,) = post(port, "/invocations", row)["predictions"]
    (values,) = json.loads(row)["dataframe_split"]["data"]
    (own,) = lgb.Booster(model_str=trees.text).predict(np.array([values], dtype=np.float64))
    assert over_http == own, "MLflow and the booster differ"


def post(port: int, path: str, body: str) -> Any:
    """The JSON response to a JSON body."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body.encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


# ---- data


def trained_home(folder: Path) -> Home:
    home, crm = folder / "home", folder / "crm"
    leadcast = [sys.executable, "-m", "cli", "--home", str(home)]
    subprocess.run([*leadcast, "simulate", str(crm), "--leads", "3000"], check=True, cwd=ROOT)
    subprocess.run([*leadcast, "train", str(crm), "--promote", "always"], check=True, cwd=ROOT)
    return Home(home, crm)


def lead_of(data: Path, interactions: int) -> dict[str, Any]:
    """A request: the open lead with about so many interactions, cut or repeated to exactly so many."""
    closed = {row["lead_id"] for row in table_rows(data, "outcomes")}
    touches: dict[str, list[dict[str, Any]]] = {}
    for row in table_rows(data, "interactions"):
        touch: dict[str, Any] = without_empty(row)
        if "value" in touch:
            touch["value"] = float(touch["value"])
        touches.setdefault(row["lead_id"], []).append(touch)
    candidates = [
        row for row in table_rows(data, "leads") if row["lead_id"] not in closed and row["lead_id"] in touches
    ]
    lead = min(candidates, key=lambda row: abs(len(touches[row["lead_id"]]) - interactions))
    own = touches[lead["lead_id"]]
    stages = [row for row in table_rows(data, "stages") if row["lead_id"] == lead["lead_id"]]
    return {
        **{name: lead[name] for name in ("lead_id", "created_at", "owner", "source")},
        "attributes": {name: value for name, value in lead.items() if value and name not in NOT_ATTRIBUTES},
        "interactions": [{**own[i % len(own)], "interaction_id": f"i{i}"} for i in range(interactions)],
        "stages": [without_empty(row) for row in stages],
    }


def table_rows(data: Path, table: str) -> list[dict[str, str]]:
    with open(data / f"{table}.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def without_empty(row: dict[str, str]) -> dict[str, str]:
    """The row's filled fields, without the lead's id."""
    return {name: value for name, value in row.items() if value and name != "lead_id"}


def feature_row(bundle: Bundle, lead: dict[str, Any]) -> str:
    """The lead's features as MLflow reads them; missing ones are the NaN of Python's JSON."""
    as_of_us = bundle.trained_through_us
    history, _ = read_records([lead], bundle.config, as_of_us)
    snapshot = Snapshot(history, np.zeros(1, np.int64), np.array([as_of_us]))
    matrix = build_matrix(snapshot, bundle.vocabulary)
    names = [feature.name for feature in matrix.features]
    return compact_json({"dataframe_split": {"columns": names, "data": matrix.values.tolist()}})


def compact_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    main()
