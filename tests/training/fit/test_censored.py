"""Censored rows: as known at the instant, shared out by their probability, and without bias."""

import numpy as np
import pytest

from history.history import LOST, WON, History
from history.snapshot import Snapshot, cut
from history.text.times import DAY_US
from models.figures.parameters import Parameters
from training.fit.additive import FitSettings
from training.fit.censored import censored_at, fit_matured, fit_with_censored, win_share
from training.rows.dataset import training_rows
from training.rows.labels import label
from training.rows.training_set import TrainingSet, prepare

PLAIN = Parameters(rounds=0)


@pytest.fixture(scope="module")
def training_set(world: History) -> TrainingSet:
    past = cut(world, world.as_of_us - 60 * DAY_US)
    return prepare(past, training_rows(past, 0), 0).training_set


def test_censored_rows_are_as_known_at_the_instant(world: History, training_set: TrainingSet) -> None:
    """An outcome counts if it had come by the instant, as in the labels of a history cut there."""
    rows = training_set.rows
    at_us = int(np.unique(rows.snapshot.as_of_us)[-2])
    censored = censored_at(training_set, at_us)
    past = cut(world, at_us)
    taken = (rows.snapshot.as_of_us > at_us - training_set.horizon_us) & (rows.snapshot.as_of_us < at_us)
    taken &= rows.origin == 0
    by_hand = [
        label(Snapshot(past, rows.snapshot.lead[[i]], rows.snapshot.as_of_us[[i]]), training_set.horizon_us)
        for i in np.flatnonzero(taken)
    ]
    assert len(censored) == taken.sum() > 0
    assert censored.won.tolist() == [bool(one.outcome[0] == WON) for one in by_hand]
    assert censored.lost.tolist() == [bool(one.outcome[0] == LOST) for one in by_hand]


def test_at_t_the_censored_rows_are_the_recent_ones(training_set: TrainingSet) -> None:
    assert training_set.recent is not None
    now = training_set.rows.snapshot.history.as_of_us
    censored = censored_at(training_set, now)
    assert len(censored) == len(training_set.recent.rows)
    assert (censored.observed_days > 0).all()
    assert (censored.observed_days < training_set.horizon_us / DAY_US).all()
    assert not (censored.won & censored.lost).any()


def test_win_share_of_open_rows() -> None:
    """Nothing observed: the probability itself. All wins past: 0. All losses past: 1."""
    chance = np.array([0.3, 0.3, 0.3, 0.3])
    came, lost = np.array([0.0, 1.0, 0.0, 0.5]), np.array([0.0, 0.0, 1.0, 0.5])
    np.testing.assert_allclose(win_share(chance, came, lost), [0.3, 0.0, 1.0, 0.3])


def test_without_censored_rows_it_is_the_matured_fit(training_set: TrainingSet) -> None:
    rows, now = np.arange(len(training_set.rows)), training_set.rows.snapshot.history.as_of_us
    none = censored_at(training_set, now).take(np.zeros(0, dtype=np.int64))
    one = fit_with_censored(training_set, rows, none, now, FitSettings(PLAIN, 0)).margin(training_set.values)
    assert (
        one.tobytes()
        == fit_matured(training_set, rows, now, FitSettings(PLAIN, 0)).margin(training_set.values).tobytes()
    )


def test_sharing_out_open_rows_removes_the_bias() -> None:
    """Wins come late and losses early: of closed rows too few are wins, of all shared ones the right part."""
    random = np.random.default_rng(0)
    n, horizon = 40_000, 90.0
    win = random.random(n) < 0.25
    days = np.where(win, horizon * random.beta(4, 2, n), horizon * random.beta(1, 4, n))
    observed = random.uniform(5, horizon, n)
    closed = days <= observed
    came = np.searchsorted(np.sort(days[win]), observed) / win.sum()
    lost = np.searchsorted(np.sort(days[~win]), observed) / (~win).sum()
    share = np.where(closed, win, win_share(np.full(n, 0.25), came, lost))
    assert abs(win[closed].mean() - 0.25) > 0.05
    assert share.mean() == pytest.approx(0.25, abs=0.01)
