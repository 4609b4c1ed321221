"""`leadcast import`: another system's export becomes a data folder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import in_a_folder, json_option, now_us
from cli.shown.output import echo, echo_next, echo_table, print_json
from cli.shown.progress import progress_bar

if TYPE_CHECKING:
    from connectors.run import Imported

SYSTEMS = (
    "amplitude",
    "dynamics",
    "ga4",
    "hubspot",
    "marketo",
    "odoo",
    "pardot",
    "pipedrive",
    "salesforce",
    "segment",
    "mapping",
)  # those of connectors.run, which --help does not load
SHOWN_REASONS = 20
SHOWN_FILES = 40  # more are shown by kind


@click.command("import")
@click.argument("system", type=click.Choice(SYSTEMS, case_sensitive=False), metavar="SYSTEM")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="The data folder to write.",
)
@click.option(
    "--object", "object_name", metavar="NAME", help="What a lead is: deal, lead or person, by system."
)
@click.option("--won", multiple=True, metavar="NAME", help="A stage or event that means a win; repeatable.")
@click.option("--lost", multiple=True, metavar="NAME", help="A stage or event that means a loss; repeatable.")
@click.option(
    "--lead",
    multiple=True,
    metavar="NAME",
    help="An event that makes a person a lead, in place of the system's rule; repeatable.",
)
@click.option(
    "--stage", "stages", multiple=True, metavar="NAME", help="An event that is a stage; repeat in order."
)
@click.option(
    "--pipeline",
    metavar="NAME",
    help="Keep the deals of this pipeline, by its name or id (Salesforce: record type, Odoo: sales team).",
)
@click.option(
    "--currency", metavar="CODE", help="Keep the amounts of this currency, where the export has no rates."
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    callback=in_a_folder,
    metavar="FILE",
    help="A TOML file: [formats] and [funnel] timezone where the export leaves them open; all tables for `mapping`.",
)
@json_option
def import_(
    system: str, sources: tuple[Path, ...], output: Path, mapping: Path | None, as_json: bool, **options: Any
) -> None:
    """Turns the export of another system into a data folder: CSV, JSON, workbooks, warehouse tables.

    SYSTEM is the system that wrote the export, or mapping for any other. SOURCE are files or folders; what each is
    follows from its columns. Importing again into the same DATA adds what is new. DATA/import.json accounts for every
    row: used, or set aside for a reason.

    \b
    Examples:
      leadcast import salesforce export --output crm
      leadcast import salesforce opportunities.csv history.csv tasks.csv --output crm
      leadcast import salesforce report.xlsx --output crm --won Signed --lost Dropped
      leadcast import hubspot export --output crm --pipeline "Sales Pipeline"
      leadcast import pardot export --output crm
      leadcast import segment calls.jsonl.gz --output crm --won "Order Completed" --stage "Trial Started"
      leadcast import mapping answers.json --mapping map.toml --output crm
    """
    from zoneinfo import ZoneInfo

    from connectors.reading.options import ReadOptions
    from connectors.run import run_import

    read = ReadOptions(
        now_us=now_us(),
        zone=ZoneInfo("UTC"),
        currency=options["currency"],
        object=options["object_name"],
        won=options["won"],
        lost=options["lost"],
        lead=options["lead"],
        stages=options["stages"],
        pipeline=options["pipeline"],
    )
    with progress_bar() as report:
        imported = run_import(system, sources, output, read, report, mapping)

    _echo_result(imported, output)
    if as_json:
        print_json(
            {**imported.record, "folder": str(output), "rows": imported.rows, "new_rows": imported.new_rows}
        )


def _echo_result(imported: "Imported", output: Path) -> None:
    record = imported.record
    for what in record["lacks"]:
        echo(f"This export has {what}")
    echo_table(("file", "kind", "rows", "used"), _shown_sources(record["sources"]))
    reasons = [(reason, entry) for s in record["sources"] for reason, entry in s["set_aside"].items()]
    if len(reasons) > SHOWN_REASONS:
        reasons = _by_reason(reasons)
    for _, entry in reasons[:SHOWN_REASONS]:
        echo(f"set aside {entry['count']:,}, the first: {entry['first']}")
    if len(reasons) > SHOWN_REASONS:
        echo(f"... and {len(reasons) - SHOWN_REASONS} more reasons in {output}/import.json")
    if record["unclaimed"]:
        echo(f"not a table of {record['system']}: {', '.join(record['unclaimed'])}")
    for note in record["notes"]:
        echo(note)
    for kind, names in record["ignored"].items():
        echo(
            f"{kind}: not learned, since these columns hold today's value or the outcome: {', '.join(names)}"
        )
    written = ", ".join(f"{rows:,} {name}" for name, rows in imported.rows.items())
    added = ", ".join(f"{rows:,} {name}" for name, rows in imported.new_rows.items() if rows) or "nothing"
    echo(f"{output}: {written}; new: {added}")
    echo_next("train", output)


def _shown_sources(sources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, int, int]]:
    """Name, kind, rows read and used of each file; of many files one row a kind."""
    if len(sources) <= SHOWN_FILES:
        yield from ((s["file"], s["kind"], s["rows_read"], s["rows_used"]) for s in sources)
        return
    for kind in dict.fromkeys(source["kind"] for source in sources):
        files = [source for source in sources if source["kind"] == kind]
        rows, used = (sum(source[name] for source in files) for name in ("rows_read", "rows_used"))
        yield files[0]["file"] if len(files) == 1 else f"{len(files):,} files", kind, rows, used


def _by_reason(entries: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """One entry for each reason, over all files."""
    totals: dict[str, dict[str, Any]] = {}
    for reason, entry in entries:
        total = totals.setdefault(reason, {"count": 0, "first": entry["first"]})
        total["count"] += entry["count"]
    return list(totals.items())
