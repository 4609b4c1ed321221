"""Learning curve: how far a model's ranking is from the truth's, by the number of leads it has learned from.

Simulates worlds of one kind that differ in size, trains on each as of an instant at which the simulator tells every
open lead's true chance, and ranks those leads. AUC is that expected under the true chances, free of the luck of one
future; the truth's own is the most that any model can reach. With several seeds each line is their mean: single worlds
of one size differ by more than a doubling gains.

    python -m benchmarks.learning_curve [--leads 1500 3000 6000 12000 25000 50000 100000] [--seeds 3]
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np

from benchmarks.measurement.timing import machine, peak_mb
from history.read import read_folder
from history.snapshot import cut, open_leads
from models.scorer import score
from simulation.simulate import simulate
from tests.builders.exports.known_crm import expected_auc, true_chances
from training.train import TrainOptions, train

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)  # the first of a month, at which the simulator writes the truth
SIZES = (1500, 3000, 6000, 12_000, 25_000, 50_000, 100_000)
HEADER = f"{'leads':>9}{'open':>8}{'AUC':>9}{'truth':>9}{'gap':>9}{'train, s':>10}{'peak, GB':>10}"


class Point(NamedTuple):
    """A world's open leads, the model's AUC and the truth's, and seconds of processor time of the training."""

    open: float
    auc: float
    truth: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leads", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3])
    options = parser.parse_args()
    print(f"{machine()}; peak memory is that of all worlds so far")
    print(HEADER)
    for leads in options.leads:
        points = []
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as name:
                points.append(measured(Path(name) / "crm", leads, seed))
        mean = Point(*np.mean(points, axis=0).tolist())
        print(
            f"{leads:9,}{mean.open:8,.0f}{mean.auc:9.4f}{mean.truth:9.4f}{mean.truth - mean.auc:9.4f}"
            f"{mean.seconds:10.0f}{peak_mb() / 1024:10.2f}",
            flush=True,
        )


def measured(folder: Path, leads: int, seed: int) -> Point:
    simulate(folder, leads=leads, months=24, seed=seed)
    as_of_us = int(AS_OF.timestamp()) * 1_000_000
    history = cut(read_folder(folder), as_of_us)
    began = process_time()
    bundle = train(history, TrainOptions()).bundle
    seconds = process_time() - began
    scores = score(bundle, open_leads(history, as_of_us), 0)
    chances = true_chances(folder, AS_OF)
    known = [i for i, lead_id in enumerate(scores.lead_ids) if lead_id in chances]
    chance = np.array([chances[scores.lead_ids[i]] for i in known])
    return Point(
        len(known), expected_auc(scores.probability[known], chance), expected_auc(chance, chance), seconds
    )


if __name__ == "__main__":
    main()
