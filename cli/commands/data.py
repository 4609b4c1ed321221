"""`leadcast simulate` and `leadcast check`: a synthetic CRM to try, and a report on whether data can be used."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    accept_rejected_option,
    data_argument,
    engine_option,
    in_a_folder,
    json_option,
    parts_option,
)
from cli.shown.output import echo, echo_next, echo_warnings, print_json, readable_time
from cli.shown.progress import progress_bar
from cli.shown.verdict import Verdict, verdict_of
from history.base.progress import part
from history.base.warnings import Warning, json_of

if TYPE_CHECKING:
    from cli.folder.checked import Checked
    from history.folder.rules.row_filter import RejectedRow
    from history.history import History, Rejected, TableReport

READ_AT_ONCE = 0.35  # of the time of a check
AS_LONG_AS_CHECKS = 2e9  # bytes of CSV that are read in parts in that time


class Day(click.ParamType[date]):
    """An ISO date, or a date-time after which nothing happens."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        for read in (date.fromisoformat, datetime.fromisoformat):
            try:
                return read(value)
            except ValueError:
                continue
        return self.fail(f"{value!r} is not an ISO date such as 2026-03-31", param, ctx)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--leads", type=int, default=4000, show_default=True, metavar="N", help="Number of leads.")
@click.option("--months", type=int, default=18, show_default=True, metavar="M", help="Months of history.")
@click.option("--end", type=Day(), default=None, help="Last day of the data (default: 2026-06-30).")
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="S", help="Seed of every random choice."
)
@click.option("--leak", is_flag=True, help="Add columns that leak the outcome, to try the leakage audit.")
@json_option
def simulate(out: Path, leads: int, months: int, as_json: bool, **options: Any) -> None:
    """Writes a synthetic CRM into the folder OUT, with the true win probability of each lead in OUT/truth.

    \b
    Examples:
      leadcast simulate crm
      leadcast simulate big --leads 100000 --months 36 --end 2026-03-31 --seed 7
      leadcast simulate leaky --leak
    """
    from simulation.simulate import simulate as write_crm

    with progress_bar() as report:
        write_crm(out, leads=leads, months=months, progress=report, **options)

    tables = sorted(path.name for path in out.iterdir() if path.is_file())
    names = ", ".join(tables)
    echo(f"{leads:,} leads over {months} months written to {out}: {names}; the truth is in {out}/truth")
    echo_next("check", out)
    if as_json:
        print_json({"folder": str(out), "leads": leads, "months": months, "files": tables})


@click.command()
@data_argument
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    callback=in_a_folder,
    metavar="FILE",
    help="Write every row that was set aside to this CSV file.",
)
@click.option(
    "--fix",
    is_flag=True,
    help="Write guessed column names into DATA/funnel.toml, then check the data with them.",
)
@accept_rejected_option
@engine_option("Who audits the columns for leakage; reading is this process's:")
@parts_option
@json_option
def check(data: Path, rejected: Path | None, fix: bool, as_json: bool, **options: Any) -> None:
    """Validates DATA, looks for columns that leak the outcome, and prints what was inferred.

    \b
    Examples:
      leadcast check crm
      leadcast check crm --rejected rejected.csv
      leadcast check crm --fix
      leadcast check crm --engine processes
      leadcast check crm --json
    """
    if fix:
        _write_guesses(data)
    from cli.folder.checked import checked
    from cli.folder.parts import parts_of, reading_share
    from engines.choice import open_engine
    from funnel.recording import known_leads, recording_warnings
    from history.folder.rules.acceptance import require_acceptable
    from training.audit.audit import audit
    from training.audit.misread_kinds import misread

    rejected_rows: list[RejectedRow] | None = None if rejected is None else []
    n_parts = parts_of(data, options["parts"])
    with open_engine(options["engine"]) as workers, progress_bar() as report:
        reading = reading_share(data, n_parts, READ_AT_ONCE, AS_LONG_AS_CHECKS)
        result = checked(data, n_parts, rejected_rows, part(report, 0.0, reading))
        history = result.history

        rest = part(report, reading, 1.0)
        rest("reading the columns", 0.0)
        inferred = inferred_settings(history)

        rest("auditing for leakage", 0.3)
        none_decided = [] if result.states["won"] or result.states["lost"] else _no_outcomes(history)
        recording = recording_warnings(known_leads(history, history.as_of_us))
        warnings = json_of(
            [*result.warnings, *audit(history, workers), *misread(history), *none_decided, *recording]
        )

    if rejected is not None:
        _write_rejected(rejected_rows or [], rejected)
    _echo_result(result, inferred, warnings)
    verdict = verdict_of(result.states, warnings, data)
    if as_json:
        print_json(_document(result, inferred, warnings, verdict))
    if not options["accept_rejected"]:
        require_acceptable(history.reports)
    for line in verdict.lines():
        echo(line)


