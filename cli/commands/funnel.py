"""`leadcast funnel`: the state and flow of the funnel, as text, JSON, a table or an HTML page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.archive import keep_funnel
from cli.options import (
    accept_rejected_option,
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
from cli.shown.output import echo, echo_next, echo_warnings, print_json
from cli.shown.progress import progress_bar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from funnel.state.state import FunnelOptions

MOST_ATTENTION = 10_000
ARCHIVED_AS = {"from": "start", "to": "end", "by": "by", "since": "since"}


@click.command()
@data_argument
@as_of_option()
@click.option("--from", "start", metavar="D", help="Start of the period (default: the first lead).")
@click.option("--to", "end", metavar="D", help="End of the period, exclusive (default: T, inclusive).")
@by_option("Report each value of this column too: owner, source or any attribute.")
@since_option("Show which leads of this date have moved where (default: 30 days before T).")
@click.option(
    "--attention",
    type=click.IntRange(0, MOST_ATTENTION),
    metavar="N",
    help="Number of leads to list that need attention, most valuable first (default: 20).",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    callback=ending_in(".json", ".csv", ".parquet"),
    metavar="FILE",
    help="Write the whole report as .json, or the table of stages as .csv or .parquet.",
)
@report_option("Write an HTML page with charts.")
@no_snapshot_option
@accept_rejected_option
@json_option
def funnel(data: Path, output: Path | None, as_json: bool, **options: Any) -> None:
    """Reports the state and flow of the funnel of DATA at T.

    \b
    Examples:
      leadcast funnel crm
      leadcast funnel crm --as-of 2026-03-31 --from 2026-01-01 --by source
      leadcast funnel crm --by owner --since 2026-03-01 --output funnel.csv
      leadcast funnel crm --report funnel.html --json
    """
    from cli.folder.reading import echo_set_aside, read_own
    from cli.model_choice import champion_if_sound
    from cli.shown.funnel_text import echo_state
    from funnel.state.report.report import funnel_report
    from history.config.file import load_config
    from models.inputs import input_warnings

    with progress_bar() as report:
        report("reading the data", 0.0)
        query = _query(options, load_config(data).zone)
        history = read_own(data, options["as_of"], options["accept_rejected"])

        report("counting", 0.42)
        champion = champion_if_sound()
        missing = [] if champion.bundle is None else input_warnings(champion.bundle, history)
        state = funnel_report(history, query, champion.bundle, [*missing, *champion.warnings])

        report("writing", 0.98)
        written = _write_files(state, output, options["report"])

    echo_set_aside(history)
    echo_warnings(state["warnings"])
    echo_state(state)
    for path in written:
        echo(f"written to {path}")
    echo_next("score", data, "--top", "20")
    if not options["no_snapshot"]:
        archived = {key: options[name] for key, name in ARCHIVED_AS.items()}
        keep_funnel(state, history.config, champion.bundle, archived)
    if as_json:
        print_json(state)


def _query(options: Mapping[str, Any], zone: "ZoneInfo") -> "FunnelOptions":
    """The options of the command; dates are read in the funnel's time zone."""
    from funnel.state.attention.attention import SHOWN_LEADS
    from funnel.state.state import FunnelOptions

    attention = options["attention"]
    return FunnelOptions(
        from_us=as_of_us(options["start"], zone, "--from"),
        to_us=as_of_us(options["end"], zone, "--to"),
        by=options["by"],
        since_us=as_of_us(options["since"], zone, "--since"),
        attention=SHOWN_LEADS if attention is None else attention,
    )


def _write_files(state: dict[str, Any], output: Path | None, report: Path | None) -> list[Path]:
    """Writes the files that are asked for; returns their paths."""
    from history.base.atomic_file import write_text

    if output is not None:
        _write_state(state, output)
    if report is not None:
        from funnel.state.report.figures import report_page

        write_text(report_page(state), report)
    return [path for path in (output, report) if path is not None]


def _write_state(state: dict[str, Any], output: Path) -> None:
    """Writes the whole state to a .json file, its stages as a table to any other."""
    from funnel.state.report.table import COLUMNS, columns
    from history.base.atomic_file import write_text
    from history.base.table_file import write_columns

    if output.suffix.lower() == ".json":
        write_text(json.dumps(state, ensure_ascii=False, allow_nan=False, indent=1) + "\n", output)
    else:
        write_columns(columns(state), COLUMNS, output)
