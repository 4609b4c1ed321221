"""Scoring: leads a second with and without reasons, in bulk and one by one, beside raw LightGBM on the same matrix.

    python -m benchmarks.bench_scoring [--leads 4000] [--repeat 5]

The data is simulated and the model trained here. Before any clock is read, bulk and single scores are compared to the
last bit. One by one means a history of one lead each, as a request brings it. Prints the machine, the shape of the
data, and the best of several runs, in processor time.
"""

import argparse
import csv
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm as lgb
import numpy as np

from features.matrix import build_matrix
from history.read import read_folder
from history.records.read import read_records
from history.snapshot import Snapshot, open_leads
from models.bundle import Bundle
from models.scorer import score
from simulation.simulate import simulate
from training.train import TrainOptions, train

SINGLES = 200


@dataclass(frozen=True)
class Material:
    """A trained model, the leads to score, their feature values (n, k), and the first of them as requests."""

    bundle: Bundle
    snapshot: Snapshot
    values: Any
    singles: list[Snapshot]


def made(leads: int) -> Material:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "crm"
        simulate(folder, leads=leads)
        history = read_folder(folder)
        bundle = train(history, TrainOptions(trials=0), lambda text, share: None).bundle
        snapshot = open_leads(history, history.as_of_us)
        ids = [history.lead_ids[i] for i in snapshot.lead[:SINGLES].tolist()]
        requests = as_requests(folder, ids)
    singles = [alone(requests[i], bundle, history.as_of_us) for i in ids]
    return Material(bundle, snapshot, build_matrix(snapshot, bundle.vocabulary).values, singles)


def as_requests(folder: Path, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Leads of a data folder as POST /v1/score takes them."""
    own = ("lead_id", "created_at", "account_id", "owner", "source")
    found: dict[str, dict[str, Any]] = {}
    for row in rows_of(folder, "leads"):
        if row["lead_id"] in ids:
            attributes = {k: v for k, v in row.items() if k not in own}
            found[row["lead_id"]] = {k: row[k] for k in own if k in row} | {"attributes": attributes}
    for table in ("interactions", "stages", "attribute_changes"):
        for row in rows_of(folder, table):
            if (lead := found.get(row.pop("lead_id"))) is not None:
                if "value" in row and table == "interactions":
                    row["value"] = float(row["value"])
                lead.setdefault(table, []).append(row)
    return found


def rows_of(folder: Path, table: str) -> Iterator[dict[str, Any]]:
    with open(folder / f"{table}.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {
                name: value
                for name, value in row.items()
                if value or (name == "value" and table != "interactions")
            }


def alone(request: dict[str, Any], bundle: Bundle, as_of_us: int) -> Snapshot:
    history, problems = read_records([request], bundle.config, as_of_us)
    assert problems == [None]
    return Snapshot(history, np.zeros(1, np.int64), np.array([as_of_us]))


def check_equal(given: Material) -> None:
    """Raises AssertionError where a lead scored from a request differs from the same lead scored from the folder."""
    whole = score(given.bundle, given.snapshot).columns()
    for i, lead in enumerate(given.singles):
        one = score(given.bundle, lead).columns()
        assert all(one[name][0] == whole[name][i] for name in whole), f"lead {i} differs"


def best(run: Callable[[], object], repeat: int) -> float:
    """Seconds of processor time of the fastest run."""
    run()
    times = []
    for _ in range(repeat):
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times)


def tell(what: str, seconds: float, leads: int) -> None:
    print(f"{what:<52}{leads / seconds:>12,.0f} leads/s{1e6 * seconds / leads:>12,.1f} us a lead")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=4000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    given = made(options.leads)
    bundle, snapshot, n = given.bundle, given.snapshot, len(given.snapshot)
    check_equal(given)
    model = bundle.conversion
    assert model is not None, "this simulation gives a signal"
    trees = model.trees
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, LightGBM {lgb.__version__}"
    )
    print(f"{n:,} open leads, {given.values.shape[1]} features; best of {options.repeat}, processor time")
    for reasons in (0, 5):
        bulk = best(partial(score, bundle, snapshot, reasons), options.repeat)
        tell(f"score, in bulk, {reasons} reasons", bulk, n)
        each = best(partial(score_each, bundle, given.singles, reasons), options.repeat)
        tell(f"score, one by one, {reasons} reasons", each, len(given.singles))
    tell(
        "of it: features, in bulk",
        best(partial(build_matrix, snapshot, bundle.vocabulary), options.repeat),
        n,
    )
    if trees is not None:
        booster = lgb.Booster(model_str=trees.text)
        raw = partial(booster.predict, given.values, num_threads=1)
        assert np.array_equal(raw(raw_score=True), trees.predict(given.values)), (
            "trees differ from LightGBM's"
        )
        tell(
            f"raw LightGBM predict, {len(trees.roots)} trees",
            best(partial(raw, raw_score=True), options.repeat),
            n,
        )
        contributions = best(partial(raw, pred_contrib=True), options.repeat)
        tell(f"raw LightGBM pred_contrib, {len(trees.roots)} trees", contributions, n)


def score_each(bundle: Bundle, leads: list[Snapshot], reasons: int) -> None:
    for lead in leads:
        score(bundle, lead, reasons)


if __name__ == "__main__":
    main()
