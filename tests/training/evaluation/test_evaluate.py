"""Out-of-fold evaluation: no row calibrates itself, and each split keeps the total its model predicts."""

import numpy as np
import pytest

from models.figures.kernel import BOUND, sigmoid
from training.evaluation.evaluate import calibration_table, evaluate_held_out, out_of_fold_logits
from training.rows.predictions import OutOfFold


def predictions(seed: int, n: int = 400) -> tuple[OutOfFold, np.ndarray, np.ndarray]:
    """Margins twice as sure as they should be, in two splits; outcomes and leads (n,)."""
    random = np.random.default_rng(seed)
    true = random.normal(-1, 1.2, n)
    won = (random.random(n) < sigmoid(true)).astype(np.float64)
    split = np.repeat([0, 1], n // 2)
    nothing = np.full(n, np.nan)
    out = OutOfFold(rows=np.arange(n), split=split, margin=2 * true, amount=nothing)
    return out, won, np.arange(n)


@pytest.mark.parametrize("seed", range(3))
def test_each_split_keeps_its_predicted_total(seed: int) -> None:
    out, won, lead = predictions(seed)
    logit = out_of_fold_logits(out, won, lead)
    for k in (0, 1):
        rows = out.split == k
        predicted = sigmoid(np.clip(out.margin[rows], -BOUND, BOUND)).sum()
        assert sigmoid(logit[rows]).sum() == pytest.approx(predicted, rel=1e-6)


def test_outcomes_of_a_half_do_not_move_its_own_order() -> None:
    """The slope of a half is fitted on the other, so its own outcomes reach it by no way."""
    out, won, lead = predictions(1)
    half = lead % 2 == 0
    other = np.where(half, 1 - won, won)
    before, after = (out_of_fold_logits(out, w, lead) for w in (won, other))
    one = half & (out.split == 0)
    spread = np.ptp(before[one]) / np.ptp(out.margin[one])
    assert np.ptp(after[one]) / np.ptp(out.margin[one]) == pytest.approx(spread)
    rest = ~half & (out.split == 0)
    assert np.ptp(after[rest]) != pytest.approx(np.ptp(before[rest]), rel=1e-3)


def test_held_out_leads_are_better_predicted_than_by_their_rate() -> None:
    out, won, _ = predictions(2)
    losses = evaluate_held_out(out, won)
    assert losses["log_loss"] < losses["base_rate"]


@pytest.mark.parametrize("n", [3, 10, 95])
def test_table_of_calibration_counts_every_row_once(n: int) -> None:
    random = np.random.default_rng(n)
    probability = random.random(n)
    table = calibration_table((random.random(n) < probability).astype(float), probability)
    assert sum(row["n"] for row in table) == n
    assert len(table) == min(n, 10)
    means = [row["probability"] for row in table]
    assert means == sorted(means)
