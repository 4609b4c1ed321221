"""Validation: parameters chosen, and rows predicted, by fits that have not seen the rows."""

from dataclasses import dataclass, replace

from history.base.progress import Progress, part
from models.figures.parameters import Parameters
from training.capacity import Capacity, choose_capacity
from training.evaluation.evaluate import Evaluation, evaluate, evaluate_held_out
from training.evaluation.out_of_fold import expected_amounts, fit_halves, predict_splits, splits_of
from training.evaluation.slope import NO_SLOPE, Slope, slope_within_dates
from training.fit.additive import FitSettings
from training.fit.calibration import HalfFits
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, enough_splits, lead_splits
from training.rows.training_set import TrainingSet

HELD_OUT_WINS = 2_000  # leads won; a thin slope needs no more
# Of leads held out where signal is thin: four parts, once, show half as often what there is.
PARTS, PARTITIONS = 8, 2


@dataclass(frozen=True)
class Validation:
    """The chosen capacity and out-of-fold predictions.

    splits, method: the rows to fit on and to evaluate, and the name of that scheme. predictions: of the evaluated rows
    of `splits`, with amounts; None without splits. halves: fits on half of the leads each; None if no lead can be held
    out.
    """

    splits: list[Split]
    method: str
    capacity: Capacity
    predictions: OutOfFold | None
    halves: HalfFits | None

    @property
    def held_out(self) -> OutOfFold | None:
        """Predictions of leads held out together, half of them at a time."""
        return None if self.halves is None else self.halves.held_out

    @property
    def parameters(self) -> Parameters:
        """The chosen parameters."""
        return self.capacity.parameters


def validate(training_set: TrainingSet, trials: int, seed: int, progress: Progress) -> Validation:
    """Chooses among `trials` settings at most, then predicts with the chosen one."""
    training_set.find_bins()  # once, before the threads of the fits
    splits, method = splits_of(training_set, seed)
    capacity = choose_capacity(training_set, splits, trials, seed, part(progress, 0.0, 0.95))
    settings = capacity.settings(seed)

    progress("predicting with the chosen parameters", 0.95)
    predictions = _predict_with_amounts(training_set, splits, capacity, seed) if splits else None
    # Fits at past dates are far smaller than the final one, and so is their slope: calibration reads leads held out
    # together (docs/decisions/0011), by fits of matured rows alone: open ones hardly move the slope (0056).
    halves = fit_halves(training_set, settings)
    return Validation(splits, method, capacity, predictions, halves)


def evaluate_validation(training_set: TrainingSet, validation: Validation, seed: int) -> Evaluation | None:
    """The evaluation of the predictions beside every baseline; None without predictions."""
    if validation.predictions is None:
        return None
    held_out = validation.held_out

    def thin_evidence() -> Slope:
        return (
            NO_SLOPE if held_out is None else _thin_evidence(training_set, validation.capacity.settings(seed))
        )

    evaluation = evaluate(
        training_set, validation.splits, validation.predictions, validation.method, thin_evidence
    )
    if held_out is None:
        return evaluation
    return replace(evaluation, held_out=evaluate_held_out(held_out, training_set.won[held_out.rows]))


def _thin_evidence(training_set: TrainingSet, settings: FitSettings) -> Slope:
    """The slope over all leads, or as many as hold HELD_OUT_WINS, held out in PARTS parts, PARTITIONS times."""
    rows, partitions = training_set.rows, []
    for k in range(PARTITIONS):
        splits = enough_splits(rows, lead_splits(rows, settings.seed + k + 1, PARTS), HELD_OUT_WINS)
        if splits:
            partitions.append(predict_splits(training_set, splits, settings))
    return slope_within_dates(training_set, partitions) if partitions else NO_SLOPE


def _predict_with_amounts(
    training_set: TrainingSet, splits: list[Split], capacity: Capacity, seed: int
) -> OutOfFold:
    predictions = predict_splits(training_set, splits, capacity.settings(seed), capacity.fits)
    return replace(predictions, amount=expected_amounts(training_set, splits, seed))
