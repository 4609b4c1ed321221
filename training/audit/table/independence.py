"""A test of all columns together: does a column go with the outcome, and at the same outcome with nothing else?

Two causes of a win explain each other away: among won leads, those with the one need the other less. A value that the
outcome has written does not: at the same outcome it knows nothing of what led there (Pearl, Causality, 2.1).
"""

from typing import Final, NamedTuple

import numpy as np

from history.base.arrays import Floats, Mask
from training.audit.table.values import Associations

MIN_AUC: Final = 0.6
MIN_POWER: Final = 20.0  # squared standard errors by which an honest column would differ from independence
MIN_REFERENCES: Final = 1.5  # columns that hold this power, as an effective number
MAX_RELATED: Final = 0.35  # upper bound
Z_BOUND: Final = 2.0
MAX_EXPLAINED: Final = 0.1  # of simulated leaks with much power 95 % lie below
SAME_COLUMN: Final = (
    0.4  # correlation within outcomes of columns that tell the same: no references for each other
)
MIN_REFERENCE_AUC: Final = 0.52


class Independence(NamedTuple):
    """How a column goes with weaker columns among leads with one outcome; of an honest one, shares near 1.

    related: share of the dependence that unrelated causes of the outcome would have, 0 if the outcome wrote the column;
    bound: its upper bound. explained: the same with its sign, negative if the column is like its references. power: how
    far off an honest column would be, in squared standard errors.
    """

    related: float
    bound: float
    explained: float
    power: float


def written_by_outcome(columns: Associations, leaks: Mask, honest: Mask) -> dict[int, Independence]:
    """The columns that depend on nothing but the outcome, by number.

    leaks, honest (k,): known by other evidence; leaks are no references, honest ones no suspects. References of a
    column are those that separate the outcomes less: a leak separates more than what it is compared with. The surest
    column is found first and is no reference of those after it, so that honest columns are not compared with leaks.
    """
    is_reference = (columns.auc >= MIN_REFERENCE_AUC) & ~leaks
    candidate = ~leaks & ~honest & (columns.auc >= MIN_AUC) & (columns.auc_low > 0.5)
    found: dict[int, Independence] = {}
    while True:
        related, explained, power, references = _dependence(columns, is_reference)
        bound = related + Z_BOUND * np.sqrt(2 * references) / np.maximum(power, 1e-9)
        leaking = candidate & (power >= MIN_POWER) & (references >= MIN_REFERENCES) & (bound <= MAX_RELATED)
        leaking &= explained <= MAX_EXPLAINED + Z_BOUND / np.sqrt(np.maximum(power, 1e-9))
        if not leaking.any():
            return found
        surest = int(np.argmin(np.where(leaking, bound, np.inf)))
        found[surest] = Independence(*(float(value[surest]) for value in (related, bound, explained, power)))
        candidate[surest] = is_reference[surest] = False


def _dependence(columns: Associations, is_reference: Mask) -> tuple[Floats, Floats, Floats, Floats]:
    """By column (k,): related, explained, power and the effective number of references."""
    n, within, unrelated = columns.leads, columns.within, columns.unrelated
    compared = (np.abs(within) < SAME_COLUMN) & is_reference[None, :]
    compared &= columns.separation[None, :] < columns.separation[:, None]
    weight = n * unrelated**2 * compared
    power = weight.sum(axis=1)
    total = np.maximum(power, 1e-9)
    # One related reference counts for itself alone: a leak may depend on who works on the lead.
    excess = np.clip((n * within**2 - 1) / np.maximum(n * unrelated**2, 1e-9), -1, 1)
    related = (weight * excess).sum(axis=1) / total
    explained = (n * within * unrelated * compared).sum(axis=1) / total
    references = power**2 / np.maximum((weight**2).sum(axis=1), 1e-9)
    return related, explained, power, references
