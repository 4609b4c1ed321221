"""`leadcast simulate` and `leadcast check`: data to try things on, and whether your own can be used."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import data_argument, in_a_folder, json_option, now_us
from cli.output import emit, say, say_warnings, when
from cli.progress import progress

if TYPE_CHECKING:
    from history.folder.rules import RejectedRow
    from history.history import History, Rejected


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
@click.option("--leads", type=int, default=4000, show_default=True, metavar="N", help="How many leads.")
@click.option("--months", type=int, default=18, show_default=True, metavar="M", help="Over how many months.")
@click.option("--end", type=Day(), default=None, help="The last day of the data (default: 2026-06-30).")
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="S", help="Another seed, another CRM."
)
@click.option(
    "--leak", is_flag=True, help="Plant columns that know the outcome, to try the leakage audit on."
)
@json_option
def simulate(out: Path, leads: int, months: int, as_json: bool, **options: Any) -> None:
    """Writes a synthetic CRM into the folder OUT, with the truth of each lead in OUT/truth.

    \b
    Examples:
      leadcast simulate crm
      leadcast simulate big --leads 100000 --months 36 --end 2026-03-31 --seed 7
      leadcast simulate leaky --leak
    """
    from simulation.simulate import simulate as write

    with progress() as tell:
        write(out, leads=leads, months=months, progress=tell, **options)
    tables = sorted(path.name for path in out.iterdir() if path.is_file())
    say(
        f"{leads:,} leads over {months} months written to {out}: {', '.join(tables)}; the truth is in {out}/truth"
    )
    if as_json:
        emit({"folder": str(out), "leads": leads, "months": months, "files": tables})


@click.command()
@data_argument
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    callback=in_a_folder,
    metavar="FILE",
    help="Write every row that was set aside, as CSV.",
)
@json_option
def check(data: Path, rejected: Path | None, as_json: bool) -> None:
    """Validates DATA, audits it for leakage, prints what was inferred.

    \b
    Examples:
      leadcast check crm
      leadcast check crm --rejected rejected.csv
      leadcast check crm --json
    """
    from history.read import format_time, read_folder
    from training.audit.audit import audit
    from training.audit.misread_kinds import misread

    rows: list[RejectedRow] | None = None if rejected is None else []
    with progress() as tell:
        tell("reading the data", 0.0)
        history = read_folder(data, now_us=now_us(), rejected=rows)
        tell("looking at the columns", 0.5)
        inferred = what_was_inferred(history)
        tell("auditing for leakage", 0.6)
        warnings = [*audit(history), *misread(history), *_undecided(history)]
    if rejected is not None:
        _write_rejected(rows or [], rejected)
    _tell(history, inferred, warnings)
    if as_json:
        emit(
            {
                "tables": {name: _counts(report) for name, report in history.reports.items()},
                "inferred": inferred,
                "warnings": warnings,
                "as_of": format_time(history.as_of_us),
            }
        )


def _undecided(history: "History") -> list[dict[str, Any]]:
    """A warning where no outcome is left: such data can be scored and counted, and teaches nothing."""
    if len(history.outcomes.time_us):
        return []
    rows = history.reports["outcomes"].rows if "outcomes" in history.reports else 0
    why = f"all {rows:,} rows were set aside" if rows else "nothing is decided"
    detail = f"{why}: no model can be trained on this data"
    return [{"code": "no_outcomes", "subject": "outcomes", "detail": detail}]


def what_was_inferred(history: "History") -> dict[str, Any]:
    """The configuration that nobody gave, and the kind of each attribute as training would read it."""
    from features.vocabulary import learn
    from history.config import to_dict
    from history.snapshot import all_leads

    config = to_dict(history.config)
    vocabulary, _ = learn(all_leads(history, history.as_of_us))
    kinds = {attribute.name: attribute.kind for attribute in vocabulary.attributes}
    return {
        "as_of": "the latest time in the data that is not after now",
        **{key: config[key] for key in history.config.inferred if key in config},
        "attributes": {k: v for k, v in kinds.items() if k not in history.config.attribute_types},
        "dropped": dict(vocabulary.dropped),
    }


def _counts(report: Any) -> dict[str, Any]:
    def by_rule(found: "tuple[Rejected, ...]") -> dict[str, Any]:
        return {r.rule: {"count": r.count, "first": list(r.first)} for r in found}

    return {"rows": report.rows, "rejected": by_rule(report.rejected), "flagged": by_rule(report.flagged)}


def _write_rejected(rows: "list[RejectedRow]", output: Path) -> None:
    import pyarrow as pa

    from history.atomic_file import write_table

    columns = {
        "table": pa.array([r.table for r in rows], pa.string()),
        "row": pa.array([r.row for r in rows], pa.int64()),
        "rule": pa.array([r.rule for r in rows], pa.string()),
        "text": pa.array([r.text for r in rows], pa.string()),
    }
    write_table(pa.table(columns), output)
    say(f"{len(rows):,} rows that were set aside are in {output}")


def _tell(history: "History", inferred: dict[str, Any], warnings: list[dict[str, Any]]) -> None:
    from cli.reading import say_set_aside

    say(f"as of {when(history.as_of_us)}: {len(history):,} leads")
    for name, report in history.reports.items():
        aside = sum(r.count for r in report.rejected)
        say(f"  {name}: {report.rows:,} rows, {aside:,} set aside")
    say_set_aside(history)
    say("inferred:")
    for key, value in inferred.items():
        shown = [f"{k} {v}" for k, v in value.items()] if isinstance(value, dict) else value
        say(f"  {key}: {(', '.join(shown) or 'none') if isinstance(shown, list) else shown}")
    say_warnings(warnings)
    say("the data can be used" + (f"; warnings: {len(warnings)}" if warnings else ""))
