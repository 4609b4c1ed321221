"""`leadcast train` and `leadcast models`: what is learned, registered, and in use."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import (
    Progress,
    as_of_us,
    emit,
    home,
    json_option,
    now_us,
    progress,
    say,
    say_table,
    say_warnings,
    when,
)

if TYPE_CHECKING:
    from features.event_log import History
    from training.fit import Trained
    from training.registry import Registry

METRICS = ("auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error", "revenue_error", "gini")


@dataclass(frozen=True)
class Registered:
    """The outcome of the gate for a version just registered."""

    model_version: str
    run_id: str
    promoted: bool
    decision: list[str]


@click.command()
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--store", is_flag=True, help="Train on the service's store instead of a data folder.")
@click.option(
    "--as-of", metavar="T", help="Train on what was known at T (default: the latest time in the data)."
)
@click.option(
    "--promote",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Put the version into use when the gate passes, in any case, or not.",
)
@click.option(
    "--trials", type=click.IntRange(0, 1000), default=None, metavar="N", help="Settings to try out."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    metavar="S",
    help="Of every random choice.",
)
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
    if (data is None) != store:
        raise click.UsageError("give either a data folder or --store")
    from training.fit import TrainOptions
    from training.fit import train as fit
    from training.registry import Registry

    with progress() as tell:
        tell("reading the data", 0.0)
        history = _read_store(options["as_of"]) if data is None else _read(data, options["as_of"])
        chosen = TrainOptions(seed=options["seed"], keep=options["keep"], **_given(trials=options["trials"]))
        trained = fit(history, chosen, lambda text, share: tell(text, 0.05 + 0.85 * share))
        outcome = register(Registry(home()), trained, history, options["promote"], tell)
    _tell(trained, outcome, history)
    if options["as_json"]:
        emit(_result(trained, outcome))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _read(data: Path, as_of: str | None) -> "History":
    from cli.model_data import say_set_aside
    from features.config import load_config
    from features.history import read_folder

    config = load_config(data)
    history = read_folder(data, config=None, as_of_us=as_of_us(as_of, config.zone), now_us=now_us())
    say_set_aside(history)
    return history


def _read_store(as_of: str | None) -> "History":
    from cli.store import opened

    with opened() as store:
        now = now_us()
        known = store.read_all(store.latest_us(now) or now)
        at_us = as_of_us(as_of, known.config.zone)
        return known if at_us is None else store.read_all(at_us)


def register(
    registry: "Registry", trained: "Trained", history: "History", promote: str, tell: Progress
) -> Registered:
    """Logs and registers what was trained, and promotes it when the gate or the user says so.

    The gate compares with the champion and the champion moves under one lock: two trainings at once cannot
    both judge themselves against the same one.
    """
    from models.bundle import save_bundle
    from training.gates import decide
    from training.report import describe_run, write_report

    with registry.exclusive(), tempfile.TemporaryDirectory(prefix=".train-", dir=registry.home) as name:
        tell("comparing with the champion", 0.9)
        decision = decide(trained, _champion(registry.home), history)
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


def _champion(folder: Path) -> Any:
    from features.errors import DamagedArtifact
    from models.pointer import load_champion, read_pointer

    try:
        pointer = read_pointer(folder)
        return None if pointer is None else load_champion(pointer)
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
    say_warnings(trained.warnings)
    say(
        f"\ntrained on {trained.n_snapshots:,} snapshots of {trained.n_leads:,} leads, as of {when(history.as_of_us)}"
    )
    rows = [("model", trained.metrics), *trained.baselines.items()]
    say_table(("", *METRICS), [(name, *(row.get(m) for m in METRICS)) for name, row in rows])
    say(f"\nversion {outcome.model_version}, {'promoted' if outcome.promoted else 'not promoted'}:")
    for reason in outcome.decision:
        say(f"  {reason}")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Lists the registered versions, or moves the champion.

    \b
    Examples:
      leadcast models
      leadcast models show 3
      leadcast models promote 3
      leadcast models rollback
    """
    if context.invoked_subcommand is None:
        _list(as_json)


def _list(as_json: bool) -> None:
    from models.pointer import read_pointer

    versions = _registry().versions()
    pointer = read_pointer(home())
    serving = pointer.model_version if pointer else None
    if as_json:
        emit({"champion": serving, "versions": [v.describe() for v in versions]})
        return
    if not versions:
        say("no versions yet: run `leadcast train DATA`")
        return
    say_table(
        ("version", "in use", "aliases", "registered", "auc", "log_loss", "ece"),
        [
            (
                v.model_version,
                "yes" if v.model_version == serving else "",
                ", ".join(v.aliases),
                when(v.created_us),
                *(v.metrics.get(m) for m in ("auc", "log_loss", "ece")),
            )
            for v in versions
        ],
    )


def _registry() -> "Registry":
    from training.registry import Registry

    return Registry(home())


def _moved(action: Callable[["Registry"], str], as_json: bool) -> None:
    version = action(_registry())
    say(f"version {version} is the champion; a running service takes it within 5 seconds")
    if as_json:
        emit({"champion": version})


@models.command()
@click.argument("version")
@json_option
def promote(version: str, as_json: bool) -> None:
    """Makes VERSION (or an alias) the champion.

    \b
    Example:
      leadcast models promote 3
    """
    _moved(lambda registry: registry.promote(version), as_json)


@models.command()
@json_option
def rollback(as_json: bool) -> None:
    """Goes back to the version promoted before the champion.

    \b
    Example:
      leadcast models rollback
    """
    _moved(lambda registry: registry.rollback(), as_json)


@models.command()
@click.argument("version")
@json_option
def show(version: str, as_json: bool) -> None:
    """The model card of VERSION (or an alias): data, figures beside the baselines, what it looks at, known limits.

    \b
    Example:
      leadcast models show champion --json
    """
    from cli.model_data import model
    from training.card import card, card_text

    registry = _registry()
    wanted = registry.resolve(version)
    found = next(v for v in registry.versions() if v.model_version == wanted)
    result = {**found.describe(), "params": dict(found.params), "tags": dict(found.tags)}
    bundle = model(wanted)
    if as_json:
        emit({**result, "card": card(bundle)})
        return
    say(card_text(bundle))
    say_table(("parameter", ""), sorted(result.pop("params").items()))
    say()
    say_table(("version", ""), [(k, v) for k, v in result.items() if k != "metrics"])
