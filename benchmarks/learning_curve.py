"""Learning curve: how far a model's ranking is from the truth's, by the number of leads it has learned from.

Simulates worlds of one kind and seed that differ in size, trains on each as of an instant at which the simulator tells
every open lead's true chance, and ranks those leads. AUC is that expected under the true chances, free of the luck of
one future; the truth's own is the most that any model can reach.

    python -m benchmarks.learning_curve [--leads 1500 3000 6000 12000 25000 50000 100000] [--seed 3]
"""

import argparse
import csv
import tempfile
from pathlib import Path
from time import process_time
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.measure import machine, peak_mb
from history.base.arrays import Floats
from history.read import read_folder
from history.snapshot import cut, open_leads
from history.text.times import parse_time
from models.scorer import score
from simulation.simulate import simulate
from training.train import TrainOptions, train

AS_OF = "2026-05-01T00:00:00Z"  # the first of a month, at which the simulator writes the truth
SIZES = (1500, 3000, 6000, 12_000, 25_000, 50_000, 100_000)
HEADER = f"{'leads':>9}{'open':>8}{'AUC':>9}{'truth':>9}{'gap':>9}{'train, s':>10}{'peak, GB':>10}"


class Point(NamedTuple):
    """A world's open leads, the model's AUC and the truth's, and seconds of processor time of the training."""

    open: int
    auc: float
    truth: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leads", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    print(f"{machine()}; peak memory is that of all worlds so far")
    print(HEADER)
    for leads in options.leads:
        with tempfile.TemporaryDirectory() as name:
            point = measured(Path(name) / "crm", leads, options.seed)
        print(
            f"{leads:9,}{point.open:8,}{point.auc:9.4f}{point.truth:9.4f}{point.truth - point.auc:9.4f}"
            f"{point.seconds:10.0f}{peak_mb() / 1024:10.2f}",
            flush=True,
        )


def measured(folder: Path, leads: int, seed: int) -> Point:
    simulate(folder, leads=leads, months=24, seed=seed)
    as_of_us = parse_time(AS_OF, ZoneInfo("UTC"))
    history = cut(read_folder(folder), as_of_us)
    began = process_time()
    bundle = train(history, TrainOptions()).bundle
    seconds = process_time() - began
    scores = score(bundle, open_leads(history, as_of_us), 0)
    chances = true_chances(folder)
    known = [i for i, lead_id in enumerate(scores.lead_ids) if lead_id in chances]
    chance = np.array([chances[scores.lead_ids[i]] for i in known])
    return Point(
        len(known), expected_auc(scores.probability[known], chance), expected_auc(chance, chance), seconds
    )


def true_chances(folder: Path) -> dict[str, float]:
    """The true probability of each lead that is open at AS_OF, by id."""
    with (folder / "truth" / "leads.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["lead_id"]: float(row["probability"]) for row in csv.DictReader(file) if row["as_of"] == AS_OF
        }


def expected_auc(value: Floats, chance: Floats) -> float:
    """P(value of a winner > value of a loser) over all pairs, weighted by the chance of that outcome of the pair."""
    order = np.argsort(value, kind="stable")
    value, won = value[order], chance[order]
    lost = 1 - won
    lost_before = np.concatenate([[0.0], np.cumsum(lost)])
    first, end = np.searchsorted(value, value, "left"), np.searchsorted(value, value, "right")
    equal = lost_before[end] - lost_before[first] - lost  # of other leads
    above = float((won * (lost_before[first] + 0.5 * equal)).sum())
    return above / float(won.sum() * lost.sum() - (won * lost).sum())


if __name__ == "__main__":
    main()
