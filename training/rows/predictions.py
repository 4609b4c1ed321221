"""Out-of-fold predictions: margins of rows by fits that saw neither their lead nor their time."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats, Ints, Mask


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of n evaluated rows, split by split.

    rows (n,): positions in the training rows. split (n,): number of the split whose fit predicted the row.
    margin (n,): uncalibrated log-odds. amount (n,): E[amount | won], NaN if the fit saw no amounts; None if amounts
    were not predicted.
    """

    rows: Ints
    split: Ints
    margin: Floats
    amount: Floats | None = None

    @property
    def expected_amount(self) -> Floats:
        """E[amount | won] (n,), NaN if unknown."""
        return np.full(len(self.rows), np.nan) if self.amount is None else self.amount

    def take(self, chosen: Mask | Ints) -> "OutOfFold":
        """The predictions of the chosen rows."""
        amount = None if self.amount is None else self.amount[chosen]
        return OutOfFold(self.rows[chosen], self.split[chosen], self.margin[chosen], amount)
