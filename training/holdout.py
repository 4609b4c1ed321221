"""The evaluated rows and the contributions of open leads, as the report plots them."""

from dataclasses import dataclass

import numpy as np

from features.matrix import build_matrix
from history.base.arrays import Floats
from history.history import History
from history.snapshot import open_leads
from models.bundle import Bundle
from training.evaluation.evaluate import Evaluation

MAX_PLOTTED_LEADS = 2000  # about so many; a beeswarm shows no more


@dataclass(frozen=True)
class Holdout:
    """n evaluated rows and m leads open at T, for plots.

    won, probability, expected_amount (n,); amount (n,): NaN if not won or unknown; stage: n names, "" if none.
    contributions, values (m, k) of the features in names; None without a conversion model or open leads.
    """

    won: Floats
    probability: Floats
    amount: Floats
    expected_amount: Floats
    stage: list[str]
    contributions: Floats | None
    values: Floats | None
    names: list[str]


def holdout_of(bundle: Bundle, evaluation: Evaluation | None, history: History) -> Holdout | None:
    """The evaluated rows and a sample of the leads open at T; None without an evaluation."""
    if evaluation is None:
        return None
    leads = open_leads(history, history.as_of_us)
    step = max(1, len(leads) // MAX_PLOTTED_LEADS)
    matrix = build_matrix(leads.take(np.arange(0, len(leads), step)), bundle.vocabulary)
    contributions = None
    if bundle.conversion is not None and len(matrix.values):
        contributions = bundle.conversion.contributions(matrix.values)[0]
    return Holdout(
        won=evaluation.won,
        probability=evaluation.probability,
        amount=evaluation.amount,
        expected_amount=evaluation.expected_amount,
        stage=[stage or "" for stage in evaluation.stages],
        contributions=contributions,
        values=None if contributions is None else matrix.values,
        names=[feature.name for feature in matrix.features],
    )
