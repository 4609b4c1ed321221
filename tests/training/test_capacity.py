"""Capacity follows the evidence: a setting counts as much as it is likely the best, the same on the same data."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from features.feature import Feature
from history.base.arrays import Floats
from history.base.progress import no_progress
from history.history import LOST, WON
from models.figures.kernel import sigmoid
from models.figures.parameters import LARGER, Member, Parameters
from training.capacity import (
    HEAD_START,
    LARGER_STAGES,
    Capacity,
    Tried,
    best_shares,
    choose_capacity,
    standard_error,
)
from training.fit.additive import FitSettings, fit_conversion
from training.fit.censored import matured_rows
from training.rows.dataset import Rows
from training.rows.splits import Split, lead_splits, time_splits
from training.rows.training_set import TrainingSet
from training.rows.weights import sums_by_lead

COLUMNS = tuple(Feature(f"x{j}", "number", "number", 0, "attributes", "", "") for j in range(4))


def with_outcomes(rows: Rows, seed: int, strength: float) -> TrainingSet:
    """The rows with columns of their own, outcomes waving with two of them; strength 0 makes them noise."""
    random = np.random.default_rng(seed)
    values: Floats = random.normal(size=(len(rows), len(COLUMNS)))
    margin = strength * (np.sin(3 * values[:, 0]) + np.sin(3 * values[:, 1]))
    won = random.random(len(rows)) < sigmoid(margin)
    labels = replace(rows.labels, outcome=np.where(won, WON, LOST).astype(rows.labels.outcome.dtype))
    horizon_us = rows.snapshot.history.config.horizon_us
    return TrainingSet(replace(rows, labels=labels), values, COLUMNS, horizon_us)


def chosen(training_set: TrainingSet, trials: int = 12) -> Capacity:
    splits = time_splits(training_set.rows, training_set.horizon_us)
    return choose_capacity(training_set, splits, trials, 0, no_progress)


def rounds_of(capacity: Capacity) -> float:
    """The mean number of rounds, each larger tree counted as several of the default's size."""
    default = Parameters()
    return sum(
        one.weight * one.parameters.rounds * one.parameters.learning_rate / default.learning_rate
        for one in capacity.members
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_never_gets_more_trees(world_rows: Rows, seed: int) -> None:
    capacity = chosen(with_outcomes(world_rows, seed, 0.0))
    assert rounds_of(capacity) <= Parameters().rounds
    # The loss rises with every stage, so that few stages are grown at all.
    assert max(one.parameters.rounds for one in capacity.tried) <= 160


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_waves_get_as_many_trees_as_they_need(world_rows: Rows, seed: int) -> None:
    """A wave takes many small steps; no line and no few shrunken trees follow it."""
    capacity = chosen(with_outcomes(world_rows, seed, 1.5))
    assert rounds_of(capacity) > 2 * Parameters().rounds
    assert Parameters() not in [member.parameters for member in capacity.members]
    assert sum(member.weight for member in capacity.members) == pytest.approx(1)
    assert capacity == chosen(with_outcomes(world_rows, seed, 1.5))


def test_trials_bound_the_settings_tried(world_rows: Rows) -> None:
    training_set = with_outcomes(world_rows, 1, 1.5)
    for trials in (0, 1):
        assert chosen(training_set, trials) == Capacity()
    for trials in (2, 5):
        tried = chosen(training_set, trials).tried
        assert len(tried) == trials
        assert Parameters() in [one.parameters for one in tried]


def test_too_few_wins_keep_the_defaults_untried(world_rows: Rows) -> None:
    training_set = with_outcomes(world_rows, 1, 1.5)
    won = np.flatnonzero(training_set.won)[:50]
    assert choose_capacity(training_set, [Split(won, won, 0)], 12, 0, no_progress).tried == ()
    assert choose_capacity(training_set, [], 12, 0, no_progress) == Capacity()


def test_nothing_is_written_to_the_output(world_rows: Rows, capfd: pytest.CaptureFixture[str]) -> None:
    """LightGBM warns on stdout, where --json prints one object; its verbosity is that of each thread."""
    few = world_rows.take(np.arange(0, len(world_rows), 6))
    assert len(chosen(with_outcomes(few, 1, 1.5)).tried) > 4
    assert "".join(capfd.readouterr()) == ""


def test_held_out_leads_are_no_evidence(world_rows: Rows) -> None:
    """Their fits have seen the time of the evaluated rows: what lasts cannot be told."""
    training_set = with_outcomes(world_rows, 1, 1.5)
    splits = lead_splits(training_set.rows, 0)
    assert choose_capacity(training_set, splits, 12, 0, no_progress).tried == ()


@pytest.mark.parametrize("seed", [1, 2])
def test_four_times_the_rows_rank_better(world_rows: Rows, seed: int) -> None:
    """On outcomes that waves decide, capacity grows with the rows, and the ranking with it."""
    fresh: Floats = np.random.default_rng(seed + 100).normal(size=(3000, len(COLUMNS)))
    truth = np.sin(3 * fresh[:, 0]) + np.sin(3 * fresh[:, 1])

    def likeness(training_set: TrainingSet) -> float:
        settings = chosen(training_set).settings(0)
        every_row = np.arange(len(training_set.rows))
        rows = matured_rows(training_set, every_row, training_set.as_of_us, settings.parameters)
        return float(spearmanr(fit_conversion(rows, settings).margin(fresh), truth).statistic)

    assert likeness(with_outcomes(world_rows, seed, 1.5)) > likeness(
        with_outcomes(world_rows.take(np.arange(0, len(world_rows), 4)), seed, 1.5)
    )


def test_reasons_of_the_largest_setting_add_up(world_rows: Rows) -> None:
    training_set = with_outcomes(world_rows, 1, 1.5)
    every_row = np.arange(len(world_rows))
    largest = replace(LARGER, rounds=max(LARGER_STAGES))
    rows = matured_rows(training_set, every_row, training_set.as_of_us, largest)
    model = fit_conversion(rows, FitSettings(largest, 0))
    values = np.ascontiguousarray(training_set.values[:300])
    parts, base = model.contributions(values)
    np.testing.assert_allclose(base + parts.sum(axis=1), model.margin(values), rtol=0, atol=1e-9)


def test_rows_of_a_lead_are_drawn_together() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(0, 1, 400)
    error = standard_error(sums_by_lead(noise, np.arange(400)))
    assert error == pytest.approx(20, rel=0.1)
    # Rows of one lead say the same thing: four leads of a hundred rows are far less sure than 400 leads.
    repeated = np.repeat(random.normal(0, 1, 4), 100)
    assert standard_error(sums_by_lead(repeated, np.repeat(np.arange(4), 100))) > 2 * standard_error(repeated)


def test_shares_are_those_of_a_bootstrap() -> None:
    """The normal draws of the gains agree with drawing leads anew, setting by setting."""
    random = np.random.default_rng(2)
    common = random.normal(0, 1, 500)
    gains = np.stack([np.zeros(500), common + 0.05, common + random.normal(0, 1, 500), np.full(500, -0.1)])
    error = np.array([standard_error(gain) for gain in gains])
    drawn = random.multinomial(500, np.full(500, 1 / 500), size=4000) @ gains.T - HEAD_START * error
    share = np.bincount(drawn.argmax(axis=1), minlength=4) / 4000
    np.testing.assert_allclose(best_shares(gains, 0), share / share.sum(), rtol=0, atol=0.04)


def test_settings_that_are_hardly_the_best_are_left_out() -> None:
    random = np.random.default_rng(3)
    gains = np.stack([np.zeros(300), random.normal(1, 1, 300), random.normal(-1, 1, 300)])
    assert best_shares(gains, 0).tolist() == [0.0, 1.0, 0.0]


def test_the_record_tells_the_weights() -> None:
    more, most = replace(Parameters(), rounds=160), replace(Parameters(), rounds=320)
    tried = tuple(Tried(one, 0.5, 0.0, 0.0) for one in (Parameters(), more, most))
    capacity = Capacity((Member(Parameters(), 0.3), Member(more, 0.7)), tried)
    record = capacity.to_list()
    assert [one["weight"] for one in record] == [0.3, 0.7, 0.0]
    assert [one["rounds"] for one in record] == [80, 160, 320]
    assert capacity.parameters == more
