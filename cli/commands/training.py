"""`leadcast train`: trains, evaluates and registers a model, and promotes it if the promotion gate passes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.garbage import collect_rarely
from cli.options import (
    accept_rejected_option,
    as_of_option,
    as_of_us,
    data_or_store,
    engine_option,
    home,
    json_option,
    now_us,
    one_in_option,
    parts_option,
    refuse_unless_one,
    refuse_unused,
    seed_option,
    train_options,
    trials_option,
)
from cli.shown.output import echo, echo_next, echo_table, echo_warnings, print_json, readable_time
from cli.shown.progress import progress_bar
from history.base.warnings import json_of

SIGNALS = {
    "weak": "weak, probabilities are shrunk towards the base rate and keep their order",
    "none": "none, every lead gets the base rate",
}

if TYPE_CHECKING:
    from history.history import History
    from training.pipeline import TrainingResult


@click.command()
@data_or_store("Train on the service's store instead of a data folder.")
@as_of_option("Train on what was known at this date or time (default: the end of the data).")
@click.option(
    "--promote",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Make the version the champion if the promotion gate passes, always, or never.",
)
@trials_option("Settings of the trees to compare, at most (default: 12).")
@seed_option
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Use this column although it is leakage_suspected; repeatable.",
)
@accept_rejected_option
@engine_option("Who audits columns and computes features; models are fitted on this machine:")
@parts_option
@one_in_option
@json_option
def train(data: Path | None, store: bool, **options: Any) -> None:
    """Trains a model on what was known at T, evaluates it and registers a version, promoted if the gate passes.

    Of a DATA whose training would fill the memory every row is read, in parts on disk, and a sample of the leads is
    trained on: as many as fit, at most a million.

    \b
    Examples:
      leadcast train crm
      leadcast train crm --as-of 2026-03-01 --promote never --json
      leadcast train crm --keep days_to_sign --trials 40
      leadcast train crm --engine dask://scheduler:8786
      leadcast train crm --one-in 4
      leadcast train --store
    """
    collect_rarely()
    refuse_unless_one(data, store)
    if data is None:
        refuse_unused("DATA", "accept-rejected", "parts", "one-in")
    from cli.folder.sampled import READ_AT_ONCE, TrainingData, read_to_train, share_of_reading
    from engines.choice import open_engine
    from history.base.progress import part
    from training.pipeline import train_and_register

    state = home()
    with open_engine(options["engine"]) as engine, progress_bar() as report:
        reading = READ_AT_ONCE
        if data is None:
            report("reading the data", 0.0)
            history = _read_store(options["as_of"])
        else:
            used = TrainingData.of(data, options)
            reading = share_of_reading(data, used)
            history = read_to_train(data, used, part(report, 0.0, reading))
        result = train_and_register(
            history,
            train_options(options, engine),
            home=state,
            promote=options["promote"],
            progress=part(report, reading, 1.0),
        )
    _print_result(result, history)
    if not result.promoted:
        echo_next("models", "show", result.model_version)
    elif data is None:
        echo_next("rescore")
    else:
        echo_next("score", data, "--top", "20")
    if options["as_json"]:
        print_json(result.to_dict())


def _read_store(as_of: str | None) -> "History":
    from cli.commands.store import open_store
    from history.config.config import FunnelConfig

    with open_store() as store:
        config = store.config() or FunnelConfig()
        at_us = as_of_us(as_of, config.zone)
        if at_us is not None:
            return store.read_all(at_us, config, with_ids=False)
        now = now_us()
        end_us = store.data_end_us(now) or now
        history = store.read_all(end_us, config, with_ids=False)
        late_rows = store.late_row_warnings(end_us, now)
        return replace(history, warnings=(*history.warnings, *late_rows))


def _print_result(result: "TrainingResult", history: "History") -> None:
    from training.evaluation.metrics import METRICS

    echo_warnings(json_of(result.warnings))
    as_of = readable_time(history.as_of_us)
    echo(f"\ntrained on {result.n_snapshots:,} snapshots of {result.n_leads:,} leads, as of {as_of}")
    rows = [("model", result.metrics), *result.baselines.items()]
    echo_table(("", *METRICS), [(name, *(metrics.get(m) for m in METRICS)) for name, metrics in rows])
    if result.signal != "usable":
        echo(f"\nsignal: {SIGNALS[result.signal]}")
    echo(f"\nversion {result.model_version}, {'promoted' if result.promoted else 'not promoted'}:")
    for reason in result.decision:
        echo(f"  {reason}")
