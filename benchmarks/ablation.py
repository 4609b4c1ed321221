"""Ablation: the conversion model without one of its parts at a time, at several past dates and seeds.

Every variant is fitted on what was known at a date, with the sizes of trees that a training chooses there, and
evaluated on the leads open then. Prints the machine and the dates, and for each variant the mean AUC and log loss with
their difference, the mean absolute error of the wins, and seconds of processor time. The whole model is calibrated. All
others are as fitted, and their differences are from the whole model without calibration.

    python -m benchmarks.ablation DATA [--origins 6] [--seeds 1] [--at 2026-01-01 ...]
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.measurement.timing import machine
from features.matrix import build_matrix
from history.base.arrays import Floats, Ints
from history.base.errors import InvalidInput
from history.base.progress import no_progress
from history.history import OPEN, History
from history.read import parse_time, read_folder
from history.snapshot import cut, open_leads, state_at
from history.text.times import format_time
from models.figures.additive import AdditiveModel
from models.figures.kernel import sigmoid
from models.figures.parameters import LARGER, Parameters
from training.audit.audit import audit, suspects
from training.backtest.dates import default_dates
from training.backtest.origin import baseline_probabilities
from training.capacity import TRIALS, choose_capacity
from training.evaluation.bootstrap import point_metrics
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.out_of_fold import fit_halves, splits_of
from training.fit.additive import FitSettings
from training.fit.calibration import calibrated, slope_of_halves
from training.fit.censored import censored_at, fit_matured, fit_with_censored
from training.fit.combinations import choose_combinations
from training.rows.combinations import with_combinations
from training.rows.dataset import GRID, training_rows
from training.rows.labels import label
from training.rows.time_proxies import masked
from training.rows.training_set import PreparedData, TrainingSet, prepare

Metrics = dict[str, float]

NO_DECAY = 1e9  # half-life in horizons
WHOLE, AS_FITTED = "whole model", "without calibration"
SECONDS = "seconds"  # of processor time, beside a variant's metrics


@dataclass(frozen=True)
class Case:
    """One date: the training data known then, the features (n, k) of the leads open then, and whether they won (n,).

    settings: of the sizes of trees that were chosen, in so many seconds of processor time.
    """

    prepared: PreparedData
    values: Floats
    won: Floats
    settings: FitSettings
    choosing: float

    @property
    def training_set(self) -> TrainingSet:
        return self.prepared.training_set


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--origins", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--at", nargs="*", default=[], help="these dates instead of --origins")
    options = parser.parse_args()
    history = read_folder(options.data)
    dates = [parse_time(text, history.config.zone) for text in options.at]
    dates = dates or default_dates(history, options.origins)
    print(f"{machine()}, numpy {np.__version__}")
    print(f"{options.data.name}: {len(history):,} leads, {len(dates)} dates, {options.seeds} seeds")
    results = []
    for date in dates:
        for seed in range(options.seeds):
            result = metrics_at(history, date, seed)
            if result is not None:
                results.append(result)
    print_table(results)


def metrics_at(history: History, at_us: int, seed: int) -> dict[str, Metrics] | None:
    """Metrics of every variant and baseline at one date; None, with a message, if training refuses."""
    date = format_time(at_us)[:10]
    try:
        case = case_at(history, at_us, seed)
    except (InvalidInput, ValueError) as error:
        print(f"{date} skipped: {error}")
        return None
    metrics = {name: variant_metrics(case, predict) for name, predict in VARIANTS.items()}
    metrics[WHOLE][SECONDS] += case.choosing
    baselines = baseline_probabilities(case.prepared, case.values)
    metrics |= {name: conversion_metrics(case.won, p) for name, p in baselines.items()}
    whole = metrics[WHOLE]
    print(
        f"{date} seed {seed}: {len(case.won)} leads, {int(case.won.sum())} won, whole model AUC "
        f"{whole['auc']:.3f}, log loss {whole['log_loss']:.4f}",
        flush=True,
    )
    return metrics


def variant_metrics(case: Case, predict: Callable[[Case], Floats]) -> Metrics:
    began = process_time()
    probability = predict(case)
    seconds = process_time() - began
    return conversion_metrics(case.won, probability) | {SECONDS: seconds}


def conversion_metrics(won: Floats, probability: Floats) -> Metrics:
    """Metrics of probabilities alone: amounts are unknown, so those of revenue are NaN."""
    unknown = np.full(len(won), np.nan)
    never, lead = np.zeros(len(won), dtype=np.bool_), np.arange(len(won))
    return point_metrics(EvaluatedRows(won, probability, unknown, unknown, unknown, unknown, never, lead))


def case_at(history: History, at_us: int, seed: int) -> Case:
    past = cut(history, at_us)
    dropped = suspects(audit(past), ())
    attributes = {name: column for name, column in past.attributes.items() if name not in dropped}
    config = replace(past.config, ignore=(*past.config.ignore, *dropped))
    past = replace(past, config=config, attributes=attributes)
    prepared = prepare(past, training_rows(past, seed), seed)
    prepared = with_combinations(prepared, choose_combinations(prepared))
    won = prepared.training_set.won
    if not 0 < won.sum() < len(won):
        raise ValueError("all training rows have the same outcome")

    values = build_matrix(open_leads(past, at_us), prepared.vocabulary).values
    won_later = label(open_leads(history, at_us), history.config.horizon_us).won.astype(np.float64)

    training_set = prepared.training_set
    began = process_time()
    capacity = choose_capacity(training_set, splits_of(training_set, seed).splits, TRIALS, seed, no_progress)
    settings, seconds = capacity.settings(seed), process_time() - began
    return Case(prepared, masked(values, prepared.time_proxies), won_later, settings, seconds)


# ---- variants


@dataclass(frozen=True)
class Fit:
    """How a variant is fitted: rows (None: all), with monotone directions, with censored rows."""

    settings: FitSettings
    rows: Ints | None = None
    directions: bool = True
    censored: bool = True


def fitted(case: Case, fit: Fit) -> AdditiveModel:
    training_set = case.training_set
    if not fit.directions:
        free = [replace(feature, direction=0) for feature in training_set.features]
        training_set = replace(training_set, features=free)
    rows = np.arange(len(training_set.rows)) if fit.rows is None else fit.rows
    at_us = training_set.as_of_us
    if not fit.censored:
        return fit_matured(training_set, rows, at_us, fit.settings)
    return fit_with_censored(training_set, rows, censored_at(training_set, at_us), at_us, fit.settings)


def as_fitted(case: Case, fit: Fit) -> Floats:
    """Probabilities of a fit without calibration."""
    return sigmoid(fitted(case, fit).margin(case.values))


def changed(case: Case, parameters: Parameters) -> Floats:
    """The chosen trees, with these parameters of all else."""
    return as_fitted(case, Fit(replace(case.settings, parameters=parameters)))


def of_one_size(case: Case, parameters: Parameters) -> Floats:
    """Trees of these parameters alone, whatever was chosen."""
    return as_fitted(case, Fit(FitSettings(parameters, case.settings.seed)))


def whole_model(case: Case) -> Floats:
    """As served: slope from held-out leads, level from the latest matured rows."""
    training_set = case.training_set
    halves = fit_halves(training_set, case.settings)
    model = fitted(case, Fit(case.settings))
    slope = slope_of_halves(halves, training_set)
    calibration = calibrated(slope, training_set, model.margin(training_set.values))
    return calibration.probability(model.margin(case.values))


def grid_rows_alone(case: Case) -> Floats:
    rows = np.flatnonzero(case.training_set.rows.origin == GRID)
    return as_fitted(case, Fit(case.settings, rows))


def without_combinations(case: Case) -> Floats:
    """Combinations are the last columns."""
    training_set, n = case.training_set, len(case.training_set.features)
    kept = n - len(case.prepared.vocabulary.combinations.names)
    recent = training_set.recent

    def without(values: Floats) -> Floats:
        return np.ascontiguousarray(values[:, :kept])

    fewer = replace(
        training_set,
        values=without(training_set.values),
        features=training_set.features[:kept],
        recent=recent and replace(recent, values=without(recent.values)),
    )
    prepared = replace(case.prepared, training_set=fewer)
    return as_fitted(replace(case, prepared=prepared, values=without(case.values)), Fit(case.settings))


def closed_leads_alone(case: Case) -> Floats:
    """Trained on the rows of leads closed at the date, as tools do that leave open leads out."""
    snapshot = case.training_set.rows.snapshot
    now = np.full(len(snapshot), snapshot.history.as_of_us)
    closed = np.flatnonzero(state_at(snapshot.history, snapshot.lead, now) != OPEN)
    return as_fitted(case, Fit(case.settings, closed, censored=False))


VARIANTS: Mapping[str, Callable[[Case], Floats]] = {
    WHOLE: whole_model,
    AS_FITTED: lambda case: as_fitted(case, Fit(case.settings)),
    "80 trees of 8 leaves alone": lambda case: of_one_size(case, Parameters()),
    "40 trees of 31 leaves alone": lambda case: of_one_size(case, replace(LARGER, rounds=40)),
    "without censored rows": lambda case: as_fitted(case, Fit(case.settings, censored=False)),
    "linear start alone": lambda case: of_one_size(case, Parameters(rounds=0)),
    "trees alone": lambda case: changed(case, replace(case.settings.parameters, linear_share=0.0)),
    "without combinations": without_combinations,
    "without recency weights": lambda case: changed(
        case, replace(case.settings.parameters, half_life_horizons=NO_DECAY)
    ),
    "without monotone directions": lambda case: as_fitted(case, Fit(case.settings, directions=False)),
    "grid rows alone": grid_rows_alone,
    "closed leads alone": closed_leads_alone,
}


def print_table(results: Sequence[Mapping[str, Metrics]]) -> None:
    """Means over dates and seeds."""
    if not results:
        raise SystemExit("no date could be evaluated")
    print("\n| variant | AUC | difference | log loss | difference | wins error | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name, of_name in results[0].items():
        auc, loss = _values(results, name, "auc"), _values(results, name, "log_loss")
        beside = WHOLE if name in (WHOLE, AS_FITTED) or SECONDS not in of_name else AS_FITTED
        auc_gap = np.nanmean(auc - _values(results, beside, "auc"))
        loss_gap = np.nanmean(loss - _values(results, beside, "log_loss"))
        wins_error = np.abs(_values(results, name, "wins_error")).mean()
        seconds = f"{_values(results, name, SECONDS).mean():.1f}" if SECONDS in of_name else ""
        print(
            f"| {name} | {np.nanmean(auc):.4f} | {auc_gap:+.4f} | {loss.mean():.4f} | {loss_gap:+.4f} "
            f"| {wins_error:.1%} | {seconds} |"
        )


def _values(results: Sequence[Mapping[str, Metrics]], name: str, metric: str) -> Floats:
    return np.array([result[name][metric] for result in results])


if __name__ == "__main__":
    main()
