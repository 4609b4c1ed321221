"""The final conversion model: fitted on all rows, calibrated, with the standard error of its log-odds."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats
from models.additive import AdditiveModel
from models.calibration import Calibration
from models.intervals import LogOddsError
from training.fit.additive import FitSettings
from training.fit.calibration import fit_calibration, fit_log_odds_error
from training.fit.censored import censored_at, fit_with_censored
from training.rows.predictions import OutOfFold
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


def fit_final(training_set: TrainingSet, settings: FitSettings, held_out: OutOfFold | None) -> ConversionFit:
    """Fits on all matured and censored rows as of T, and calibrates.

    held_out: predictions of leads held out together, which set the slope; None if no lead could be held out.
    """
    every_row, at_us = np.arange(len(training_set.rows)), training_set.as_of_us
    censored = censored_at(training_set, at_us)
    model = fit_with_censored(training_set, every_row, censored, at_us, settings)
    weight = training_set.weight(every_row, at_us, settings.parameters)
    calibration = fit_calibration(held_out, training_set, model.margin(training_set.values))
    return ConversionFit(
        model=model,
        weight=weight,
        base_margin=model.contributions(training_set.values[:1])[1],
        calibration=calibration,
        log_odds_error=fit_log_odds_error(training_set, weight, calibration, settings),
    )
