"""`leadcast load`, `export`, `rescore`, `backup` and `restore`: commands on the service's store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import (
    accept_rejected_option,
    as_of_option,
    as_of_us,
    data_argument,
    engine_option,
    file_or_new,
    home,
    json_option,
    now_us,
)
from cli.shown.output import echo, echo_next, echo_table, echo_warnings, print_json, readable_time
from cli.shown.progress import progress_bar
from history.base.warnings import json_of

if TYPE_CHECKING:
    from models.bundle import Bundle
    from serving.store.store import Store


@contextmanager
def open_store(folder: Path | None = None) -> "Iterator[Store]":
    """The store of LEADCAST_DATABASE_URL or of a home (None: this one); an unavailable store ends the command."""
    from serving.store.errors import StoreUnavailable
    from serving.store.store import Store

    store = Store(folder or home(), os.environ.get("LEADCAST_DATABASE_URL") or None)
    try:
        yield store
    except StoreUnavailable as outage:
        raise click.ClickException(outage.reason) from None
    finally:
        store.close()


@contextmanager
def _open_to_read() -> "Iterator[Store]":
    """The store for a command that only reads it, also in a home that cannot be written."""
    from serving.store.read_only_home import readable_home

    with readable_home(home()) as folder, open_store(folder) as store:
        yield store


def _require_any(*files: str) -> None:
    """Ends the command if the home has none of these files, lest a backup of a mistyped home be empty."""
    if os.environ.get("LEADCAST_DATABASE_URL") or any((home() / file).exists() for file in files):
        return
    missing = " and no ".join(files)
    raise click.ClickException(
        f"{home()} has no {missing}: name the service's home with --home or LEADCAST_HOME"
    )


@click.command()
@data_argument
@accept_rejected_option
@json_option
def load(data: Path, accept_rejected: bool, as_json: bool) -> None:
    """Loads a data folder into the service's store; rows that are stored already are skipped.

    Leads that an import into the folder called deleted are erased, those it called merged are closed as gone.

    \b
    Examples:
      leadcast load crm
      leadcast load crm --json
    """
    from cli.folder.reading import echo_set_aside
    from cli.model_choice import champion_if_sound
    from connectors.folder.gone import read_gone
    from history.folder.rules.acceptance import require_acceptable
    from history.read import read_as_stored
    from serving.store.scores.inputs import stored_input_warnings
    from serving.store.transfer.gone import take_out
    from serving.store.transfer.load import load_history

    bundle = champion_if_sound().bundle
    with progress_bar() as report, open_store() as store:
        report("reading", 0.0)
        history = read_as_stored(data, now_us())
        if not accept_rejected:
            require_acceptable(history.reports)
        loaded = load_history(store.engine, history, now_us, report)
        taken = take_out(store.engine, read_gone(data), now_us)
        warnings = [] if bundle is None else json_of(stored_input_warnings(store, bundle, now_us()))

    echo_set_aside(history)
    echo_warnings(warnings)
    if loaded.conflict_count:
        count, first = loaded.conflict_count, ", ".join(loaded.conflicts)
        echo(f"{count} stored leads keep their created_at, which differs in the folder; first {first}")
    echo_table(("added", "rows"), [("leads", loaded.leads), *loaded.rows.items()])
    echo(f"{loaded.leads_known} leads and {loaded.rows_known} rows were already stored")
    if taken.erased or taken.merged:
        echo(
            f"gone since the last import: {taken.erased} deleted leads erased, {taken.merged} merged leads closed"
        )
    if bundle is None:
        echo_next("train", "--store")
    else:
        echo_next("serve")
    if as_json:
        rejected = {}
        for name, table in history.reports.items():
            if table.rejected:
                rejected[name] = {rule.rule: rule.count for rule in table.rejected}
        print_json({**vars(loaded), **vars(taken), "rejected": rejected, "warnings": warnings})


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@json_option
def export(out: Path, as_json: bool) -> None:
    """Writes the service's store as a data folder, which `load` and `train` read.

    \b
    Examples:
      leadcast export crm-copy
    """
    from serving.store.database.engine import DATABASE
    from serving.store.transfer.export import export_folder

    _require_any(DATABASE)
    with progress_bar() as report, _open_to_read() as store:
        rows = export_folder(store.engine, out, report)

    echo_table(("written", "rows"), list(rows.items()))
    if as_json:
        print_json({"folder": out, "rows": rows})


@click.command()
@as_of_option("Score as of this date or time (default: now).")
@engine_option(
    "Who reads, scores and writes the leads:",
    "processes, or processes:N, of this machine (default: this process).",
)
@json_option
def rescore(as_of: str | None, engine: str | None, as_json: bool) -> None:
    """Scores every open stored lead again, as time has passed or another model was promoted.

    \b
    Examples:
      leadcast rescore
      leadcast rescore --as-of 2026-03-01
      leadcast rescore --engine processes
    """

    if engine is not None and not engine.startswith("processes"):
        raise click.UsageError("a store is rescored by processes of this machine: --engine processes")
    from engines.choice import open_engine
    from history.read import format_time
    from serving.store.scores.inputs import stored_input_warnings
    from serving.store.scores.rescoring.all_leads import rescore_all

    bundle = _champion()
    at_us = as_of_us(as_of, bundle.config.zone)
    with progress_bar() as report, open_store() as store:
        at_us = now_us() if at_us is None else at_us
        warnings = json_of(stored_input_warnings(store, bundle, at_us))
        with open_engine(engine) as workers:
            leads = rescore_all(store, bundle, at_us, report, engine=workers)

    echo_warnings(warnings)
    echo(f"{leads:,} leads scored as of {readable_time(at_us)} by version {bundle.version}")
    echo_next("serve")
    if as_json:
        summary = {"leads": leads, "as_of": format_time(at_us), "model_version": bundle.version}
        print_json({**summary, "warnings": warnings})


def _champion() -> "Bundle":
    from cli.model_choice import champion
    from models.home.home import other_home

    bundle = champion()
    if bundle is None:
        raise click.ClickException(
            f"no model is promoted in {home()}: run `leadcast train DATA` first{other_home(home())}"
        )
    return bundle


@click.command()
@click.argument("file", type=click.Path(path_type=Path), callback=file_or_new)
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Writes the store and the champion into one file, while the service runs.

    \b
    Examples:
      leadcast backup /var/backups/leadcast-2026-03-01.tar
    """
    from models.home.pointer import POINTER
    from serving.store.database.engine import DATABASE
    from serving.store.transfer.backup import backup as write_backup

    _require_any(DATABASE, POINTER)
    with _open_to_read() as store:
        written = write_backup(store.engine, file.absolute(), now_us())

    model = _model_text(written.model_version)
    echo(f"{written.leads:,} leads and {model} in {file}, {written.bytes:,} bytes")
    if as_json:
        print_json(vars(written))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True), callback=file_or_new)
@json_option
def restore(file: Path, as_json: bool) -> None:
    """Replaces the store and the champion by those of a backup; a damaged backup is refused.

    \b
    Examples:
      leadcast restore /var/backups/leadcast-2026-03-01.tar
    """
    from serving.store.transfer.backup import restore as restore_backup
    from training.registry.home import HomeLock

    with HomeLock(home())(), open_store() as store:
        restored = restore_backup(store.engine, file.absolute())

    echo(f"restored {restored.leads:,} leads and {_model_text(restored.model_version)} from {file}")
    if as_json:
        print_json(vars(restored))


def _model_text(version: str | None) -> str:
    return "no model" if version is None else f"model {version}"