def _document(
    result: "Checked", inferred: Mapping[str, Any], warnings: Sequence[Mapping[str, Any]], verdict: Verdict
) -> dict[str, Any]:
    from history.read import format_time

    history = result.history
    document = {
        "tables": {name: _table_record(report) for name, report in history.reports.items()},
        "inferred": inferred,
        "warnings": warnings,
        "as_of": format_time(history.as_of_us),
        "verdict": verdict.to_dict(),
    }
    return {**document, "audited_leads": len(history)} if result.is_sample else document


def _write_guesses(data: Path) -> None:
    """Writes the guessed columns of the folder into its funnel.toml."""
    from history.config.file import load_config
    from history.folder.tables.column_guesses import toml_lines, write_columns
    from history.folder.tables.files import guess_columns

    guesses = guess_columns(data, load_config(data))
    lines = toml_lines(guesses)
    if not lines:
        echo("no column needs another name: funnel.toml is unchanged")
        return
    try:
        write_columns(data, guesses)
    except ValueError as error:
        raise click.ClickException(f"{error}. Add these lines by hand:\n" + "\n".join(lines)) from None
    echo(f"written into {data / 'funnel.toml'}:")
    for line in lines:
        echo(f"  {line}")


def _no_outcomes(history: "History") -> list[Warning]:
    """A warning if no outcome is left: such data can be scored and counted, but no model can be trained."""
    if len(history.decisions.time_us):
        return []
    rows = history.reports["outcomes"].rows if "outcomes" in history.reports else 0
    cause = f"all {rows:,} rows were set aside" if rows else "no lead is decided"
    detail = f"{cause}: no model can be trained on this data"
    return [Warning("no_outcomes", "outcomes", detail)]


def inferred_settings(history: "History") -> dict[str, Any]:
    """The configuration that funnel.toml leaves open, and each attribute's kind as training would read it."""
    from features.attributes.kinds import Reading, words_for
    from features.vocabulary import learn
    from history.config.config import to_dict
    from history.snapshot import all_leads

    config = to_dict(history.config)
    vocabulary, _ = learn(all_leads(history, history.as_of_us))
    kinds = {
        attribute.name: attribute.kind
        for attribute in vocabulary.attributes
        if attribute.name not in history.config.attribute_types
    }
    written = {
        attribute.name: words_for(Reading(attribute.kind, attribute.form))
        for attribute in vocabulary.attributes
        if attribute.form
    }
    return {
        "as_of": "the end of the data: its latest time that is not after now, late rows left out",
        **{key: config[key] for key in history.config.inferred if key in config},
        "attributes": kinds,
        "written": written,
        "identity": dict(vocabulary.identity),
        "display": _guessed_display(history),
        "dropped": dict(vocabulary.dropped),
    }


def _guessed_display(history: "History") -> dict[str, str]:
    """What people see of a lead, as far as `[display]` leaves it open: setting -> columns in order of preference."""
    from history.config.display import display_of

    display = display_of(history.config.display, tuple(history.attributes))
    templates = {
        "name": display.names,
        "detail": tuple(" or ".join(group) for group in display.details),
        "email": display.emails,
        "phone": display.phones,
    }
    separators = {"detail": ", "}
    return {name: separators.get(name, " or ").join(templates[name]) for name in display.guessed}


def _table_record(report: "TableReport") -> dict[str, Any]:
    return {
        "rows": report.rows,
        "rejected": _by_rule(report.rejected),
        "flagged": _by_rule(report.flagged),
    }


def _by_rule(rules: "Iterable[Rejected]") -> dict[str, Any]:
    return {rule.rule: {"count": rule.count, "first": list(rule.first)} for rule in rules}


def _write_rejected(rows: "Sequence[RejectedRow]", output: Path) -> None:
    from history.base.table_file import COUNT, TEXT, write_columns

    kinds = {"table": TEXT, "row": COUNT, "rule": TEXT, "text": TEXT}
    columns = {name: [getattr(row, name) for row in rows] for name in kinds}
    write_columns(columns, kinds, output)
    echo(f"{len(rows):,} rows that were set aside are in {output}")


def _echo_result(
    result: "Checked", inferred: Mapping[str, Any], warnings: Sequence[Mapping[str, Any]]
) -> None:
    from cli.folder.reading import echo_set_aside

    history = result.history
    echo(f"as of {readable_time(history.as_of_us)}: {result.leads:,} leads")
    if result.is_sample:
        echo(
            f"  settings are inferred, and columns audited, from {len(history):,} of these leads, drawn by their ids: "
            "more do not fit into memory"
        )
    for name, report in history.reports.items():
        count = sum(rule.count for rule in report.rejected)
        echo(f"  {name}: {report.rows:,} rows, {count:,} set aside")
    echo_set_aside(history)
    echo("inferred:")
    for key, value in inferred.items():
        echo(f"  {key}: {_setting_text(value)}")
    echo_warnings(warnings)


def _setting_text(value: object) -> object:
    if isinstance(value, dict):
        value = [f"{name} ({why})" if " " in str(why) else f"{name} {why}" for name, why in value.items()]
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return value
