"""POST /v1/score beside a bare FastAPI no-op that reads the same body, in one run on one machine.

Run as `python benchmarks/bench_serving.py [--home HOME --data FOLDER] [--seconds 5]`; without a home it simulates a CRM
and trains on it.
Before it measures, it checks that the answer over HTTP is the scorer's own to the last bit.
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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.times import format_time
from models.bundle import Bundle, load_bundle
from models.pointer import read_pointer
from serving.adapter import score_leads
from serving.problems import Problem

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, path: str, **environment: str) -> Iterator[None]:
    """A server that answers at `path`, ended afterwards."""
    quiet: Any = subprocess.DEVNULL
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=env)
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
        yield
    finally:
        server.terminate()
        server.wait()


def measured(port: int, path: str, body: bytes, seconds: float) -> dict[str, float]:
    command = [sys.executable, str(ROOT / "benchmarks" / "http_load.py"), str(port), path]
    options = ["--connections", str(CONNECTIONS), "--seconds", str(seconds)]
    done = subprocess.run([*command, *options], input=body, capture_output=True, check=True)
    summary: dict[str, float] = json.loads(done.stdout)
    return summary


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
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--interactions", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home, data = (given.home, given.data) if given.home and given.data else trained_home(folder)
        run(home, lead_of(data, given.interactions), folder, given.seconds)


def trained_home(scratch: Path) -> tuple[Path, Path]:
    leadcast = [sys.executable, "-m", "cli", "--home", str(scratch / "home")]
    crm = str(scratch / "crm")
    subprocess.run([*leadcast, "simulate", crm, "--leads", "3000"], check=True, cwd=ROOT)
    subprocess.run([*leadcast, "train", crm, "--promote", "always"], check=True, cwd=ROOT)
    return scratch / "home", scratch / "crm"


def run(home: Path, lead: dict[str, Any], scratch: Path, seconds: float) -> None:
    pointer = read_pointer(home)
    if pointer is None:
        raise SystemExit(f"no champion in {home}")
    bundle = load_bundle(pointer.folder, pointer.model_version)
    body = json.dumps(lead, separators=(",", ":")).encode()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before"
    )
    count = len(lead["interactions"])
    print(f"one lead, {count} interactions, {len(body)} bytes; {CONNECTIONS} connections, {seconds:g} s each")
    (scratch / "bare.py").write_text(BARE)
    results = {"bare no-op": bare(scratch, body, seconds)}
    for workers in (1, 2):
        port = free_port()
        command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--workers", str(workers)]
        with running(command, port, "/readyz", LEADCAST_HOME=str(home), LEADCAST_LOG="errors"):
            check_equal(port, bundle, lead)
            for reasons in (0, 5):
                name = f"score, {reasons} reasons, {workers} worker{'s' * (workers > 1)}"
                results[name] = measured(port, f"/v1/score?reasons={reasons}", body, seconds)
    base = results["bare no-op"]["requests_per_second"]
    for name, found in results.items():
        print(f"{name:28s} {found['requests_per_second'] / base:5.2f} of the no-op  {json.dumps(found)}")


def bare(scratch: Path, body: bytes, seconds: float) -> dict[str, float]:
    port = free_port()
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--app-dir", str(scratch), *options]
    with running(command, port, "/openapi.json"):
        return measured(port, "/v1/score", body, seconds)


if __name__ == "__main__":
    main()
