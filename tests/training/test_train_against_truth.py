"""Training on worlds with known truth: ranking near the best possible, totals right although naive ones are not."""

from dataclasses import replace

import numpy as np
import pytest

from features.matrix import build_matrix
from features.vocabulary import learn
from history.base.arrays import Floats
from history.history import LOST, OPEN, WON, History
from history.snapshot import Snapshot, open_leads
from history.text.times import DAY_US
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from models.scorer import score
from tests.builders.leads.lead_histories import START_US, Decision, Entry, Lead, history_of
from tests.training.conftest import KnownWorld
from training.fit.additive import FitSettings, WeightedRows, fit_conversion
from training.rows.dataset import grid, grid_step_us
from training.rows.labels import NOTHING_YET, label
from training.train import TrainOptions, train

pytestmark = pytest.mark.long


def true_auc(ranked: Floats, truth: Floats) -> float:
    """The expected AUC if each lead is won with its true probability, without the noise of outcomes."""
    order = np.argsort(ranked)
    ranked, truth = ranked[order], truth[order]
    lost = np.concatenate(([0.0], np.cumsum(1 - truth)))
    below = lost[np.searchsorted(ranked, ranked, "left")] + lost[np.searchsorted(ranked, ranked, "right")]
    return float((truth * below / 2).sum() / (truth.sum() * (1 - truth).sum()))


def naive_total(history: History) -> float:
    """Expected wins of the leads open at T by the same model, trained on the snapshots of closed leads alone."""
    dates = [
        open_leads(history, at)
        for at in grid(history, history.as_of_us, grid_step_us(history.config.horizon_us))
    ]
    lead, at = (np.concatenate([getattr(d, name) for d in dates]) for name in ("lead", "as_of_us"))
    labels = label(Snapshot(history, lead, at), history.config.horizon_us)
    closed = np.flatnonzero(labels.outcome != NOTHING_YET)
    snapshot = Snapshot(history, lead[closed], at[closed])
    vocabulary, tables = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary, tables)
    won = labels.won[closed].astype(np.float64)
    rows = WeightedRows(matrix.values, matrix.features, won, np.ones(len(won)))
    model = fit_conversion(rows, FitSettings(Parameters(), 0))
    now = build_matrix(open_leads(history, history.as_of_us), vocabulary)
    return float(sigmoid(model.margin(now.values)).sum())


def test_ranking_is_near_the_true_ranking(known_worlds: list[KnownWorld]) -> None:
    """A thousand leads give most of the ranking that more leads can give (docs/quality/models.md)."""
    gap = [
        true_auc(world.truth, world.truth) - true_auc(world.scores.probability, world.truth)
        for world in known_worlds
    ]
    assert all(world.trained.signal == "usable" for world in known_worlds)
    assert np.mean(gap) < 0.05
    assert max(gap) < 0.07
    assert min(gap) > 0


def test_totals_are_near_the_truth_and_naive_ones_are_not(known_worlds: list[KnownWorld]) -> None:
    """With fast wins and slow losses the closed leads of a young cohort are mostly wins."""
    ours = [world.scores.probability.sum() / world.truth.sum() for world in known_worlds]
    naive = [naive_total(world.history) / world.truth.sum() for world in known_worlds]
    assert np.mean(ours) == pytest.approx(1.0, abs=0.12)
    assert min(naive) > 1.25
    for mine, other in zip(ours, naive, strict=True):
        assert abs(mine - 1) < abs(other - 1) / 2


def test_intervals_contain_most_true_probabilities(known_worlds: list[KnownWorld]) -> None:
    """80 % intervals cover 70 to 90 % over many worlds; three small worlds scatter more."""
    held = [
        (
            (world.scores.probability_low <= world.truth) & (world.truth <= world.scores.probability_high)
        ).mean()
        for world in known_worlds
    ]
    assert 0.65 <= np.mean(held) <= 0.95


def test_reported_auc_does_not_exceed_the_truth(known_worlds: list[KnownWorld]) -> None:
    """The training's own AUC must not exceed what the truth allows."""
    for world in known_worlds:
        limit = true_auc(world.truth, world.truth)
        assert limit - 0.15 < world.trained.metrics["auc"] < limit + 0.05


def slow_losses(seed: int, n: int = 1500) -> tuple[History, float]:
    """Leads of two stages with wins after days and losses after two months; and the true number of wins in 30 days."""
    random = np.random.default_rng(seed)
    end = START_US + 240 * DAY_US
    leads = []
    ahead = []
    for _ in range(n):
        created = START_US + int(random.uniform(0, 240) * DAY_US)
        hot = random.random() < 0.5
        wins = random.random() < (0.5 if hot else 0.15)
        time = created + int((random.exponential(12) if wins else 40 + random.exponential(30)) * DAY_US)
        entries = [Entry(created, created, "offer" if hot else "new")]
        leads.append(
            Lead(
                created,
                entries=entries,
                decisions=[Decision(time, time, WON if wins else LOST)] if time <= end else [],
            )
        )
        if time > end:
            ahead.append(wins and time <= end + 30 * DAY_US)
    history = history_of(leads, end)
    return replace(history, config=replace(history.config, horizon_days=30)), float(np.sum(ahead))


def test_slow_losses_bias_training_on_closed_leads() -> None:
    """An extreme case: of the leads closed within the horizon nearly all are wins."""
    ours = naive = truth = 0.0
    for seed in (1, 2):
        history, ahead = slow_losses(seed)
        open_now = open_leads(history, history.as_of_us)
        ours += score(train(history, TrainOptions(trials=0)).bundle, open_now, 0).probability.sum()
        naive += naive_total(history)
        truth += ahead
    assert history.outcomes.state.min() > OPEN
    assert ours / truth == pytest.approx(1.0, abs=0.3)
    assert naive / truth > 2
