"""Evaluated rows: predictions of leads beside their outcomes, the input of every metric."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints, Mask
from models.scores.scores import ABSTAINED, Scores


@dataclass(frozen=True)
class EvaluatedRows:
    """Predictions and outcomes of n rows; every field has shape (n,).

    won: 0 or 1. probability: 0 to 1. amount: of a won lead, NaN if not won or unknown.
    expected_amount, amount_low, amount_high: E[amount | won] and its 80 % interval, NaN if not predicted.
    abstained: True if the model gave the base rate. lead: number of the lead; a bootstrap draws all rows of a lead
    together.
    """

    won: Floats
    probability: Floats
    amount: Floats
    expected_amount: Floats
    amount_low: Floats
    amount_high: Floats
    abstained: Mask
    lead: Ints

    def __len__(self) -> int:
        return len(self.won)

    @classmethod
    def from_scores(cls, scores: Scores, won: Floats, amount: Floats, lead: Ints) -> "EvaluatedRows":
        """The scores of open leads beside their outcomes (n,), row by row."""
        return cls(
            won=won,
            probability=scores.probability,
            amount=amount,
            expected_amount=scores.expected_amount,
            amount_low=scores.expected_amount_low,
            amount_high=scores.expected_amount_high,
            abstained=scores.status == ABSTAINED,
            lead=lead,
        )

    @classmethod
    def concatenate(cls, parts: Sequence["EvaluatedRows"]) -> "EvaluatedRows":
        """The rows of one or more parts, one part after the other."""
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)
        }
        return cls(**columns)

    def take(self, index: npt.NDArray[np.generic]) -> "EvaluatedRows":
        """The chosen rows, by positions or by a mask."""
        return EvaluatedRows(*(column[index] for column in vars(self).values()))

    def with_probability(self, probability: Floats) -> "EvaluatedRows":
        """The same leads as predicted by another model, which never abstains."""
        return replace(self, probability=probability, abstained=np.zeros(len(self), dtype=np.bool_))
