"""Random evaluated rows: calibrated probabilities, won amounts, leads with several rows."""

import numpy as np

from training.evaluation.evaluated_rows import EvaluatedRows

LEADS = 60


def random_rows(seed: int, n: int = 200, ties: bool = True) -> EvaluatedRows:
    """n rows of up to LEADS leads; two won amounts are unknown, and with ties many probabilities are equal."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 4, n).round(2 if ties else 12).clip(0.01, 0.99)
    won = (random.random(n) < probability).astype(float)
    amount = np.where(won > 0, random.lognormal(5, 1, n).round(2), np.nan)
    amount[np.flatnonzero(won)[:2]] = np.nan
    expected = random.lognormal(5, 0.3, n)
    return EvaluatedRows(
        won=won,
        probability=probability,
        amount=amount,
        expected_amount=expected,
        amount_low=expected / 2,
        amount_high=expected * 2,
        abstained=random.random(n) < 0.1,
        lead=random.integers(0, LEADS, n),
    )
