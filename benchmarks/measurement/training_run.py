"""One `leadcast train` whose fits and imports are counted apart, for bench_training; prints a JSON object.

Then, if CatBoost is installed, fits it as it comes on the matured rows of the final fit: the same columns, categories
as numbers, the same weights. In a process of its own, so that imports and compiled kernels are loaded as a command
loads them.

    python -m benchmarks.measurement.training_run FOLDER HOME
"""

import builtins
import importlib
import json
import os
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from time import process_time
from typing import TYPE_CHECKING, Any

from benchmarks.measurement.call_clock import CallClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.fit.additive import WeightedRows

ITERATIONS = 600
IMPORTS, LIGHTGBM, LINEAR, DATABASE = "imports", "lightgbm", "linear", "database"


@dataclass(frozen=True)
class TrainingRun:
    """Seconds of processor time.

    imports: with the start of the interpreter. train: the command without them. lightgbm: within LightGBM's datasets
    and boosters; linear: within logistic and ridge regressions; database: MLflow's tables, which a new home needs once;
    all three are part of train. catboost: None if it is not installed. rows, columns: of the final fit.
    """

    imports: float
    train: float
    lightgbm: float
    linear: float
    database: float
    catboost: float | None
    rows: int
    columns: int


def main() -> None:
    folder, home = sys.argv[1:]
    print(json.dumps(asdict(run(folder, home))))


def run(folder: str, home: str) -> TrainingRun:
    """Trains on a folder; nothing that training needs may have been imported before."""
    started = process_time()
    clock = CallClock()
    clock.wrap(IMPORTS, builtins, "__import__")
    clock.wrap(IMPORTS, importlib, "import_module")
    final_rows = counted_fits(clock)
    from cli.main import leadcast

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        leadcast(["--home", home, "train", folder, "--promote", "always"], standalone_mode=False)
    whole, seconds, rows = process_time(), clock.seconds, final_rows()
    return TrainingRun(
        imports=started + seconds[IMPORTS],
        train=whole - started - seconds[IMPORTS],
        lightgbm=seconds[LIGHTGBM],
        linear=seconds[LINEAR],
        database=seconds[DATABASE],
        catboost=catboost_seconds(rows),
        rows=len(rows.values),
        columns=rows.values.shape[1],
    )


def counted_fits(clock: CallClock) -> "Callable[[], WeightedRows]":
    """Counts the fits of a training; the matured rows of the final fit, with their weights, once that is made."""
    import lightgbm as lgb
    import numpy as np

    from training.fit import additive
    from training.fit.censored import matured_rows

    clock.wrap(LIGHTGBM, lgb.Dataset, "__init__", "construct", "subset")
    clock.wrap(LIGHTGBM, lgb.Dataset, "set_label", "set_weight", "set_init_score")
    clock.wrap(LIGHTGBM, lgb.Booster, "__init__", "update", "predict", "model_to_string")
    clock.wrap(LIGHTGBM, lgb, "train")
    clock.wrap(LINEAR, additive, "fit_start", "fit_logistic", "fit_ridge")
    clock.wrap(DATABASE, importlib.import_module("training.registry.mlflow"), "_create_database")
    final: list[Any] = []
    train: Any = importlib.import_module("training.train")
    fit_final = train.fit_final

    def kept(training_set: Any, settings: Any, halves: Any) -> Any:
        final[:] = training_set, settings.parameters
        return fit_final(training_set, settings, halves)

    def rows() -> "WeightedRows":
        training_set, parameters = final
        return matured_rows(
            training_set, np.arange(len(training_set.rows)), training_set.as_of_us, parameters
        )

    train.fit_final = kept
    return rows


def catboost_seconds(rows: "WeightedRows") -> float | None:
    """Processor time of a fit with CatBoost's defaults on one thread, its import apart; None if not installed."""
    if find_spec("catboost") is None:
        return None
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        iterations=ITERATIONS, thread_count=1, random_seed=0, verbose=False, allow_writing_files=False
    )
    began = process_time()
    model.fit(rows.values, rows.target, sample_weight=rows.weight)
    seconds = process_time() - began
    if model.tree_count_ != ITERATIONS or model.n_features_in_ != rows.values.shape[1]:
        raise SystemExit("CatBoost fitted other trees or columns than it was to")
    return seconds


if __name__ == "__main__":
    main()
