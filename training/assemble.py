"""Assembles the bundle of a training from its fits."""

from dataclasses import replace

import numpy as np

from features.by_parts import matrix_on
from history.base.arrays import Floats
from history.snapshot import current_stages, open_leads
from history.text.times import DAY_US
from models.baseline import StageTable, fit_stage_table
from models.bundle import Bundle
from models.doubts.novelty import learn_training_ranges
from models.figures.amount import AmountModel
from models.figures.calibration import line, log_odds
from models.figures.close_time import CloseTime
from training.fit.close_time import WonRows, fit_close_time
from training.fit.conversion import ConversionFit
from training.fit.reasons.evidence import learn_evidence
from training.fit.reasons.past_leads import past_leads
from training.fit.reasons.usual_touches import learn_usual_touches
from training.rows.dataset import GRID
from training.rows.training_set import PreparedData, TrainingSet

REFERENCE_LEADS = 200  # probabilities that a rank of 0 to 100 needs


def assemble_bundle(
    prepared: PreparedData, conversion: ConversionFit, amount: AmountModel | None, signal: str, seed: int
) -> Bundle:
    """The bundle without its card and forecast basis.

    If the signal is "none" it holds no conversion model, and every lead gets the base rate.
    """
    training_set, snapshot = prepared.training_set, prepared.training_set.rows.snapshot
    on_grid = training_set.rows.origin == GRID
    base_rate = _base_rate(training_set, conversion.weight)
    usable = signal != "none"
    bundle = Bundle(
        vocabulary=prepared.vocabulary,
        trained_through_us=training_set.as_of_us,
        base_rate=base_rate,
        base_leads=float(len(np.unique(snapshot.lead[on_grid]))),
        conversion=conversion.model if usable else None,
        calibration=conversion.calibration if usable else line(1.0, 0.0),
        base_margin=conversion.base_margin if usable else float(log_odds(base_rate)),
        log_odds_error=conversion.log_odds_error,
        training_ranges=learn_training_ranges(
            training_set.values, training_set.features, current_stages(snapshot)
        ),
        stage_table=_stage_table(training_set, base_rate),
        amount=amount,
        close_time=_close_time(training_set, seed),
        reference=np.zeros(0),
        evidence=learn_evidence(training_set),
        is_weak=signal == "weak",
        past_leads=past_leads(training_set, conversion.model, seed) if usable else None,
        usual_touches=learn_usual_touches(snapshot.history, prepared.vocabulary),
    )
    return replace(bundle, reference=_reference(bundle, prepared))


def _base_rate(training_set: TrainingSet, weight: Floats) -> float:
    """The weighted win rate of the grid rows, strictly inside (0, 1)."""
    on_grid = training_set.rows.origin == GRID
    rate = np.average(training_set.won[on_grid], weights=weight[on_grid])
    return float(np.clip(rate, 1e-4, 1 - 1e-4))


def _stage_table(training_set: TrainingSet, base_rate: float) -> StageTable:
    """The win rate of the grid rows by stage, with the recency-weighted base rate for unknown stages."""
    grid_rows = np.flatnonzero(training_set.rows.origin == GRID)
    stages = current_stages(training_set.rows.snapshot)
    grid_stages = [stages[row] for row in grid_rows.tolist()]
    table = fit_stage_table(grid_stages, training_set.won[grid_rows], np.ones(len(grid_rows)))
    return StageTable(base_rate, table.rates)


def _close_time(training_set: TrainingSet, seed: int) -> CloseTime:
    rows = training_set.rows
    won = np.flatnonzero(rows.labels.won & rows.is_timed)
    wins = WonRows(
        values=training_set.values[won],
        features=training_set.features,
        days=rows.labels.days[won],
        lead=rows.snapshot.lead[won],
        binned=training_set.binned.take(won),
    )
    return fit_close_time(wins, training_set.horizon_us // DAY_US, seed)


def _reference(bundle: Bundle, prepared: PreparedData) -> Floats:
    """Sorted probabilities of the leads open at T, from which scores of 0 to 100 are read.

    Fewer than REFERENCE_LEADS open leads are replaced by the latest training snapshots.
    """
    if bundle.conversion is None:
        return np.array([bundle.base_rate])
    training_set = prepared.training_set
    snapshot = training_set.rows.snapshot
    open_now = open_leads(snapshot.history, training_set.as_of_us)
    values = matrix_on(prepared.engine, open_now, prepared.vocabulary).values
    if len(values) < REFERENCE_LEADS:
        latest = np.argsort(-snapshot.as_of_us, kind="stable")[:REFERENCE_LEADS]
        values = training_set.values[latest]
    return np.sort(bundle.calibration.probability(bundle.conversion.margin(values)))
