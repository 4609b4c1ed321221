"""Scoring: leads a second with and without reasons, in bulk and one by one, beside LightGBM on the same matrix.

Simulates a CRM and trains on it. Checks that bulk and single scores are equal to the last bit before it measures. One
by one means a history of one lead each, as a request brings it. Times are the best of several runs, in processor time.

    python -m benchmarks.bench_scoring [--leads 4000] [--repeat 5]
"""

import argparse
import csv
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

# Before LightGBM loads OpenMP: threads that spin between calls would count as processor time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm as lgb
import numpy as np

from benchmarks.measure import best_of, machine
from features.matrix import build_matrix
from history.base.arrays import Floats
from history.read import read_folder
from history.records.read import read_records
from history.snapshot import Snapshot, open_leads
from models.bundle import Bundle
from models.scorer import score
from models.trees.ensemble import Trees
from simulation.simulate import simulate
from training.train import TrainOptions, train

SINGLES = 200
OWN_COLUMNS = ("lead_id", "created_at", "account_id", "owner", "source")
LOG_TABLES = ("interactions", "stages", "attribute_changes")


@dataclass(frozen=True)
class Data:
    """A model, the leads to score, their features (n, k), and the first leads as requests bring them."""

    bundle: Bundle
    snapshot: Snapshot
    values: Floats
    singles: list[Snapshot]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leads", type=int, default=4000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    data = simulated(options.leads)
    check_equal(data)
    print(f"{machine()}, LightGBM {lgb.__version__}")
    print(
        f"{len(data.snapshot):,} open leads, {data.values.shape[1]} features; best of {options.repeat}, "
        "processor time"
    )
    bench_scores(data, options.repeat)
    assert data.bundle.conversion is not None, "this simulation has a signal"
    if data.bundle.conversion.trees is not None:
        bench_lightgbm(data, data.bundle.conversion.trees, options.repeat)


def bench_scores(data: Data, repeat: int) -> None:
    leads = len(data.snapshot)
    for reasons in (0, 5):
        bulk = best_warm(partial(score, data.bundle, data.snapshot, reasons), repeat)
        print_speed(f"score, in bulk, {reasons} reasons", bulk, leads)
        singles = best_warm(partial(score_singles, data, reasons), repeat)
        print_speed(f"score, one by one, {reasons} reasons", singles, len(data.singles))
    features = best_warm(partial(build_matrix, data.snapshot, data.bundle.vocabulary), repeat)
    print_speed("of it: features, in bulk", features, leads)


def bench_lightgbm(data: Data, trees: Trees, repeat: int) -> None:
    """LightGBM's own predictions and contributions of the same trees, which must be equal."""
    leads, count = len(data.values), len(trees.roots)
    predict = partial(lgb.Booster(model_str=trees.text).predict, data.values, num_threads=1)
    assert np.array_equal(predict(raw_score=True), trees.predict(data.values)), "trees differ from LightGBM's"
    raw = best_warm(partial(predict, raw_score=True), repeat)
    print_speed(f"raw LightGBM predict, {count} trees", raw, leads)
    contributions = best_warm(partial(predict, pred_contrib=True), repeat)
    print_speed(f"raw LightGBM pred_contrib, {count} trees", contributions, leads)


def score_singles(data: Data, reasons: int) -> None:
    for lead in data.singles:
        score(data.bundle, lead, reasons)


def best_warm(work: Callable[[], object], repeat: int) -> float:
    """Least seconds of processor time of a call, after one that is not counted."""
    work()
    return best_of(work, repeat).processor


def print_speed(name: str, seconds: float, leads: int) -> None:
    print(f"{name:<52}{leads / seconds:>12,.0f} leads/s{1e6 * seconds / leads:>12,.1f} us a lead")


def check_equal(data: Data) -> None:
    """Raises AssertionError if a lead scored from a request differs from the same lead scored from the folder."""
    bulk = score(data.bundle, data.snapshot).columns()
    for i, lead in enumerate(data.singles):
        single = score(data.bundle, lead).columns()
        assert all(single[name][0] == bulk[name][i] for name in bulk), f"lead {i} differs"


# ---- data


def simulated(leads: int) -> Data:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "crm"
        simulate(folder, leads=leads)
        history = read_folder(folder)
        bundle = train(history, TrainOptions(trials=0)).bundle
        snapshot = open_leads(history, history.as_of_us)
        ids = [history.lead_ids[i] for i in snapshot.lead[:SINGLES].tolist()]
        requests = requests_of(folder, ids)
    singles = [single_lead(requests[lead_id], bundle, history.as_of_us) for lead_id in ids]
    values = build_matrix(snapshot, bundle.vocabulary).values
    return Data(bundle, snapshot, values, singles)


def requests_of(folder: Path, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Leads of a data folder, by id, as POST /v1/score takes them."""
    requests: dict[str, dict[str, Any]] = {}
    for row in table_rows(folder, "leads"):
        if row["lead_id"] in ids:
            attributes = {name: value for name, value in row.items() if name not in OWN_COLUMNS}
            own = {name: row[name] for name in OWN_COLUMNS if name in row}
            requests[row["lead_id"]] = {**own, "attributes": attributes}
    for table in LOG_TABLES:
        for row in table_rows(folder, table):
            request = requests.get(row.pop("lead_id"))
            if request is None:
                continue
            if table == "interactions" and "value" in row:
                row["value"] = float(row["value"])
            request.setdefault(table, []).append(row)
    return requests


def table_rows(folder: Path, table: str) -> Iterator[dict[str, Any]]:
    """Rows without their empty cells; an empty value of an attribute change is a value."""
    kept_empty = {"value"} if table != "interactions" else set()
    with open(folder / f"{table}.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {name: value for name, value in row.items() if value or name in kept_empty}


def single_lead(request: dict[str, Any], bundle: Bundle, as_of_us: int) -> Snapshot:
    history, problems = read_records([request], bundle.config, as_of_us)
    assert problems == [None]
    return Snapshot(history, np.zeros(1, np.int64), np.array([as_of_us]))


if __name__ == "__main__":
    main()
