"""POST /v1/score beside a bare FastAPI no-op that reads the same body, and `mlflow models serve` of the same booster.

Without --home it simulates a CRM and trains on it. Checks that the response over HTTP equals the scorer's to the last
bit, and MLflow's the booster's, before it measures. All servers run at once and are visited in turns, a second each;
a share of the no-op's rate is the median of shares taken within a few seconds. MLflow receives finished features.

    python -m benchmarks.bench_serving [--home HOME --data FOLDER] [--rounds 8] [--soak 200000]
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine
from benchmarks.service.http_load import Target
from benchmarks.service.servers import memory_mib, serve_leadcast, serve_mlflow, serve_no_op
from benchmarks.service.trained_home import ROOT, Home, trained_home
from features.matrix import build_matrix
from history.read import read_records
from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle
from models.home.pointer import read_pointer
from models.home.saved import load_bundle
from models.trees.ensemble import Trees
from serving.base.problems import Problem
from serving.model.scoring import score_leads

CONNECTIONS = 4
NO_OP_NAME, MLFLOW_NAME = "bare FastAPI no-op", "mlflow models serve"
SHARES = {0: 0.5, 5: 0.4}  # of the no-op's rate that one worker must reach, by number of reasons
OF_MLFLOW, OF_ONE_WORKER, LIMIT_P99_MS = 3.5, 1.9, 8.0
EQUAL = "with the scorer, bit by bit"
SETTLE_S = 12  # a worker prepares its pages in pauses of its first seconds
NOT_ATTRIBUTES = ("lead_id", "created_at", "owner", "source", "account_id")


def main() -> None:
    parser = options_parser(__doc__)
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
        comparisons = list(compare_rates(measured_servers(home.folder, lead, folder, options.rounds)))
        if options.soak:
            comparisons.append(compare_memory(home.folder, lead, options.soak))
        report(comparisons, options.json)


def measured_servers(
    home: Path, lead: dict[str, Any], folder: Path, rounds: int
) -> dict[str, dict[str, float]]:
    """Rates, latencies and processor time of all servers by name; folder: for scratch files."""
    pointer = read_pointer(home)
    if pointer is None:
        raise SystemExit(f"no champion in {home}")
    bundle = load_bundle(pointer.folder, pointer.model_version)
    body = compact_json(lead)
    note(f"{machine()} (load before)")
    note(
        f"one lead, {len(lead['interactions'])} interactions, {len(body)} bytes; {CONNECTIONS} connections, "
        f"{rounds} rounds"
    )
    with ExitStack() as servers:
        targets = [servers.enter_context(serve_no_op(folder)).target(NO_OP_NAME, "/v1/score", body)]
        if bundle.conversion is not None and bundle.conversion.trees is not None:
            trees, row = bundle.conversion.trees, feature_row(bundle, lead)
            server = servers.enter_context(serve_mlflow(trees, folder))
            check_booster(server.port, trees, row)
            targets.append(server.target(MLFLOW_NAME, "/invocations", row))
        for workers in (1, 2):
            server = servers.enter_context(serve_leadcast(home, workers))
            check_equal(server.port, bundle, lead)
            for reasons in SHARES:
                path = f"/v1/score?reasons={reasons}"
                targets.append(server.target(score_name(reasons, workers), path, body))
        time.sleep(SETTLE_S)
        summaries = measured(targets, rounds)
    for name, summary in summaries.items():
        note(f"{name:28s} {summary['share']:5.2f} of the no-op  {json.dumps(summary)}")
    return summaries


def score_name(reasons: int, workers: int) -> str:
    return f"score, {reasons} reasons, {workers} worker{'s' * (workers > 1)}"


def compare_rates(summaries: dict[str, dict[str, float]]) -> Iterator[Comparison]:
    """A share of the no-op's rate is the median of shares taken within a few seconds, not that of the medians."""
    for reasons, share in SHARES.items():
        for workers in (1, 2):
            summary = summaries[score_name(reasons, workers)]
            name = f"POST /v1/{score_name(reasons, workers)}"
            ours = Comparison(name, summary["requests_per_second"], "requests/s")
            theirs = summaries[NO_OP_NAME]["requests_per_second"]
            beside = ours.beside(NO_OP_NAME, theirs, share if workers == 1 else None, EQUAL)
            yield replace(beside, ratio=summary["share"])
            if workers == 1:
                yield Comparison(f"its p99, {name}", summary["p99_ms"], "ms", target=LIMIT_P99_MS)
                if MLFLOW_NAME in summaries:
                    theirs = summaries[MLFLOW_NAME]["requests_per_second"]
                    yield ours.beside(
                        f"{MLFLOW_NAME}, finished features", theirs, OF_MLFLOW, "with the booster"
                    )
            else:
                # A client on the same two cores takes some of them: workers are compared by their own time.
                one = summaries[score_name(reasons, 1)]
                beside = ours.beside(
                    "one worker, by processor time", one["requests_per_second"], OF_ONE_WORKER, EQUAL
                )
                yield replace(beside, ratio=2 * one["processor_us"] / summary["processor_us"])


def compare_memory(home: Path, lead: dict[str, Any], requests: int) -> Comparison:
    """Growth of one worker's memory, its parent's included, over many requests after some."""
    with serve_leadcast(home, 1) as server:
        targets = [server.target("soak", "/v1/score", compact_json(lead))]
        time.sleep(SETTLE_S)
        rate = measured(targets, 4)["soak"]["requests_per_second"]
        before_mib, sent = memory_mib(server.session), 0.0
        while sent < requests:
            # 9 rounds and the warm-up: 10 slices of a second.
            sent += measured(targets, 9)["soak"]["requests_per_second"] * 10
        growth_mib = memory_mib(server.session) - before_mib
    note(f"memory {before_mib:.0f} MiB after {5 * rate:.0f} requests")
    return Comparison(f"growth of memory over {sent:,.0f} requests", growth_mib, "MiB")


def measured(targets: list[Target], rounds: int) -> dict[str, dict[str, float]]:
    """Summaries by target, from a client process of its own."""
    command = [sys.executable, str(ROOT / "benchmarks" / "service" / "http_load.py")]
    options = ["--connections", str(CONNECTIONS), "--rounds", str(rounds)]
    document = json.dumps([asdict(target) for target in targets])
    done = subprocess.run([*command, *options], input=document, stdout=subprocess.PIPE, check=True, text=True)
    summaries: dict[str, dict[str, float]] = json.loads(done.stdout)
    return summaries


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
