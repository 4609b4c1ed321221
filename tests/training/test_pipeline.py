"""The training pipeline: one call from a history to a registered version, promoted as requested."""

from dataclasses import replace
from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from history.history import History
from models.home.pointer import POINTER, read_pointer
from training import pipeline
from training.pipeline import TrainingResult, train_and_register
from training.registry.registry import Registry
from training.train import Trained, TrainOptions

OPTIONS = TrainOptions(trials=0)


@pytest.fixture(autouse=True)
def trained_before(monkeypatch: pytest.MonkeyPatch, small_trained: Trained) -> None:
    """The session's training in place of a new one: these tests are about the steps after it."""
    monkeypatch.setattr(pipeline, "train", lambda history, options, progress: small_trained)


def promoted_version(home: Path) -> str | None:
    pointer = read_pointer(home)
    return pointer.model_version if pointer else None


def test_a_first_version_is_registered_and_promoted(
    small_history: History, small_trained: Trained, home: Path
) -> None:
    result = train_and_register(small_history, OPTIONS, home=home)
    assert result.promoted
    assert promoted_version(home) == result.model_version == "1"
    assert result.metrics == small_trained.metrics
    assert result.decision[-1] == "first version: promoted"
    assert [version.run_id for version in Registry(home).versions()] == [result.run_id]


def test_never_registers_without_promoting(small_history: History, home: Path) -> None:
    result = train_and_register(small_history, OPTIONS, home=home, promote="never")
    assert not result.promoted
    assert promoted_version(home) is None
    assert result.decision[-1] == "not promoted because of --promote never, though the gate passed"


def test_always_overrides_the_gate(
    small_history: History, small_trained: Trained, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert small_trained.evaluation is not None
    worse = replace(
        small_trained,
        metrics={**small_trained.metrics, "log_loss": 9.0},
        evaluation=replace(small_trained.evaluation, held_out={}),
    )
    monkeypatch.setattr(pipeline, "train", lambda history, options, progress: worse)
    assert not train_and_register(small_history, OPTIONS, home=home).promoted
    result = train_and_register(small_history, OPTIONS, home=home, promote="always")
    assert promoted_version(home) == result.model_version == "2"
    assert result.decision[-1] == "promoted because of --promote always, not by the gate"


def test_a_damaged_champion_gives_a_warning(small_history: History, home: Path) -> None:
    (home / POINTER).write_text("{")
    result = train_and_register(small_history, OPTIONS, home=home)
    (warning,) = [warning for warning in result.warnings if warning.code == "model_refused"]
    assert POINTER in warning.detail
    assert promoted_version(home) == result.model_version


def test_an_unreachable_mlflow_is_refused_before_training(
    small_history: History, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_training(*_: object) -> Trained:
        raise AssertionError("trained before the check")

    monkeypatch.setattr(pipeline, "train", no_training)
    (home / "mlflow.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(InvalidInput, match="MLflow at "):
        train_and_register(small_history, OPTIONS, home=home)


def test_progress_ends_with_the_registration(small_history: History, home: Path) -> None:
    reports: list[tuple[str, float]] = []
    train_and_register(small_history, OPTIONS, home=home, progress=lambda *report: reports.append(report))
    assert [text for text, _ in reports] == [
        "comparing with the champion",
        "drawing the report",
        "registering",
    ]
    assert all(0.9 <= share <= 1 for _, share in reports)


def test_fields_are_the_keys_of_the_command(small_history: History, home: Path) -> None:
    result: TrainingResult = train_and_register(small_history, OPTIONS, home=home)
    assert list(result.to_dict()) == [
        "model_version",
        "run_id",
        "promoted",
        "decision",
        "signal",
        "warnings",
        "metrics",
        "baselines",
        "n_leads",
        "n_snapshots",
    ]
