"""Training: processor time of a whole `leadcast train`, beside its own fits alone and CatBoost on the same rows.

Simulates a CRM of each size and trains on it in a process of its own. The fits are counted during that run: what
LightGBM takes for datasets, trees and predictions, and what linear and logistic regressions take. Then CatBoost as it
comes, 600 iterations on one thread, fits the matured rows that the final fit reads: the same columns, categories as
numbers, the same weights. Imports count on neither side. CatBoost is in no lock: `pip install catboost`; without it
its lines are left out.

    python -m benchmarks.bench_training [--leads 2000 7000] [--months 18]
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine
from benchmarks.measurement.training_run import ITERATIONS, TrainingRun
from benchmarks.service.trained_home import ROOT

OF_FITS, OF_CATBOOST = (
    1 / 1.5,
    1 / 2.0,
)  # least ratios: a training may take 1.5 times its fits, 2 times CatBoost
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=(2000, 7000), metavar="N")
    parser.add_argument("--months", type=int, default=18)
    options = parser.parse_args()
    note(machine())
    report((one for leads in options.leads for one in comparisons(leads, options.months)), options.json)


def comparisons(leads: int, months: int) -> Iterator[Comparison]:
    run = measured(leads, months)
    note(f"{leads:,} leads: {run.rows:,} matured rows of {run.columns} columns, imports {run.imports:.1f} s")
    work = f"train, {leads:,} leads"
    train = Comparison(work, run.train, "s")
    yield train.beside("its fits alone", run.lightgbm + run.linear, OF_FITS, "the same run")
    if run.catboost is None:
        note("catboost is not installed: left out")
    else:
        peer = f"CatBoost, {ITERATIONS} iterations"
        yield train.beside(peer, run.catboost, OF_CATBOOST, "rows, columns, weights")
    yield Comparison(f"of it: LightGBM, {leads:,} leads", run.lightgbm, "s")
    yield Comparison(f"of it: linear fits, {leads:,} leads", run.linear, "s")
    yield Comparison(f"of it: MLflow's tables in a new home, {leads:,} leads", run.database, "s")
    yield Comparison(f"imports besides, {leads:,} leads", run.imports, "s")


def measured(leads: int, months: int) -> TrainingRun:
    """A training on simulated leads, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "crm", Path(name) / "home"
        sizes = ["--leads", str(leads), "--months", str(months)]
        run_module("cli", "simulate", str(folder), *sizes)
        return TrainingRun(
            **json.loads(run_module("benchmarks.measurement.training_run", str(folder), str(home)))
        )


def run_module(module: str, *arguments: str) -> str:
    """What a module prints to stdout; a failed one ends the benchmark with what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
    )
    if done.returncode:
        raise SystemExit(f"{module} failed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
