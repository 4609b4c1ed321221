"""Worlds whose truth is known: ranks near the best there is, totals right where the naive way is far off."""

from dataclasses import replace

import numpy as np
import pytest

from features.matrix import build_matrix
from features.vocabulary import learn
from history.arrays import Floats
from history.history import DAY_US, LOST, OPEN, WON, History
from history.snapshot import Snapshot, open_leads
from models.calibration import sigmoid
from models.parameters import Parameters
from models.scorer import score
from tests.builders.lead_histories import START_US, Decision, Entry, Lead, history_of
from tests.training.conftest import Judged
from training.fit.additive import FitSettings, WeightedRows, fit_conversion
from training.rows.dataset import grid, grid_step_us
from training.rows.labels import NOTHING_YET, label
from training.train import TrainOptions, train


def true_auc(ranked: Floats, truth: Floats) -> float:
    """The AUC to expect when each lead is won with its true chance: no noise of what then happened."""
    order = np.argsort(ranked)
    ranked, truth = ranked[order], truth[order]
    lost = np.concatenate(([0.0], np.cumsum(1 - truth)))
    below = lost[np.searchsorted(ranked, ranked, "left")] + lost[np.searchsorted(ranked, ranked, "right")]
    return float((truth * below / 2).sum() / (truth.sum() * (1 - truth).sum()))


def naive_total(history: History) -> float:
    """Wins expected of the leads open at T by the same model, taught by every snapshot of leads that closed."""
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


def test_ranks_are_near_those_of_the_truth(judged: list[Judged]) -> None:
    """A thousand leads teach most of what there is to know; more leads the rest (docs/quality/models.md)."""
    gap = [true_auc(j.truth, j.truth) - true_auc(j.scores.probability, j.truth) for j in judged]
    assert all(j.trained.signal == "usable" for j in judged)
    assert np.mean(gap) < 0.05
    assert max(gap) < 0.07
    assert min(gap) > 0


def test_totals_are_near_the_truth_and_the_naive_ones_are_not(judged: list[Judged]) -> None:
    """Fast wins and slow losses make the closed leads of a young cohort mostly winners."""
    ours = [j.scores.probability.sum() / j.truth.sum() for j in judged]
    naive = [naive_total(j.history) / j.truth.sum() for j in judged]
    assert np.mean(ours) == pytest.approx(1.0, abs=0.12)
    assert min(naive) > 1.25
    for mine, other in zip(ours, naive, strict=True):
        assert abs(mine - 1) < abs(other - 1) / 2


def test_intervals_hold_most_true_chances(judged: list[Judged]) -> None:
    """80 % intervals, asked of 70 to 90 % over many worlds; three small ones scatter more."""
    held = [
        ((j.scores.probability_low <= j.truth) & (j.truth <= j.scores.probability_high)).mean()
        for j in judged
    ]
    assert 0.65 <= np.mean(held) <= 0.95


def test_replayed_and_held_out_figures_are_in_reach_of_the_truth(judged: list[Judged]) -> None:
    """What the training reports of itself must not promise more than the truth can give."""
    for j in judged:
        limit = true_auc(j.truth, j.truth)
        assert limit - 0.15 < j.trained.metrics["auc"] < limit + 0.05


def slow_losses(seed: int, n: int = 1500) -> tuple[History, float]:
    """Leads of two stages; wins come after days, losses after two months: and the true share won in 30 days."""
    random = np.random.default_rng(seed)
    end = START_US + 240 * DAY_US
    made = []
    ahead = []
    for _ in range(n):
        created = START_US + int(random.uniform(0, 240) * DAY_US)
        hot = random.random() < 0.5
        wins = random.random() < (0.5 if hot else 0.15)
        time = created + int((random.exponential(12) if wins else 40 + random.exponential(30)) * DAY_US)
        entries = [Entry(created, created, "offer" if hot else "new")]
        made.append(
            Lead(
                created,
                entries=entries,
                decisions=[Decision(time, time, WON if wins else LOST)] if time <= end else [],
            )
        )
        if time > end:
            ahead.append(wins and time <= end + 30 * DAY_US)
    history = history_of(made, end)
    return replace(history, config=replace(history.config, horizon_days=30)), float(np.sum(ahead))


def test_slow_losses_fool_who_counts_closed_leads_alone() -> None:
    """Constructed to the point: of the leads closed within the horizon nearly all are wins."""
    ours = naive = truth = 0.0
    for seed in (1, 2):
        history, ahead = slow_losses(seed)
        seen = open_leads(history, history.as_of_us)
        ours += score(train(history, TrainOptions(trials=0)).bundle, seen, 0).probability.sum()
        naive += naive_total(history)
        truth += ahead
    assert history.outcomes.state.min() > OPEN
    assert ours / truth == pytest.approx(1.0, abs=0.3)
    assert naive / truth > 2
