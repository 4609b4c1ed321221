"""`leadcast funnel`: the state and flow of the funnel, as a table for people, JSON, or a file."""

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import (
    as_of_us,
    data_argument,
    emit,
    home,
    json_option,
    now_us,
    progress,
    say,
    say_table,
    say_warnings,
)
from cli.snapshots import keep, snapshot_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from features.event_log import History
    from funnel.flow import FunnelAsked
    from models.bundle import Bundle

ENDINGS = (".json", ".csv", ".parquet")
MOST_ATTENTION = 10_000


def output_path(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """An output of a known ending, in a folder that exists."""
    if value is None:
        return None
    if value.suffix.lower() not in ENDINGS:
        raise click.BadParameter(f"{value}: end it in {', '.join(ENDINGS)}")
    if not value.absolute().parent.is_dir():
        raise click.BadParameter(f"{value}: there is no folder {value.absolute().parent}")
    return value


def report_path(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """A page that ends in .html, in a folder that exists."""
    if value is not None and value.suffix.lower() != ".html":
        raise click.BadParameter(f"{value}: end it in .html")
    if value is not None and not value.absolute().parent.is_dir():
        raise click.BadParameter(f"{value}: there is no folder {value.absolute().parent}")
    return value


@click.command()
@data_argument
@click.option("--as-of", metavar="T", help="Stand at this date or time (default: the latest in the data).")
@click.option("--from", "start", metavar="D", help="The period's first instant (default: the first lead).")
@click.option("--to", "end", metavar="D", help="The period's end, exclusive (default: up to and with T).")
@click.option(
    "--by", metavar="COLUMN", help="Also by this column of the leads: owner, source, any attribute."
)
@click.option(
    "--since", metavar="T", help="Show where the leads of this date are now (default: 30 days before T)."
)
@click.option(
    "--attention",
    type=click.IntRange(0, MOST_ATTENTION),
    metavar="N",
    help="How many of the leads that need attention to list, most valuable first (default: 20).",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    callback=output_path,
    metavar="FILE",
    help="Write everything as .json, or the table of stages as .csv or .parquet.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    callback=report_path,
    metavar="FILE.html",
    help="Write a page with the pictures, which needs no network.",
)
@snapshot_option
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
    from funnel.snapshots import of_funnel

    with progress() as tell:
        tell("reading the data", 0.0)
        history, asked = read(data, options)
        tell("counting", 0.6)
        bundle, notes = champion()
        state = state_of(history, asked, bundle, notes)
        tell("writing", 0.9)
        written = _write_files(state, output, options["report"])
    from cli.model_data import say_set_aside

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
        version = None if bundle is None else bundle.version
        keep(of_funnel(state, history.config, {**given, "model_version": version}))
    if as_json:
        emit(state)


def state_of(
    history: "History", asked: "FunnelAsked", bundle: "Bundle | None", notes: list[dict[str, Any]]
) -> dict[str, Any]:
    """The funnel's state with what the model, where there is one, says of leads and owners."""
    from funnel.chances import chances_of, owners
    from funnel.flow import funnel_state

    chances = None if bundle is None else chances_of(bundle, history)
    state = funnel_state(history, asked, chances)
    state["warnings"] += notes
    state["owners"] = [] if bundle is None else owners(bundle, history, asked.from_us)
    return state


def champion() -> "tuple[Bundle | None, list[dict[str, Any]]]":
    """The promoted model, which lets leads be ranked and owners be compared; without one, or with a damaged
    one, neither is.
    """
    from features.errors import DamagedArtifact
    from models.pointer import load_champion, read_pointer

    try:
        pointer = read_pointer(home())
        return (None if pointer is None else load_champion(pointer)), []
    except DamagedArtifact as error:
        return None, [{"code": "model_refused", "subject": "", "detail": str(error)}]


def _write_files(state: dict[str, Any], output: Path | None, report: Path | None) -> list[Path]:
    if output is not None:
        write(state, output)
    if report is not None:
        from funnel.figures import report_page

        write_text(report_page(state), report)
    return [path for path in (output, report) if path is not None]


def read(data: Path, options: "Mapping[str, Any]") -> "tuple[History, FunnelAsked]":
    """The folder's history at --as-of under its own configuration, and what is asked, dates in its time zone."""
    from features.config import load_config
    from features.history import read_folder
    from funnel.attention import SHOWN_LEADS
    from funnel.flow import FunnelAsked

    zone = load_config(data).zone
    at, start, end, since = (as_of_us(options.get(k), zone) for k in ("as_of", "start", "end", "since"))
    history = read_folder(data, as_of_us=at, now_us=now_us())
    listed = options.get("attention")
    shown = SHOWN_LEADS if listed is None else listed
    return history, FunnelAsked(start, end, options.get("by"), since, shown)


def write(state: dict[str, Any], output: Path) -> None:
    """The state as JSON, or its stages as a table, by the ending; whole or not at all."""
    if output.suffix.lower() == ".json":
        write_text(json.dumps(state, ensure_ascii=False, allow_nan=False, indent=1) + "\n", output)
        return
    import pyarrow as pa

    from cli.table_file import write_table
    from funnel.flow_table import COLUMNS, stage_rows

    kinds = {"text": pa.string(), "count": pa.int64(), "number": pa.float64()}
    rows = stage_rows(state)
    write_table(
        pa.table(
            {name: pa.array([row[name] for row in rows], kinds[kind]) for name, kind in COLUMNS.items()}
        ),
        output,
    )


def write_text(text: str, output: Path) -> None:
    """Writes beside `output` and renames."""
    descriptor, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.absolute().parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def tell_state(state: dict[str, Any]) -> None:
    """The state for people, on stderr; that of a snapshot lists no leads."""
    unit = state["currency"] or ""
    say(f"{state['funnel']} as of {state['as_of']}, from {state['from']} to {state['to']}")
    for block in (state["total"], *state["groups"]):
        if "group" in block:
            say()
            say(f"{state['by']}: {'(none)' if block['group'] is None else block['group']}")
        _tell_block(block, unit)
    _tell_moves(state["moves"])
    _tell_leaks(state, unit)
    broken = state["reconciliation"]["broken"]
    for check in broken:
        say(f"does not add up: {check['check']}: {check['left']} and {check['right']}")


def _tell_moves(moves: dict[str, Any]) -> None:
    """A row a place of the earlier date, a column a place now; who was closed at both is left out."""
    from funnel.moves import moved, place_name

    nodes = moves["nodes"]
    links = {(link["source"], link["target"]): link["leads"] for link in moved(moves)}
    rows, columns = sorted({i for i, _ in links}), sorted({j for _, j in links})
    if links:
        say(f"leads by where they were at {moves['since']} (down) and are now (across):")
        say_table(
            ("", *(place_name(nodes[j]) for j in columns)),
            [(place_name(nodes[i]), *(links.get((i, j), 0) for j in columns)) for i in rows],
        )


def _tell_leaks(state: dict[str, Any], unit: str) -> None:
    leaks, urgent = state["leaks"], state["attention"]
    if leaks["found"]:
        say(f"leaks, {len(leaks['found'])} of {leaks['tested']} tests:")
    for leak in leaks["found"]:
        say(
            f"  {leak['kind']}: {leak['sentence']} (expected revenue lost: {_number(leak['lost_revenue'])} {unit})"
        )
    listed = urgent.get("list", [])
    if urgent["leads"]:
        shown = len(listed)
        first = f"; the {shown:,} most valuable:" if shown < urgent["leads"] else ":"
        say(f"{urgent['leads']:,} open leads need attention{first if shown else ''}")
    for lead in listed:
        say(f"  {lead['lead_id']}: {'; '.join(reason['sentence'] for reason in lead['reasons'])}")
    if state["owners"]:
        say("owners: wins against what their leads promised when they got them")
        say_table(
            ("owner", "leads", "won", "promised", "80 % from", "to"),
            [
                [o[k] for k in ("owner", "leads", "won", "promised", "promised_low", "promised_high")]
                for o in state["owners"]
            ],
        )
    if state["economics"] is not None:
        total = state["economics"]["total"]
        say(
            f"cost {_number(total['cost'])}{unit and ' ' + unit}: {_number(total['cost_per_lead'])} a lead, "
            f"{_number(total['cost_per_deal'])} a deal, paid back in {_number(total['payback_days'])} days"
        )


def _tell_block(block: dict[str, Any], unit: str) -> None:
    flow, deals, days = block["flow"], block["deals"], block["cycle_time_days"]["calendar"]
    say(
        f"entered {flow['entered']:,}, reopened {flow['reopened']:,}, won {deals['won']:,}, lost {deals['lost']:,}, "
        f"open at the end {flow['open_at_end']:,}"
    )
    say(
        f"win rate {_share(deals['win_rate'])}, average deal {_number(deals['average_deal'])} {unit}, "
        f"revenue {_number(deals['revenue'])} {unit}, cycle time {_number(days['median'])} days (median), "
        f"velocity {_number(block['velocity']['revenue_per_day'])} {unit} a day"
    )
    say_table(
        ("stage", "entries", "now", "on", "back", "won", "lost", "onward", "to win", "median days"),
        [
            (
                s["stage"] or "(before the first)",
                *(s["ledger"][k] for k in ("entries", "there_now", "moved_on", "moved_back", "won", "lost")),
                _share(s["conversion"]["onward"]["rate"]),
                _share(s["conversion"]["win"]["rate"]),
                _number(s["days_in_stage"]["median"]),
            )
            for s in block["stages"]
        ],
    )
    for target in block["targets"]:
        _tell_target(target)


def _tell_target(target: dict[str, Any]) -> None:
    what = target["measure"] + (f" {target['stage']}" if target["stage"] else "")
    since = f", missed since {target['missed_since'][:7]}" if target["missed_since"] else ""
    say(f"target {what}: {target['target']:g}, actual {_number(target['actual'])}{since}")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
