"""The model card: its figures are those of the evaluated rows, and its limits follow from them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.history import History
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.home.saved import load_bundle, save_bundle
from training.evaluation.evaluate import Evaluation
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.metrics import METRICS
from training.evaluation.out_of_fold import splits_of
from training.model_card import card, evaluation_content, fairness, limits
from training.rows.as_trained import rows_as_trained
from training.rows.training_set import TrainingSet
from training.train import Trained


@pytest.fixture(scope="module")
def evaluation(small_trained: Trained) -> Evaluation:
    assert small_trained.evaluation is not None
    return small_trained.evaluation


@pytest.fixture(scope="module")
def evaluated(small_trained: Trained, small_history: History, evaluation: Evaluation) -> Snapshot:
    rows = rows_as_trained(small_trained.bundle, small_history, 0)
    splits, _ = splits_of(TrainingSet(rows, np.zeros((len(rows), 0)), (), small_history.config.horizon_us), 0)
    snapshot = rows.snapshot.take(np.concatenate([s.evaluated for s in splits]))
    assert (snapshot.lead == evaluation.lead).all()
    return snapshot


@pytest.fixture(scope="module")
def bundle(small_trained: Trained, evaluation: Evaluation, evaluated: Snapshot) -> Bundle:
    parts = evaluation_content(evaluation, evaluated, 0)
    return replace(small_trained.bundle, card={**small_trained.bundle.card, **parts}, version="7")


def test_intervals_contain_the_metrics(bundle: Bundle, small_trained: Trained) -> None:
    for name in METRICS:
        ends = bundle.card["intervals"][name]
        if ends is None:
            continue
        assert ends[0] <= small_trained.metrics[name] <= ends[1], name


def test_fairness_groups_cover_the_evaluated_rows(bundle: Bundle, evaluation: Evaluation) -> None:
    groups = bundle.card["fairness"]["age_group"]
    n = len(evaluation.won)
    assert sum(g["rows"] for g in groups) == n
    assert sum(g["wins"] for g in groups) == evaluation.won.sum()
    assert sum(g["rows"] * g["selection_rate"] for g in groups) == pytest.approx(round(0.2 * n))
    assert len({g["group"] for g in groups}) == len(groups) > 2


def test_an_underscored_group_shows_in_selection_and_calibration() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0.1, 0.6, 4000)
    won = (random.random(4000) < p).astype(float)
    group = ["a", "b"] * 2000
    predicted = np.where(np.arange(4000) % 2 == 0, p, p / 3)
    unknown = np.full(4000, np.nan)
    rows_of_groups = EvaluatedRows(
        won, predicted, unknown, unknown, unknown, unknown, np.zeros(4000, dtype=np.bool_), np.arange(4000)
    )
    a, b = fairness(rows_of_groups, group)
    assert (a["group"], b["group"]) == ("a", "b")
    assert a["selection_rate"] > 0.35
    assert b["selection_rate"] < 0.05
    assert b["ece"] > 0.15 > a["ece"]
    assert a["auc"] == pytest.approx(b["auc"], abs=0.05)


def test_the_card_survives_saving_and_json(bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(bundle, tmp_path / "bundle")
    again = card(load_bundle(tmp_path / "bundle", "7"))
    assert json.loads(json.dumps(again, allow_nan=False)) == json.loads(
        json.dumps(card(bundle), allow_nan=False)
    )
    assert {
        "data",
        "horizon_days",
        "features",
        "metrics",
        "intervals",
        "baselines",
        "calibration",
        "fairness",
        "limits",
    } <= set(again)


def changed(bundle: Bundle, **card_: Any) -> Bundle:
    return replace(bundle, card={**bundle.card, **card_})


def test_limits_follow_from_the_measurements(bundle: Bundle) -> None:
    blind = replace(bundle, conversion=None)
    assert any("No usable signal" in line for line in limits(blind))
    short = changed(bundle, judged_by="held-out leads")
    assert any("too short for an evaluation at past dates" in line for line in limits(short))
    beaten = changed(
        bundle,
        metrics={"log_loss": 0.5},
        baselines={"stage_table": {"log_loss": 0.4}, "points": {"log_loss": 0.6}},
    )
    line = next(line for line in limits(beaten) if "worse log loss" in line)
    assert "stage table" in line
    assert "points" not in line
    assert any("no expected revenue" in line for line in limits(replace(bundle, amount=None)))
