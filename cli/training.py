"""`leadcast train`: a model learned, evaluated, registered, and promoted when the gate passes."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    as_of_option,
    as_of_us,
    data_or_store,
    home,
    json_option,
    now_us,
    refuse_unless_one,
    seed_option,
    train_options,
    trials_option,
)
from cli.output import emit, say, say_table, say_warnings, when
from cli.progress import Progress, progress

if TYPE_CHECKING:
    from history.history import History
    from models.bundle import Bundle
    from training.registry.registry import Registry
    from training.train import Trained


@dataclass(frozen=True)
class Registered:
    """The outcome of the gate for a version just registered."""

    model_version: str
    run_id: str
    promoted: bool
    decision: list[str]


@click.command()
@data_or_store("Train on the service's store instead of a data folder.")
@as_of_option("Train on what was known at T (default: the latest time in the data).")
@click.option(
    "--promote",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Put the version into use when the gate passes, in any case, or not.",
)
@trials_option("Settings to try out (default: 12).")
@seed_option
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Keep a column though it is leakage_suspected; repeatable.",
)
@json_option
def train(data: Path | None, store: bool, **options: Any) -> None:
    """Trains on what was known at T, evaluates, logs to MLflow, registers a version, promotes it if the gate passes.

    \b
    Examples:
      leadcast train crm
      leadcast train crm --as-of 2026-03-01 --promote never --json
      leadcast train crm --keep days_to_sign --trials 40
      leadcast train --store
    """
    refuse_unless_one(data, store)
    from cli.reading import read_and_say
    from training.registry.registry import Registry
    from training.train import train as fit

    registry = Registry(home())
    with progress() as tell:
        tell("reading the data", 0.0)
        history = _read_store(options["as_of"]) if data is None else read_and_say(data, options["as_of"])
        registry.refuse_early()
        trained = fit(history, train_options(options), lambda text, share: tell(text, 0.05 + 0.85 * share))
        outcome = register(registry, trained, history, options["promote"], tell)
    _tell(trained, outcome, history)
    if options["as_json"]:
        emit(_result(trained, outcome))


def _read_store(as_of: str | None) -> "History":
    from cli.store import opened
    from history.config import FunnelConfig

    with opened() as store:
        config = store.config() or FunnelConfig()
        at_us = as_of_us(as_of, config.zone)
        if at_us is None:
            now = now_us()
            at_us = store.latest_us(now) or now
        return store.read_all(at_us, config)


def register(
    registry: "Registry", trained: "Trained", history: "History", promote: str, tell: Progress
) -> Registered:
    """Logs and registers what was trained, and promotes it when the gate or the user says so.

    The gate compares with the champion and the champion moves under one lock: two trainings at once cannot
    both judge themselves against the same one.
    """
    from models.bundle import save_bundle
    from training.promotion import decide
    from training.report import describe_run, write_report

    with registry.exclusive(), tempfile.TemporaryDirectory(prefix=".train-", dir=registry.home) as name:
        tell("comparing with the champion", 0.9)
        decision = decide(trained, _champion(), history)
        promoted = promote == "always" or (promote == "auto" and decision.promote)
        folder = Path(name)
        tell("drawing the report", 0.92)
        write_report(trained, decision.reasons, folder)
        save_bundle(trained.bundle, folder / "bundle")
        tell("registering", 0.96)
        version, run_id = registry.register(describe_run(trained, history, folder))
        if promoted:
            registry.promote(version)
    reasons = list(decision.reasons)
    if promoted and not decision.promote:
        reasons.append("promoted because of --promote always, not by the gate")
    if decision.promote and not promoted:
        reasons.append("not promoted because of --promote never, though the gate passed")
    return Registered(version, run_id, promoted, reasons)


def _champion() -> "Bundle | None":
    from cli.model_choice import champion
    from history.errors import DamagedArtifact

    try:
        return champion()
    except DamagedArtifact as error:
        say(f"warning: the champion cannot be read, so there is none to compare with: {error}")
        return None


def _result(trained: "Trained", outcome: Registered) -> dict[str, Any]:
    return {
        "model_version": outcome.model_version,
        "run_id": outcome.run_id,
        "promoted": outcome.promoted,
        "decision": outcome.decision,
        "signal": trained.signal,
        "warnings": trained.warnings,
        "metrics": trained.metrics,
        "baselines": trained.baselines,
        "n_leads": trained.n_leads,
        "n_snapshots": trained.n_snapshots,
    }


def _tell(trained: "Trained", outcome: Registered, history: "History") -> None:
    from training.evaluation.metrics import METRICS

    say_warnings(trained.warnings)
    say(
        f"\ntrained on {trained.n_snapshots:,} snapshots of {trained.n_leads:,} leads, as of {when(history.as_of_us)}"
    )
    rows = [("model", trained.metrics), *trained.baselines.items()]
    say_table(("", *METRICS), [(name, *(row.get(m) for m in METRICS)) for name, row in rows])
    say(f"\nversion {outcome.model_version}, {'promoted' if outcome.promoted else 'not promoted'}:")
    for reason in outcome.decision:
        say(f"  {reason}")
