"""`leadcast funnel`: the state and flow of the funnel, as a table for people, JSON, or a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.archive import keep
from cli.options import (
    as_of_option,
    as_of_us,
    by_option,
    data_argument,
    ending_in,
    json_option,
    no_snapshot_option,
    report_option,
    since_option,
)
from cli.output import emit, say, say_warnings
from cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funnel.state.state import FunnelAsked
    from history.history import History
    from models.bundle import Bundle

MOST_ATTENTION = 10_000


@click.command()
@data_argument
@as_of_option()
@click.option("--from", "start", metavar="D", help="The period's first instant (default: the first lead).")
@click.option("--to", "end", metavar="D", help="The period's end, exclusive (default: up to and with T).")
@by_option("Also by this column of the leads: owner, source, any attribute.")
@since_option("Show where the leads of this date are now (default: 30 days before T).")
@click.option(
    "--attention",
    type=click.IntRange(0, MOST_ATTENTION),
    metavar="N",
    help="How many of the leads that need attention to list, most valuable first (default: 20).",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    callback=ending_in(".json", ".csv", ".parquet"),
    metavar="FILE",
    help="Write everything as .json, or the table of stages as .csv or .parquet.",
)
@report_option("Write a page with the pictures, which needs no network.")
@no_snapshot_option
@json_option
def funnel(data: Path, output: Path | None, as_json: bool, **options: Any) -> None:
    """The state and flow of the funnel of DATA at T.

    \b
    Examples:
      leadcast funnel crm
      leadcast funnel crm --as-of 2026-03-31 --from 2026-01-01 --by source
      leadcast funnel crm --by owner --since 2026-03-01 --output funnel.csv
      leadcast funnel crm --report funnel.html --json
    """
    from cli.funnel_text import tell_state
    from cli.model_choice import champion_or_note
    from cli.reading import say_set_aside
    from funnel.archive import of_funnel

    with progress() as tell:
        tell("reading the data", 0.0)
        history, asked = read(data, options)
        tell("counting", 0.6)
        bundle, note = champion_or_note()
        state = state_of(history, asked, bundle, note)
        tell("writing", 0.9)
        written = _write_files(state, output, options["report"])
    say_set_aside(history)
    say_warnings(state["warnings"])
    tell_state(state)
    for path in written:
        say(f"written to {path}")
    if not options["no_snapshot"]:
        given = {
            "from": options["start"],
            "to": options["end"],
            "by": options["by"],
            "since": options["since"],
        }
        keep(of_funnel(state, history.config, {**given, "model_version": bundle and bundle.version}))
    if as_json:
        emit(state)


def state_of(
    history: "History", asked: "FunnelAsked", bundle: "Bundle | None", note: list[dict[str, Any]]
) -> dict[str, Any]:
    """The funnel's state with what the model, where there is one, says of leads and owners."""
    from funnel.state.owners import chances_of, owners
    from funnel.state.state import funnel_state

    chances = None if bundle is None else chances_of(bundle, history)
    state = funnel_state(history, asked, chances)
    state["warnings"] += note
    state["owners"] = [] if bundle is None else owners(bundle, history, asked.from_us, asked.to_us)
    return state


def _write_files(state: dict[str, Any], output: Path | None, report: Path | None) -> list[Path]:
    if output is not None:
        _write_state(state, output)
    if report is not None:
        from funnel.state.figures import report_page
        from history.atomic_file import write_text

        write_text(report_page(state), report)
    return [path for path in (output, report) if path is not None]


def read(data: Path, options: "Mapping[str, Any]") -> "tuple[History, FunnelAsked]":
    """The folder's history at --as-of under its own configuration, and what is asked, dates in its time zone."""
    from cli.reading import read_own
    from funnel.state.attention import SHOWN_LEADS
    from funnel.state.state import FunnelAsked
    from history.config import load_config

    zone = load_config(data).zone
    start, end, since = (
        as_of_us(options.get(key), zone, option)
        for key, option in (("start", "--from"), ("end", "--to"), ("since", "--since"))
    )
    history = read_own(data, options.get("as_of"))
    listed = options.get("attention")
    shown = SHOWN_LEADS if listed is None else listed
    return history, FunnelAsked(start, end, options.get("by"), since, shown)


def _write_state(state: dict[str, Any], output: Path) -> None:
    """The state as JSON, or its stages as a table, by the ending; whole or not at all."""
    from history.atomic_file import write_table, write_text

    if output.suffix.lower() == ".json":
        write_text(json.dumps(state, ensure_ascii=False, allow_nan=False, indent=1) + "\n", output)
        return
    import pyarrow as pa

    from funnel.state.table import COLUMNS, stage_rows

    kinds = {"text": pa.string(), "count": pa.int64(), "number": pa.float64()}
    rows = stage_rows(state)
    write_table(
        pa.table(
            {name: pa.array([row[name] for row in rows], kinds[kind]) for name, kind in COLUMNS.items()}
        ),
        output,
    )
