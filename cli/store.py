"""`leadcast load`, `export`, `rescore`, `backup` and `restore`: the service's store from the command line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_of_option, as_of_us, data_argument, file_or_new, home, json_option, now_us
from cli.output import emit, say, say_table, when
from cli.progress import progress

if TYPE_CHECKING:
    from models.bundle import Bundle
    from serving.store.store import Store


@contextmanager
def opened() -> "Iterator[Store]":
    """The store of this home or of LEADCAST_DATABASE_URL; its outages end the command with a message."""
    from serving.store.errors import StoreUnavailable
    from serving.store.store import Store

    store = Store(home(), os.environ.get("LEADCAST_DATABASE_URL") or None)
    try:
        yield store
    except StoreUnavailable as outage:
        raise click.ClickException(outage.reason) from None
    finally:
        store.close()


def _refuse_without(*files: str) -> None:
    """Refuses a home that has none of the files: from a wrong folder nothing would be written without a word."""
    if not os.environ.get("LEADCAST_DATABASE_URL") and not any((home() / file).exists() for file in files):
        raise click.ClickException(
            f"{home()} has no {' and no '.join(files)}: name the service's home with --home or LEADCAST_HOME"
        )


@click.command()
@data_argument
@json_option
def load(data: Path, as_json: bool) -> None:
    """Fills the service's store from a data folder; again and again without doubling.

    \b
    Examples:
      leadcast load crm
      leadcast load crm --json
    """
    from cli.reading import say_set_aside
    from history.read import read_folder
    from history.times import LATEST_US
    from serving.store.transfer.load import load_history

    with progress() as tell, opened() as store:
        tell("reading", 0.0)
        history = read_folder(data, as_of_us=LATEST_US, now_us=now_us())
        loaded = load_history(store.engine, history, now_us, tell)
    say_set_aside(history)
    if loaded.conflict_count:
        say(
            f"{loaded.conflict_count} stored leads have another created_at than the folder says and keep theirs, "
            f"first {', '.join(loaded.conflicts)}"
        )
    say_table(("added", "rows"), [("leads", loaded.leads), *loaded.rows.items()])
    say(f"{loaded.leads_known} leads and {loaded.rows_known} rows were there already")
    if as_json:
        rejected = {
            name: {r.rule: r.count for r in report.rejected} for name, report in history.reports.items()
        }
        emit({**vars(loaded), "rejected": {name: rules for name, rules in rejected.items() if rules}})


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

    _refuse_without(DATABASE)
    with progress() as tell, opened() as store:
        rows = export_folder(store.engine, out, tell)
    say_table(("written", "rows"), list(rows.items()))
    if as_json:
        emit({"folder": out, "rows": rows})


@click.command()
@as_of_option("Stand at this date or time (default: now).")
@json_option
def rescore(as_of: str | None, as_json: bool) -> None:
    """Scores every open stored lead again: for the time that has passed, or after a promotion.

    \b
    Examples:
      leadcast rescore
      leadcast rescore --as-of 2026-03-01
    """
    from serving.store.scores.rescoring import rescore_all

    bundle = _champion()
    at = as_of_us(as_of, bundle.config.zone)
    with progress() as tell, opened() as store:
        at = now_us() if at is None else at
        leads = rescore_all(store, bundle, at, tell)
    say(f"{leads:,} leads scored as of {when(at)} by version {bundle.version}")
    if as_json:
        from history.read import format_time

        emit({"leads": leads, "as_of": format_time(at), "model_version": bundle.version})


def _champion() -> "Bundle":
    from cli.model_choice import champion

    promoted = champion()
    if promoted is None:
        raise click.ClickException(f"no model is promoted in {home()}: run `leadcast train DATA` first")
    return promoted


@click.command()
@click.argument("file", type=click.Path(path_type=Path), callback=file_or_new)
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Writes the store and the champion into one file, while the service goes on.

    \b
    Examples:
      leadcast backup /var/backups/leadcast-2026-03-01.tar
    """
    from models.pointer import POINTER
    from serving.store.database.engine import DATABASE
    from serving.store.transfer.backup import backup as write

    _refuse_without(DATABASE, POINTER)
    with opened() as store:
        done = write(store.engine, file.absolute(), now_us())
    say(f"{done.leads:,} leads and {_named(done.model_version)} in {file}, {done.bytes:,} bytes")
    if as_json:
        emit(vars(done))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True), callback=file_or_new)
@json_option
def restore(file: Path, as_json: bool) -> None:
    """Puts a backup in the place of the store and of the champion; refuses a damaged one.

    \b
    Examples:
      leadcast restore /var/backups/leadcast-2026-03-01.tar
    """
    from serving.store.transfer.backup import restore as put_back
    from training.registry.home import HomeLock

    with HomeLock(home())(), opened() as store:
        done = put_back(store.engine, file.absolute())
    say(f"restored {done.leads:,} leads and {_named(done.model_version)} from {file}")
    if as_json:
        emit(vars(done))


def _named(version: str | None) -> str:
    return "no model" if version is None else f"model {version}"
