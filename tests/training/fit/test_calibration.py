"""Slope, level and spread: accurate with many rows, cautious with few."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from history.base.arrays import Floats
from history.history import History
from history.snapshot import Snapshot
from models.figures.calibration import intercept_for
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from tests.builders.leads.lead_histories import START_US, Lead, history_of
from tests.builders.small_models import COLUMNS, QUICK, made_outcomes, made_values
from training.evaluation.out_of_fold import fit_halves, recentred
from training.fit.additive import FitSettings
from training.fit.calibration import (
    MIN_DEVIATION,
    UNPROVEN_SLOPE,
    HalfFits,
    calibrated,
    fit_slope,
    log_odds_error,
    slope_of_halves,
)
from training.rows.dataset import GRID, Rows
from training.rows.labels import Labels
from training.rows.predictions import OutOfFold
from training.rows.training_set import TrainingSet
from training.rows.weights import recency_weight

SEEDS = (1, 2, 3)
DAY = 86_400_000_000


def predictions_with_slope(seed: int, n: int, slope: float) -> tuple[OutOfFold, Floats]:
    """Margins of three splits whose levels differ widely, and outcomes with this slope over them."""
    random = np.random.default_rng(seed)
    split = np.repeat([0, 1, 2], n // 3)
    margin = random.normal(-1, 1, len(split))
    level = np.array([-2.0, 0.5, 1.5])[split]
    won = (random.random(len(split)) < sigmoid(slope * margin + level)).astype(np.float64)
    return OutOfFold(np.arange(len(split)), split, margin), won


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("slope", [0.3, 1.0, 1.8])
def test_the_slope_is_independent_of_the_levels(seed: int, slope: float) -> None:
    predictions, won = predictions_with_slope(seed, 3000, slope)
    assert fit_slope(predictions, won) == pytest.approx(slope, abs=0.25)


@pytest.mark.parametrize("seed", SEEDS)
def test_few_rows_leave_the_slope_near_one(seed: int) -> None:
    predictions, won = predictions_with_slope(seed, 12, -1.0)
    assert 0.4 < fit_slope(predictions, won) <= 1.3


def test_a_reversed_margin_never_turns_the_order() -> None:
    predictions, won = predictions_with_slope(1, 3000, -1.5)
    assert 0 < fit_slope(predictions, won) < 0.2


def test_splits_of_one_outcome_leave_the_slope_at_one() -> None:
    predictions, _ = predictions_with_slope(2, 300, 1.0)
    for same in (np.zeros(300), np.ones(300)):
        assert fit_slope(predictions, same) == pytest.approx(1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_intercepts_make_probabilities_sum_to_the_wins(seed: int) -> None:
    random = np.random.default_rng(seed)
    margin, weight = random.normal(0, 2, 200), random.uniform(0.1, 2, 200)
    for wins in (1.0, 60.0, 150.0):
        shift = intercept_for(margin, wins)
        assert sigmoid(margin + shift).sum() == pytest.approx(wins, rel=1e-6)
        shift = intercept_for(margin, wins, weight)
        assert (weight * sigmoid(margin + shift)).sum() == pytest.approx(min(wins, weight.sum()), rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_recentred_probabilities_sum_to_each_split_wins(seed: int) -> None:
    predictions, won = predictions_with_slope(seed, 300, 1.0)
    p = recentred(predictions.margin, won, predictions.split)
    for k in range(3):
        part = predictions.split == k
        assert p[part].sum() == pytest.approx(won[part].sum(), rel=1e-6)


def training_set_of(
    values: Floats, won: Floats, lead: npt.NDArray[np.int64], age_days: Floats
) -> TrainingSet:
    """Rows of generated values, age_days before the last instant whose horizon has ended."""
    n_leads = int(lead.max()) + 1
    history: History = history_of([Lead(START_US)] * n_leads, START_US + 1000 * DAY)
    at = history.as_of_us - history.config.horizon_us - (age_days * DAY).astype(np.int64)
    labels = Labels((won > 0).astype(np.int8), np.ones(len(won)), np.full(len(won), np.nan), at > 0)
    rows = Rows(Snapshot(history, lead, at), labels, np.full(len(won), GRID, dtype=np.int8))
    return TrainingSet(rows, values, COLUMNS, history.config.horizon_us)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_level_makes_recent_wins_add_up(seed: int) -> None:
    """The win rate has halved: a level of all rows would be too high."""
    random = np.random.default_rng(seed)
    n = 2000
    age = np.repeat([0.0, 200.0], n // 2)
    values, margin = made_values(seed, n), random.normal(-1, 1, n)
    won = (random.random(n) < sigmoid(margin + np.where(age > 0, 0.0, -1.0))).astype(np.float64)
    training_set = training_set_of(values, won, np.arange(n), age)
    predictions = OutOfFold(np.arange(n), (age > 0).astype(np.int64), margin)
    p = calibrated(fit_slope(predictions, won), training_set, margin).probability(margin)
    weight = recency_weight((age * DAY).astype(np.int64), training_set.horizon_us, 1.0)
    assert (weight * p).sum() == pytest.approx((weight * won).sum(), rel=1e-3)
    assert p[age == 0].sum() == pytest.approx(won[age == 0].sum(), rel=0.02)


@pytest.mark.parametrize("newest", [0, 30])
def test_a_latest_date_without_wins_does_not_set_the_level(newest: int) -> None:
    """A horizon of one day on a grid of ten: the date before the newest had a millionth of its weight."""
    n, per_date = 900, 30
    age: Floats = (np.arange(n) // per_date).astype(np.float64) * 10
    won = ((np.arange(n) % per_date == 0) & (age > newest)).astype(np.float64)
    training_set = replace(training_set_of(made_values(6, n), won, np.arange(n), age - 9), horizon_us=DAY)
    margin = np.zeros(n)
    p = calibrated(1.0, training_set, margin).probability(margin[:1])[0]
    assert 0.25 / per_date < p < 1.5 / per_date


def test_without_held_out_rows_the_slope_is_cautious() -> None:
    values = made_values(4, 300)
    won = made_outcomes(values, 4)
    margin = np.linspace(-3, 3, 300)
    training_set = training_set_of(values, won, np.arange(300), np.zeros(300))
    calibration = calibrated(slope_of_halves(None, training_set), training_set, margin)
    low, high = calibration.logit(np.array([0.0, 1.0]))
    assert high - low == pytest.approx(UNPROVEN_SLOPE)
    assert calibration.probability(margin).sum() == pytest.approx(won.sum(), rel=1e-3)


def spread_of(seed: int, n: int, parameters: Parameters = QUICK) -> Floats:
    """Deviations (a few places) learned from n generated leads."""
    values = made_values(seed, n)
    won = made_outcomes(values, seed)
    training_set = training_set_of(values, won, np.arange(n), np.zeros(n))
    margin = np.linspace(-3, 3, n)
    calibration = calibrated(1.0, training_set, margin)
    calibration = replace(calibration, logits=calibration.knots)
    halves = fit_halves(training_set, FitSettings(parameters, seed))
    spread = log_odds_error(training_set, halves, calibration)
    assert (np.diff(spread.logits) > 0).all()
    return spread.deviations


@pytest.mark.parametrize("seed", SEEDS)
def test_more_leads_narrow_the_spread(seed: int) -> None:
    few, many = spread_of(seed, 150), spread_of(seed, 12_000)
    assert many.mean() < 0.7 * few.mean()
    assert (many >= MIN_DEVIATION).all()


def test_a_handful_of_wins_gives_a_wide_spread() -> None:
    """Too few to fit two halves: the deviation is that of the rate and half a log-odd more."""
    values = made_values(5, 12)
    won = np.zeros(12)
    won[0] = 1.0
    training_set = training_set_of(values, won, np.arange(12), np.zeros(12))
    calibration = calibrated(1.0, training_set, np.linspace(-1, 1, 12))
    halves = fit_halves(training_set, FitSettings(Parameters(), 0))
    assert halves is None
    spread = log_odds_error(training_set, halves, calibration)
    assert spread.deviations.min() >= 2.0


@pytest.mark.parametrize("seed", SEEDS)
def test_held_out_leads_are_predicted_by_the_other_half(seed: int) -> None:
    """Labels of a half, however wrong, move no prediction of its own leads."""
    n = 400
    values = made_values(seed, n)
    training_set = training_set_of(values, made_outcomes(values, seed), np.arange(n) // 2, np.zeros(n))
    halves = fit_halves(training_set, FitSettings(QUICK, seed))
    assert halves is not None
    held_out = halves.held_out
    assert sorted(held_out.rows.tolist()) == list(range(n))

    first = halves.half == 0
    labels = training_set.rows.labels
    wrong = replace(labels, outcome=np.where(first, 1 - labels.outcome, labels.outcome))
    changed = fit_halves(
        replace(training_set, rows=replace(training_set.rows, labels=wrong)), FitSettings(QUICK, seed)
    )
    assert changed is not None
    own = first[held_out.rows]
    assert (changed.held_out.margin[own] == held_out.margin[own]).all()
    assert (changed.held_out.margin[~own] != held_out.margin[~own]).any()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("noise", [0.0, 0.7, 1.2])
def test_the_slope_of_halves_is_that_of_fits_on_three_quarters(seed: int, noise: float) -> None:
    """Fits that add noise of this deviation to the truth on half of the leads, and a third less variance on more."""
    random = np.random.default_rng(seed)
    n = 40_000
    truth = random.normal(-1, 1, n)
    won = (random.random(n) < sigmoid(truth)).astype(np.float64)
    margin = truth + noise * random.normal(size=(2, n))
    halves = HalfFits(random.integers(0, 2, n), (), margin, np.ones(n, dtype=np.bool_))
    training_set = training_set_of(made_values(seed, n), won, np.arange(n), np.zeros(n))
    three_quarters = truth + np.sqrt(2 / 3) * noise * random.normal(size=n)
    expected = fit_slope(OutOfFold(np.arange(n), np.zeros(n, dtype=np.int64), three_quarters), won)
    assert slope_of_halves(halves, training_set) == pytest.approx(expected, abs=0.05)
