"""Puts a training's parts together: the bundle, its card, the rows that plots show, the warnings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.matrix import build_matrix
from features.vocabulary import Vocabulary
from history.arrays import Floats
from history.history import LOST, History
from history.snapshot import Snapshot, current_stages, open_leads
from history.times import format_time
from models.additive import AdditiveModel
from models.amount import AmountModel
from models.baseline import StageTable, fit_stage_table
from models.bundle import Bundle
from models.calibration import Calibration, Spread, line, log_odds
from models.novelty import learn_familiarity
from models.parameters import Parameters
from training.drift import learn_reference
from training.evaluation.evaluate import Judgement
from training.fit.additive import FitSettings
from training.fit.censored import censored_at, fit_with_censored
from training.fit.close_time import fit_close_time
from training.rows.dataset import GRID, Rows
from training.rows.training_set import TrainingSet

REFERENCE_LEADS = 200
REFERENCE_ROWS = 5000  # the drift reference keeps the shape of so many
SHOWN_ROWS = 2000
FEW_WINS = 100  # leads won, below which intervals are wide


@dataclass(frozen=True)
class Fitted:
    """The final conversion model with the rows and weights it was fitted on."""

    model: AdditiveModel
    rows: npt.NDArray[np.int64]
    weight: Floats


def fit_final(training_set: TrainingSet, parameters: Parameters, seed: int) -> Fitted:
    rows, now = np.arange(len(training_set.rows)), training_set.rows.snapshot.history.as_of_us
    model = fit_with_censored(
        training_set, rows, censored_at(training_set, now), now, FitSettings(parameters, seed)
    )
    return Fitted(model, rows, training_set.weight(rows, now, parameters))


@dataclass(frozen=True)
class Holdout:
    """Judged rows for plots: outcomes, calibrated probabilities, amounts (NaN where not won or unknown), expected
    amounts, stages; contributions and values (m, k) of a sample of leads open at T with the features' names.
    """

    won: Floats
    probability: Floats
    amount: Floats
    expected_amount: Floats
    stage: list[str]
    contributions: Floats | None
    values: Floats | None
    names: list[str]


@dataclass(frozen=True)
class Parts:
    fitted: Fitted
    calibration: Calibration
    base_margin: float
    spread: Spread
    amount: AmountModel | None
    signal: str


def assemble(training_set: TrainingSet, vocabulary: Vocabulary, parts: Parts, seed: int) -> Bundle:
    rows, history = training_set.rows, training_set.rows.snapshot.history
    grid = rows.origin == GRID
    weight = parts.fitted.weight
    won = training_set.won
    stages = current_stages(rows.snapshot)
    base_rate = float(np.clip(np.average(won[grid], weights=weight[grid]), 1e-4, 1 - 1e-4))
    table = fit_stage_table(
        [s for s, g in zip(stages, grid, strict=True) if g], won[grid], np.ones(int(grid.sum()))
    )
    wins = np.flatnonzero(rows.labels.won)
    close = fit_close_time(
        training_set.values[wins],
        training_set.features,
        rows.labels.days[wins],
        rows.snapshot.lead[wins],
        history.config.horizon_days,
        seed,
    )
    usable = parts.signal == "usable"
    bundle = Bundle(
        vocabulary=vocabulary,
        trained_through_us=history.as_of_us,
        base_rate=base_rate,
        base_leads=float(len(np.unique(rows.snapshot.lead[grid]))),
        conversion=parts.fitted.model if usable else None,
        calibration=parts.calibration if usable else line(1.0, 0.0),
        base_margin=parts.base_margin if usable else float(log_odds(base_rate)),
        spread=parts.spread,
        familiarity=learn_familiarity(training_set.values, training_set.features, stages),
        stage_table=StageTable(base_rate, table.rates),
        amount=parts.amount,
        close_time=close,
        reference=np.zeros(0),
    )
    return replace(bundle, reference=_reference(bundle, training_set, vocabulary))


def _reference(bundle: Bundle, training_set: TrainingSet, vocabulary: Vocabulary) -> Floats:
    """Sorted probabilities of the leads open at T; the latest training snapshots where they are fewer than
    REFERENCE_LEADS.
    """
    if bundle.conversion is None:
        return np.array([bundle.base_rate])
    history = training_set.rows.snapshot.history
    values = build_matrix(open_leads(history, history.as_of_us), vocabulary).values
    if len(values) < REFERENCE_LEADS:
        latest = np.argsort(-training_set.rows.snapshot.as_of_us, kind="stable")[:REFERENCE_LEADS]
        values = training_set.values[latest]
    return np.sort(bundle.calibration.probability(bundle.conversion.margin(values)))


def warnings_of(
    history: History, rows: Rows, amount: AmountModel | None, judgement: Judgement | None
) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def warn(code: str, subject: str, detail: str) -> None:
        found.append({"code": code, "subject": subject, "detail": detail})

    wins = len(np.unique(rows.snapshot.lead[rows.labels.won]))
    if wins < FEW_WINS:
        warn(
            "too_few_outcomes",
            "outcomes",
            f"{wins} leads won within the horizon teach the model; below {FEW_WINS} its intervals are wide",
        )
    if judgement is None or judgement.how != "replay":
        warn(
            "immature_history",
            "outcomes",
            "history is too short to replay a past training; leads held out together judge the model instead",
        )
    if not (history.outcomes.state == LOST).any():
        warn(
            "no_losses",
            "outcomes",
            "no lead is recorded as lost: leads that went silent stay open and count as not won",
        )
    if amount is not None and not amount.predictable:
        warn(
            "amount_not_predictable",
            "amount",
            "nothing known of a lead tells its amount; every lead gets the mean of past wins",
        )
    return found


def card_of(
    bundle: Bundle,
    training_set: TrainingSet,
    judgement: Judgement | None,
    warnings: Sequence[dict[str, str]],
    parameters: Parameters,
) -> dict[str, Any]:
    snapshot = training_set.rows.snapshot
    return {
        "trained_through": format_time(bundle.trained_through_us),
        "first_snapshot": format_time(int(snapshot.as_of_us.min())),
        "n_leads": len(np.unique(snapshot.lead)),
        "n_snapshots": len(snapshot),
        "parameters": parameters.to_dict(),
        "metrics": _finite(judgement.metrics) if judgement else {},
        "intervals": judgement.intervals if judgement else {},
        "baselines": {k: _finite(v) for k, v in judgement.baselines.items()} if judgement else {},
        "judged_by": judgement.how if judgement else "nothing",
        "evidence": judgement.evidence if judgement else "too few wins to judge",
        "calibration": judgement.calibration if judgement else [],
        "importance": _importance(bundle, training_set),
        "reference": _drift_reference(training_set),
        "warnings": list(warnings),
    }


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {k: v if np.isfinite(v) else None for k, v in values.items()}


def _drift_reference(training_set: TrainingSet) -> dict[str, Any]:
    """What the latest grid rows looked like in the columns that the fit could use; later rows are held against it."""
    rows = training_set.rows
    grid = np.flatnonzero(rows.origin == GRID)
    latest = grid[np.argsort(-rows.snapshot.as_of_us[grid], kind="stable")][:REFERENCE_ROWS]
    leads = len(np.unique(rows.snapshot.lead[latest]))
    used = np.flatnonzero(~np.isnan(training_set.values).all(axis=0)).tolist()
    features = [training_set.features[j] for j in used]
    return learn_reference(training_set.values[latest][:, used], features, leads=leads)


def _importance(bundle: Bundle, training_set: TrainingSet) -> list[dict[str, Any]]:
    """Mean absolute part of each feature in the log-odds over a sample of training rows, largest first."""
    if bundle.conversion is None:
        return []
    sample = training_set.values[:: max(1, len(training_set.values) // 1000)]
    size = np.abs(bundle.conversion.contributions(np.ascontiguousarray(sample))[0]).mean(axis=0)
    order = np.argsort(-size, kind="stable")
    return [
        {"feature": training_set.features[j].name, "mean_abs_log_odds": float(size[j])}
        for j in order
        if size[j] > 0
    ]


def holdout_of(bundle: Bundle, judgement: Judgement | None, history: History) -> Holdout | None:
    if judgement is None:
        return None
    matrix = build_matrix(_sampled(open_leads(history, history.as_of_us)), bundle.vocabulary)
    parts = (
        bundle.conversion.contributions(matrix.values)[0]
        if bundle.conversion is not None and len(matrix.values)
        else None
    )
    return Holdout(
        judgement.won,
        judgement.probability,
        judgement.amount,
        judgement.expected_amount,
        [s or "" for s in judgement.stages],
        parts,
        matrix.values if parts is not None else None,
        [f.name for f in matrix.features],
    )


def _sampled(snapshot: Snapshot) -> Snapshot:
    return snapshot.take(np.arange(0, len(snapshot), max(1, len(snapshot) // SHOWN_ROWS)))
