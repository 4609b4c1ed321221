"""`leadcast train`: a model learned, evaluated, registered, and promoted when the gate passes."""

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
from cli.progress import progress

if TYPE_CHECKING:
    from history.history import History
    from training.pipeline import TrainingResult


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
    from training.pipeline import train_and_register
    from training.progress import part

    state = home()
    with progress() as report:
        report("reading the data", 0.0)
        history = _read_store(options["as_of"]) if data is None else read_and_say(data, options["as_of"])
        result = train_and_register(
            history,
            train_options(options),
            home=state,
            promote=options["promote"],
            progress=part(report, 0.05, 1.0),
        )
    _print_result(result, history)
    if options["as_json"]:
        emit(result.to_dict())


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


def _print_result(result: "TrainingResult", history: "History") -> None:
    from training.evaluation.metrics import METRICS

    say_warnings(result.warnings)
    say(
        f"\ntrained on {result.n_snapshots:,} snapshots of {result.n_leads:,} leads, as of {when(history.as_of_us)}"
    )
    rows = [("model", result.metrics), *result.baselines.items()]
    say_table(("", *METRICS), [(name, *(metrics.get(m) for m in METRICS)) for name, metrics in rows])
    say(f"\nversion {result.model_version}, {'promoted' if result.promoted else 'not promoted'}:")
    for reason in result.decision:
        say(f"  {reason}")
