"""One past date: trained, scored and labelled as on that day."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.base.progress import no_progress
from history.history import WON, History
from history.read import read_folder
from history.snapshot import open_leads
from models.scorer import score
from tests.builders.engines.part_engine import PartEngine
from training.backtest.backtest import Backtest
from training.backtest.origin import replay
from training.evaluation.baselines import BASELINES
from training.train import TrainOptions, train


def test_replay_equals_training_at_that_date(crm: Path, result: Backtest, options: TrainOptions) -> None:
    replay = result.replays[-1]
    past = read_folder(crm, as_of_us=replay.origin_us)
    trained = train(past, options)
    scores = score(trained.bundle, open_leads(past, replay.origin_us), reasons=0)
    assert (scores.probability == replay.rows.probability).all()
    assert trained.metrics == replay.trained.metrics


@pytest.mark.long
def test_replay_does_not_depend_on_the_engine(
    history: History, result: Backtest, options: TrainOptions
) -> None:
    whole = result.replays[-1]
    by_parts = replay(history, whole.origin_us, replace(options, engine=PartEngine(7)), (), no_progress)
    assert by_parts.rows.probability.tobytes() == whole.rows.probability.tobytes()
    assert by_parts.close_time_quantile.tobytes() == whole.close_time_quantile.tobytes()
    for name, probability in whole.baselines.items():
        assert by_parts.baselines[name].tobytes() == probability.tobytes()


def test_outcomes_lie_within_the_horizon(history: History, result: Backtest) -> None:
    replay = result.replays[-1]
    end_us = replay.origin_us + history.config.horizon_us
    outcomes = history.outcomes
    for lead, won in zip(replay.rows.lead, replay.rows.won, strict=True):
        of_lead = slice(outcomes.offsets[lead], outcomes.offsets[lead + 1])
        times, states = outcomes.time_us[of_lead], outcomes.state[of_lead]
        decisions = [
            state
            for state, at_us in zip(states, times, strict=True)
            if replay.origin_us < at_us <= end_us and state != 0
        ]
        assert won == (decisions[:1] == [WON])


def test_baselines_are_evaluated_on_the_same_rows(result: Backtest) -> None:
    replay, origin = result.replays[-1], result.result["origins"][-1]
    assert set(replay.baselines) == set(BASELINES)
    for probability in replay.baselines.values():
        assert len(probability) == len(replay.rows)
        assert ((probability > 0) & (probability < 1)).all()
    assert {metrics["leads"] for metrics in origin["baselines"].values()} == {origin["metrics"]["leads"]}
    assert origin["baselines"]["base_rate"]["auc"] == 0.5
    assert len(np.unique(replay.baselines["base_rate"])) == 1
