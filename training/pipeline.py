"""The training pipeline: train, pass the promotion gate, write the report, register a version, promote it."""

import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from history.base.progress import Progress, no_progress, part
from history.base.warnings import Warning, json_of
from history.history import History
from models.home.pointer import champion_if_sound
from models.home.saved import save_bundle
from training.promotion import Decision, decide
from training.registry.registry import Registry
from training.report import write_report
from training.run_record import describe_run
from training.train import TrainOptions, train

Promote = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class TrainingResult:
    """A registered version; its fields are the keys of `leadcast train --json`.

    promoted: whether the version is now the champion. decision: the reasons of the promotion gate, one sentence each.
    signal: "usable", "weak" or "none". metrics, and baselines with the same metrics, are empty if too few leads were
    won to evaluate.
    """

    model_version: str
    run_id: str
    promoted: bool
    decision: list[str]
    signal: str
    warnings: list[Warning]
    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    n_leads: int
    n_snapshots: int

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready but for metrics that are NaN."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "warnings": json_of(self.warnings)}


def train_and_register(
    history: History,
    options: TrainOptions,
    *,
    home: Path,
    promote: Promote = "auto",
    progress: Progress = no_progress,
) -> TrainingResult:
    """Trains on a history cut at T and registers the version in a home, promoted as `promote` says.

    home: the folder of the state, created if missing; MLFLOW_TRACKING_URI names another tracking server than the home's
    SQLite file. promote: "auto" if the promotion gate passes, "always" or "never" whatever it decides.

    Raises InvalidInput if the history cannot be learned from, or, before any work, if the result could not be stored
    (home read-only or full, MLflow unreachable); OSError if a write fails.

    Example::

        options = TrainOptions(trials=20, seed=1)
        result = train_and_register(history, options, home=Path(".leadcast"), progress=print)
        result.model_version, result.promoted, result.metrics["auc"]
    """
    registry = Registry(home)
    registry.check_writable()
    trained = train(history, options, part(progress, 0.0, 0.9))
    # One lock from the comparison to the promotion: of two trainings at once the second meets the first's champion
    # (docs/decisions/0003).
    with registry.exclusive(), tempfile.TemporaryDirectory(prefix=".train-", dir=registry.home) as folder:
        progress("comparing with the champion", 0.9)
        champion = champion_if_sound(registry.home)
        decision = decide(trained, champion.bundle, history)
        promoted = promote == "always" or (promote == "auto" and decision.promote)

        progress("drawing the report", 0.93)
        run_folder = Path(folder)
        write_report(trained, decision.reasons, run_folder)
        save_bundle(trained.bundle, run_folder / "bundle")

        progress("registering", 0.96)
        version = registry.register(describe_run(trained, history, run_folder))
        if promoted:
            registry.promote(version.model_version)
    return TrainingResult(
        model_version=version.model_version,
        run_id=version.run_id,
        promoted=promoted,
        decision=_reasons(decision, promoted),
        signal=trained.signal,
        warnings=[*trained.warnings, *champion.warnings],
        metrics=trained.metrics,
        baselines=trained.baselines,
        n_leads=trained.n_leads,
        n_snapshots=trained.n_snapshots,
    )


def _reasons(decision: Decision, promoted: bool) -> list[str]:
    if promoted and not decision.promote:
        return [*decision.reasons, "promoted because of --promote always, not by the gate"]
    if decision.promote and not promoted:
        return [*decision.reasons, "not promoted because of --promote never, though the gate passed"]
    return list(decision.reasons)
