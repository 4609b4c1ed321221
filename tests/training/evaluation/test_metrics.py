"""Figures of scores: weights of one agree with scikit-learn and plain formulas, whole weights with repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from history.arrays import Floats
from training.evaluation import metrics as evaluate
from training.evaluation.bootstrap import bootstrap_metrics, draw_counts, interval, point_metrics
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.weighted_metrics import weighted_median, weighted_metrics

SEEDS = [0, 1, 2]


def some(seed: int, n: int = 200, ties: bool = True) -> EvaluatedRows:
    random = np.random.default_rng(seed)
    p = random.beta(1, 4, n).round(2 if ties else 12).clip(0.01, 0.99)
    won = (random.random(n) < p).astype(float)
    amount = np.where(won > 0, random.lognormal(5, 1, n).round(2), np.nan)
    amount[np.flatnonzero(won)[:2]] = np.nan
    expected = random.lognormal(5, 0.3, n)
    return EvaluatedRows(
        won,
        p,
        amount,
        expected,
        expected / 2,
        expected * 2,
        random.random(n) < 0.1,
        random.integers(0, 60, n),
    )


def captured(worth: Floats, score: Floats, share: float) -> float:
    """Share of all worth (wins or revenue) that lies in the best `share` of rows."""
    total = float(worth.sum())
    top = evaluate.best_first(score)[: max(1, round(len(worth) * share))]
    return float(worth[top].sum() / total) if total > 0 else float("nan")


def brier_parts(won: Floats, probability: Floats, bins: int = 10) -> dict[str, float]:
    """Calibration and refinement parts of the Brier score over equal-count bins (DeGroot and Fienberg 1983)."""
    groups = np.array_split(np.argsort(probability, kind="stable"), bins)
    groups = [g for g in groups if len(g)]
    n = len(won)
    calibration = sum(len(g) * (probability[g].mean() - won[g].mean()) ** 2 for g in groups) / n
    refinement = sum(len(g) * won[g].mean() * (1 - won[g].mean()) for g in groups) / n
    return {"calibration": float(calibration), "refinement": float(refinement)}


@pytest.mark.parametrize("seed", SEEDS)
def test_plain_figures_are_those_of_scikit_learn(seed: int) -> None:
    rows = some(seed)
    found = point_metrics(rows)
    assert found["auc"] == pytest.approx(roc_auc_score(rows.won, rows.probability))
    assert found["pr_auc"] == pytest.approx(average_precision_score(rows.won, rows.probability))
    assert found["log_loss"] == pytest.approx(log_loss(rows.won, rows.probability))
    assert found["brier"] == pytest.approx(brier_score_loss(rows.won, rows.probability))


@pytest.mark.parametrize("seed", SEEDS)
def test_backtest_and_training_name_the_same_figures(seed: int) -> None:
    rows = some(seed)
    found = point_metrics(rows)
    for name, value in evaluate.conversion_metrics(rows.won, rows.probability).items():
        assert found[name] == pytest.approx(value), name
    known = (rows.won == 0) | ~np.isnan(rows.amount)
    revenue = np.nan_to_num(rows.amount)[known]
    expected = (rows.probability * rows.expected_amount)[known]
    for name, value in evaluate.revenue_metrics(revenue, expected).items():
        assert found[name] == pytest.approx(value), name
    parts = brier_parts(rows.won, rows.probability)
    assert found["brier_calibration"] == pytest.approx(parts["calibration"])
    assert found["brier_refinement"] == pytest.approx(parts["refinement"])
    for share in (0.05, 0.1, 0.2, 0.3):
        name = f"{round(100 * share)}"
        assert found[f"lift_{name}"] == pytest.approx(evaluate.lift(rows.won, rows.probability, share))
        of_wins, of_revenue = captured(rows.won, rows.probability, share), captured(revenue, expected, share)
        assert found[f"wins_captured_{name}"] == pytest.approx(of_wins)
        assert found[f"revenue_captured_{name}"] == pytest.approx(of_revenue)


def test_whole_weights_count_a_row_that_often() -> None:
    rows = some(3, ties=False)
    weight = np.random.default_rng(3).integers(0, 4, len(rows))
    repeated = rows.take(np.repeat(np.arange(len(rows)), weight))
    one, many = weighted_metrics(rows, weight[None].astype(float)), point_metrics(repeated)
    for name in one:
        if not name.startswith("brier_"):  # its groups are cut by rows, not by weight
            assert one[name][0] == pytest.approx(many[name]), name


def test_a_draw_takes_all_rows_of_a_lead_or_none() -> None:
    rows = some(4)
    counts = draw_counts(60, seed=1, draws=7)
    assert (counts.sum(axis=1) == 60).all()
    each = bootstrap_metrics(rows, counts)
    by_hand = [
        point_metrics(rows.take(np.repeat(np.arange(len(rows)), c[rows.lead])))["log_loss"] for c in counts
    ]
    assert each["log_loss"] == pytest.approx(by_hand)


def test_an_interval_holds_its_figure_and_shrinks_with_more_leads() -> None:
    def width(n: int) -> float:
        rows = some(5, n)
        rows = EvaluatedRows(**{**vars(rows), "lead": np.arange(n)})
        found = interval(bootstrap_metrics(rows, draw_counts(n, 0))["brier"])
        assert found is not None
        assert found[0] < point_metrics(rows)["brier"] < found[1]
        return found[1] - found[0]

    assert width(2000) < width(100)


def test_one_class_has_no_ranking_and_one_row_is_no_error() -> None:
    rows = some(6)
    lost = rows.take(np.flatnonzero(rows.won == 0))
    found = point_metrics(lost)
    assert np.isnan(found["auc"])
    assert np.isnan(found["pr_auc"])
    assert np.isfinite(found["log_loss"])
    assert np.isfinite(point_metrics(rows.take(np.array([0])))["log_loss"])
    assert interval(bootstrap_metrics(lost, draw_counts(60, 0))["auc"]) is None


def test_calibrated_chances_have_no_calibration_part_but_wrong_ones_do() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0.05, 0.95, 20_000)
    won = (random.random(len(p)) < p).astype(float)
    assert brier_parts(won, p)["calibration"] < 0.001
    assert brier_parts(won, p**3)["calibration"] > 0.02
    assert evaluate.ece(won, p) < 0.02 < evaluate.ece(won, p**3)


def test_gini_is_one_for_the_true_order_and_zero_for_chance() -> None:
    random = np.random.default_rng(0)
    amount = random.lognormal(3, 1, 5000)
    assert evaluate.gini(amount, amount) == pytest.approx(1.0)
    assert evaluate.gini(amount, -amount) < -0.9
    assert abs(evaluate.gini(amount, random.random(5000))) < 0.05


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 3)), min_size=1, max_size=20))
def test_weighted_median_is_the_median_of_repeated_values(pairs: list[tuple[float, int]]) -> None:
    values, weight = np.array([v for v, _ in pairs]), np.array([w for _, w in pairs])
    found = weighted_median(values, weight[None].astype(float))[0]
    if weight.sum() == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(float(np.median(np.repeat(values, weight))))
