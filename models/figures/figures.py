"""All figures of scores from feature values in two compiled calls: a call costs a request more than its arithmetic."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from models.figures.additive import AdditiveModel, AdditiveStack, additive_stack
from models.figures.amount import AmountModel
from models.figures.calibration import Calibration
from models.figures.close_time import CloseTime
from models.figures.intervals import LogOddsError
from models.figures.kernel import (
    AMOUNT,
    AMOUNT_HIGH,
    AMOUNT_LOW,
    FIGURES,
    PROBABILITY,
    PROBABILITY_HIGH,
    PROBABILITY_LOW,
    RANK,
    score_figures,
)

_NOTHING = np.zeros(0)


class Figures(NamedTuple):
    """Figures (n,) of n open leads: see `Scores`; closes_us: the instants of their median closing times."""

    probability: Floats
    probability_low: Floats
    probability_high: Floats
    rank: Floats
    amount: Floats
    amount_low: Floats
    amount_high: Floats
    closes_us: Ints


@dataclass(frozen=True, eq=False)
class FigureModels:
    """The models of a bundle, ready to give all figures together; the arrays are those of `score_figures`."""

    margins: AdditiveStack
    calibration: Calibration
    error: LogOddsError
    reference: Floats
    levels: Floats
    residuals: Floats
    close_time: CloseTime
    constants: Floats

    def of(self, values: Floats, as_of_us: Ints) -> Figures:
        """The figures for feature values (n, k) at instants (n,).

        To the last bit those of the single models; amounts are NaN without a model of theirs.
        """
        out, closes_us = np.empty((FIGURES, len(values))), np.empty(len(values), dtype=np.int64)
        score_figures(
            self.margins.margins(values), as_of_us, self.calibration.knots, self.calibration.logits,
            self.error.logits, self.error.deviations, self.reference, self.levels, self.residuals,
            self.close_time.places, self.close_time.median_residuals, self.constants, out, closes_us,
        )  # fmt: skip
        return Figures(
            out[PROBABILITY],
            out[PROBABILITY_LOW],
            out[PROBABILITY_HIGH],
            out[RANK],
            out[AMOUNT],
            out[AMOUNT_LOW],
            out[AMOUNT_HIGH],
            closes_us,
        )


class ScoreModels(NamedTuple):
    """The models of a score, and the sorted reference (r,) of its rank; columns: of the feature matrix."""

    conversion: AdditiveModel
    calibration: Calibration
    error: LogOddsError
    amount: AmountModel | None
    close_time: CloseTime
    reference: Floats
    columns: int


def figure_models(models: ScoreModels) -> FigureModels:
    """Makes the models ready; None in a model's place is its constant."""
    amount, close_time = models.amount, models.close_time
    size: AdditiveModel | float = 0.0
    paying: AdditiveModel | float = 0.0
    factor = rate = np.nan
    if amount is not None:
        size = amount.level if amount.size is None else amount.size
        if amount.positive is None:
            rate = amount.positive_rate
        else:
            paying = amount.positive
        factor = amount.factor
    closing = close_time.centre if close_time.location is None else close_time.location
    return FigureModels(
        # In the order of the margins in `score_figures`.
        margins=additive_stack([models.conversion, size, paying, closing], models.columns),
        calibration=models.calibration,
        error=models.error,
        reference=models.reference,
        levels=_NOTHING if amount is None else amount.levels,
        residuals=_NOTHING if amount is None else amount.residuals,
        close_time=close_time,
        constants=np.array([factor, rate, close_time.horizon_days], dtype=np.float64),
    )
