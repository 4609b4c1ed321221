"""`leadcast load` and `leadcast export`: the service's store from and to a data folder."""

import os
from pathlib import Path

import click

from cli.output import data_argument, emit, home, json_option, now_us, progress, say, say_table

FAR_US = 7_258_118_400_000_000  # 2200-01-01: what is known by then, planned closings included


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
    from features.history import read_folder
    from serving.ingest_folder import load_history
    from serving.store import Store

    with progress() as tell:
        tell("reading", 0.0)
        history = read_folder(data, as_of_us=FAR_US, now_us=now_us())
        store = Store(home(), os.environ.get("LEADCAST_DATABASE_URL") or None)
        try:
            loaded = load_history(store.engine, history, now_us, tell)
        finally:
            store.close()
    rejected = {
        name: {r.rule: {"count": r.count, "first": list(r.first)} for r in report.rejected}
        for name, report in history.reports.items()
        if report.rejected
    }
    for name, rules in rejected.items():
        for rule, found in rules.items():
            say(f"set aside in {name}: {found['count']} rows by {rule}, first {found['first'][0]}")
    if loaded.conflict_count:
        say(
            f"{loaded.conflict_count} stored leads have another created_at than the folder says and keep theirs, "
            f"first {', '.join(loaded.conflicts)}"
        )
    say_table(("added", "rows"), [("leads", loaded.leads), *loaded.rows.items()])
    say(f"{loaded.leads_known} leads and {loaded.rows_known} rows were there already")
    if as_json:
        emit({**vars(loaded), "rejected": rejected})


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@json_option
def export(out: Path, as_json: bool) -> None:
    """Writes the service's store as a data folder, which `load` and `train` read.

    \b
    Examples:
      leadcast export crm-copy
    """
    from serving.store import Store
    from serving.store_export import export_folder

    with progress() as tell:
        store = Store(home(), os.environ.get("LEADCAST_DATABASE_URL") or None)
        try:
            rows = export_folder(store.engine, out, tell)
        finally:
            store.close()
    say_table(("written", "rows"), list(rows.items()))
    if as_json:
        emit({"folder": out, "rows": rows})
