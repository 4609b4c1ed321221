"""A conversion model whose evidence is thin: log-odds shrunk towards the base rate, with wider intervals."""

from dataclasses import replace

import numpy as np

from models.figures.intervals import LogOddsError
from training.evaluation.slope import Slope
from training.fit.calibration import calibrated, level_weight
from training.fit.conversion import ConversionFit
from training.rows.training_set import TrainingSet


def weakened(fit: ConversionFit, training_set: TrainingSet, slope: Slope) -> ConversionFit:
    """The fit with the shrunk slope, if that is below its own, and the same order of leads.

    Intervals keep the errors of the unshrunk log-odds, to which the error of the slope is added.
    """
    own = fit.calibration
    margin = fit.model.margin(training_set.values)
    calibration = calibrated(min(slope.shrunk, own.slope), training_set, margin)
    places = own.knots[0] + (fit.log_odds_error.logits - own.logits[0]) / own.slope
    distance = places - np.average(margin, weights=level_weight(training_set))
    deviations = np.hypot(fit.log_odds_error.deviations, slope.error * distance)
    logits = calibration.logits[0] + calibration.slope * (places - calibration.knots[0])
    # A step far below any effect keeps places apart that shrinking makes nearly equal.
    logits = logits + 1e-9 * np.arange(len(logits))
    return replace(fit, calibration=calibration, log_odds_error=LogOddsError(logits, deviations))
