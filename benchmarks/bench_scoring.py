"""Scoring: leads a second with and without reasons, in bulk and one by one, beside LightGBM on the same matrix.

Simulates a CRM and trains on it. Checks that bulk and single scores are equal to the last bit before it measures. One
by one means a history of one lead each, as a request brings it. Times are the best of several runs, in processor time.

    python -m benchmarks.bench_scoring [--leads 4000] [--repeat 5]
"""

import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

# Before LightGBM loads OpenMP: threads that spin between calls would count as processor time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm as lgb
import numpy as np

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import best_of, machine
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
ALONE_EQUAL = "alone and in bulk"
LOG_TABLES = ("interactions", "stages", "attribute_changes")


@dataclass(frozen=True)
class Data:
    """A model, the leads to score, their features (n, k), and the first leads as requests bring them."""

    bundle: Bundle
    snapshot: Snapshot
    values: Floats
    singles: list[Snapshot]


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, default=4000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    data = simulated(options.leads)
    check_equal(data)
    note(f"{machine()}, LightGBM {lgb.__version__}")
    note(
        f"{len(data.snapshot):,} open leads, {data.values.shape[1]} features; best of {options.repeat}, "
        "processor time"
    )
    report(comparisons(data, options.repeat), options.json)


def comparisons(data: Data, repeat: int) -> Iterator[Comparison]:
    """Scores, with all that belongs to one, beside the bare prediction of one of their models."""
    assert data.bundle.conversion is not None, "this simulation has a signal"
    peers = lightgbm_speeds(data, data.bundle.conversion.trees, repeat)
    for reasons, peer in zip((0, 5), peers, strict=True):
        bulk = best_warm(partial(score, data.bundle, data.snapshot, reasons), repeat)
        one = Comparison(
            f"a score in bulk, {reasons} reasons", 1e6 * bulk / len(data.snapshot), "us", equality=ALONE_EQUAL
        )
        yield one.beside(peer.name, peer.us, equality="the trees' sums") if peer else one
        singles = best_warm(partial(score_singles, data, reasons), repeat)
        yield Comparison(
            f"a score one by one, {reasons} reasons",
            1e6 * singles / len(data.singles),
            "us",
            equality=ALONE_EQUAL,
        )
    features = best_warm(partial(build_matrix, data.snapshot, data.bundle.vocabulary), repeat)
    yield Comparison("of it: features in bulk", 1e6 * features / len(data.snapshot), "us")


@dataclass(frozen=True)
class PeerSpeed:
    name: str
    us: float


def lightgbm_speeds(data: Data, trees: Trees | None, repeat: int) -> Sequence[PeerSpeed | None]:
    """LightGBM's own predictions and contributions of the same trees, which must be equal; none without trees."""
    if trees is None:
        return (None, None)
    leads, count = len(data.values), len(trees.roots)
    predict = partial(lgb.Booster(model_str=trees.text).predict, data.values, num_threads=1)
    assert np.array_equal(predict(raw_score=True), trees.predict(data.values)), "trees differ from LightGBM's"
    raw = best_warm(partial(predict, raw_score=True), repeat)
    contributions = best_warm(partial(predict, pred_contrib=True), repeat)
    return (
        PeerSpeed(f"LightGBM predict, {count} trees alone", 1e6 * raw / leads),
        PeerSpeed(f"LightGBM pred_contrib, {count} trees alone", 1e6 * contributions / leads),
    )


def score_singles(data: Data, reasons: int) -> None:
    for lead in data.singles:
        score(data.bundle, lead, reasons)


def best_warm(work: Callable[[], object], repeat: int) -> float:
    """Least seconds of processor time of a call, after one that is not counted."""
    work()
    return best_of(work, repeat).processor


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
