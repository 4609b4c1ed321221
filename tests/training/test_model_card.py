"""The model card: its figures are those of the judged rows, its words follow from them, and it survives the bundle."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.history import History
from history.read import read_folder
from history.snapshot import Snapshot
from models.bundle import Bundle, load_bundle, save_bundle
from training.evaluation.evaluate import Evaluation
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.metrics import METRICS
from training.evaluation.out_of_fold import splits_of
from training.model_card import card, evaluation_content, fairness, limits
from training.model_card_text import card_text
from training.rows.training_set import TrainingSet, rows_as_trained
from training.train import Trained, TrainOptions, train


@pytest.fixture(scope="module")
def history(crm: Path) -> History:
    return read_folder(crm)


@pytest.fixture(scope="module")
def trained(history: History) -> Trained:
    return train(history, TrainOptions(trials=0))


@pytest.fixture(scope="module")
def judgement(trained: Trained) -> Evaluation:
    assert trained.evaluation is not None
    return trained.evaluation


@pytest.fixture(scope="module")
def judged_rows(trained: Trained, history: History, judgement: Evaluation) -> Snapshot:
    rows = rows_as_trained(trained.bundle, history, 0)
    splits, _ = splits_of(TrainingSet(rows, np.zeros((len(rows), 0)), (), history.config.horizon_us), 0)
    snapshot = rows.snapshot.take(np.concatenate([s.evaluated for s in splits]))
    assert (snapshot.lead == judgement.lead).all()
    return snapshot


@pytest.fixture(scope="module")
def bundle(trained: Trained, judgement: Evaluation, judged_rows: Snapshot) -> Bundle:
    parts = evaluation_content(judgement, judged_rows, 0)
    return replace(trained.bundle, card={**trained.bundle.card, **parts}, version="7")


def test_intervals_hold_the_figures_of_training(bundle: Bundle, trained: Trained) -> None:
    for name in METRICS:
        ends = bundle.card["intervals"][name]
        if ends is None or name == "ece":  # a bootstrap of ece lies above it: draws add their own noise
            continue
        assert ends[0] <= trained.metrics[name] <= ends[1], name


def test_groups_of_a_sensitive_attribute_cover_the_judged_rows(bundle: Bundle, judgement: Evaluation) -> None:
    groups = bundle.card["fairness"]["age_group"]
    n = len(judgement.won)
    assert sum(g["rows"] for g in groups) == n
    assert sum(g["wins"] for g in groups) == judgement.won.sum()
    assert sum(g["rows"] * g["selection_rate"] for g in groups) == pytest.approx(round(0.2 * n))
    assert len({g["group"] for g in groups}) == len(groups) > 2


def test_a_group_that_is_scored_too_low_shows_in_selection_and_calibration() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0.1, 0.6, 4000)
    won = (random.random(4000) < p).astype(float)
    group = ["a", "b"] * 2000
    said = np.where(np.arange(4000) % 2 == 0, p, p / 3)
    nothing = np.full(4000, np.nan)
    judged = EvaluatedRows(
        won, said, nothing, nothing, nothing, nothing, np.zeros(4000, dtype=np.bool_), np.arange(4000)
    )
    a, b = fairness(judged, group)
    assert (a["group"], b["group"]) == ("a", "b")
    assert a["selection_rate"] > 0.35
    assert b["selection_rate"] < 0.05
    assert b["ece"] > 0.15 > a["ece"]
    assert a["auc"] == pytest.approx(b["auc"], abs=0.05)


def test_the_card_is_the_same_after_saving_and_plain_json(bundle: Bundle, tmp_path: Path) -> None:
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


def test_the_text_names_what_a_reader_asks_for(bundle: Bundle) -> None:
    text = card_text(bundle)
    assert text.startswith("# Model card: version 7 of Simulated new business")
    for word in (
        "90 days",
        "logistic regression",
        "## Calibration",
        "## Fairness",
        "age_group",
        "## Known limits",
        "[",
    ):
        assert word in text
    assert "nan" not in text.lower().replace("finance", "").replace("nance", "")


def changed(bundle: Bundle, **card_: Any) -> Bundle:
    return replace(bundle, card={**bundle.card, **card_})


def test_limits_follow_from_what_was_measured(bundle: Bundle) -> None:
    blind = replace(bundle, conversion=None)
    assert any("No usable signal" in line for line in limits(blind))
    short = changed(bundle, judged_by="held-out leads")
    assert any("too short to replay" in line for line in limits(short))
    beaten = changed(
        bundle,
        metrics={"log_loss": 0.5},
        baselines={"stage_table": {"log_loss": 0.4}, "points": {"log_loss": 0.6}},
    )
    line = next(line for line in limits(beaten) if "worse log loss" in line)
    assert "stage table" in line
    assert "points" not in line
    assert any("no expected revenue" in line for line in limits(replace(bundle, amount=None)))


def test_a_card_without_judgement_says_so(bundle: Bundle) -> None:
    bare = changed(bundle, metrics={}, baselines={}, intervals={}, calibration=[], fairness={}, importance=[])
    text = card_text(bare)
    assert "Nothing could be evaluated." in text
    assert "No rows could be evaluated by group." in text
