"""The final conversion model: fitted on all rows, calibrated, with the standard error of its log-odds."""

from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Floats
from models.figures.additive import AdditiveModel
from models.figures.calibration import Calibration
from models.figures.intervals import LogOddsError
from training.fit.additive import FitSettings
from training.fit.calibration import HalfFits, calibrated, log_odds_error, slope_of_halves
from training.fit.censored import censored_at, fit_with_censored
from training.rows.training_set import TrainingSet


@dataclass(frozen=True)
class ConversionFit:
    """The conversion model as a bundle holds it.

    weight (n,): recency weights of the training rows. base_margin: the margin without any feature's contribution.
    """

    model: AdditiveModel
    weight: Floats
    base_margin: float
    calibration: Calibration
    log_odds_error: LogOddsError


def fit_final(training_set: TrainingSet, settings: FitSettings, halves: HalfFits | None) -> ConversionFit:
    """Fits on all matured and censored rows as of T, and calibrates.

    halves: fits on half of the leads each, which set the slope, tell the standard error, and share out the censored
    rows; None if no lead could be held out.
    """
    every_row, at_us = np.arange(len(training_set.rows)), training_set.as_of_us
    censored = censored_at(training_set, at_us)
    if halves is not None:
        censored = replace(censored, margin=halves.mean_margin(censored.values))
    model = fit_with_censored(training_set, every_row, censored, at_us, settings)
    weight = training_set.weight(every_row, at_us, settings.parameters)
    slope = slope_of_halves(halves, training_set)
    calibration = calibrated(slope, training_set, model.margin(training_set.values))
    return ConversionFit(
        model=model,
        weight=weight,
        base_margin=model.contributions(training_set.values[:1])[1],
        calibration=calibration,
        log_odds_error=log_odds_error(training_set, halves, calibration),
    )
