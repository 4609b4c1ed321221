"""`leadcast score`: every lead open at T, scored by one model, to a CSV or Parquet file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    accept_rejected_option,
    as_of_option,
    data_argument,
    ending_in,
    engine_option,
    json_option,
    model_option,
    parts_option,
)
from cli.shown.output import echo, echo_next, echo_table, echo_warnings, print_json, readable_time
from cli.shown.progress import progress_bar
from history.base.warnings import Warning, json_of

if TYPE_CHECKING:
    from cli.folder.scored import Scored
    from models.bundle import Bundle

MOST_DRIFTS = 5  # lines on the terminal; --json has them all
MOST_DIGITS = 5


class ReasonCount(click.ParamType[int | None]):
    """A number of reasons, or `all`, which is None."""

    name = "K|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "all":
            return None
        if isinstance(value, int) or (str(value).isdecimal() and len(str(value)) <= MOST_DIGITS):
            return int(value)
        return self.fail(f"{value!r} is neither a whole number of at least 0 nor `all`", param, ctx)


@click.command()
@data_argument
@as_of_option()
@model_option
@click.option(
    "--reasons",
    type=ReasonCount(),
    default="5",
    show_default=True,
    metavar="K|all",
    help="Reasons for each lead: the K strongest, or all.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    callback=ending_in(".csv", ".parquet"),
    help="The .csv or .parquet file to write; optional with --top.",
)
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", help="Print the N best leads, with their first reason."
)
@click.option(
    "--columns",
    metavar="A,B",
    default="",
    help="Columns of `leads` to add to the file, with their values at T.",
)
@accept_rejected_option
@engine_option("Who computes features and scores:")
@parts_option
@json_option
def score(
    data: Path, output: Path | None, top: int | None, reasons: int | None, as_json: bool, **options: Any
) -> None:
    """Scores every lead of DATA that is open at T, best first.

    \b
    Examples:
      leadcast score crm --output scores.csv
      leadcast score crm --top 20
      leadcast score crm --columns city,owner --output scores.csv
      leadcast score crm --as-of 2026-03-01 --reasons all --output scores.parquet
      leadcast score crm --engine processes --output scores.csv
      leadcast score crm --model 3 --output old-model.csv --json
    """
    from cli.folder.reading import echo_reports
    from cli.folder.scored import ScoreOptions, scored
    from cli.model_choice import model as find_model
    from engines.choice import open_engine

    if output is None and top is None:
        raise click.UsageError("give --output FILE, --top N or both")
    with open_engine(options.pop("engine")) as engine, progress_bar() as report:
        report("loading the model", 0.0)
        bundle = find_model(options.pop("model"))
        result = scored(
            bundle,
            data,
            ScoreOptions(reasons=reasons, top=top or 0, output=output, **options),
            engine,
            report,
        )

    echo_reports(result.reports)
    echo_warnings(json_of(with_fewer_drifts(result.warnings)))
    best = best_of(result.best)
    echo_best(best, bundle.config.currency)
    summary = _summary(result, bundle, output)
    written = "" if output is None else f" Written to {output}"
    echo(
        f"{summary['leads']:,} leads open at {readable_time(result.as_of_us)} scored by version {bundle.version}: "
        f"{summary['expected_wins']:.1f} wins expected within {bundle.config.horizon_days} days.{written}"
    )
    echo_next("forecast", data, "--output", "forecast.csv")
    if as_json:
        ranked = {"top": best} if top else {}
        print_json({**summary, **ranked, "warnings": json_of(result.warnings)})


def best_of(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first scores in the words of a list: rank, name, grade, figures, first reason."""
    names = ("rank", "lead_id", "name", "stage", "grade", "probability", "expected_revenue")
    return [
        {
            **{name: record[name] for name in names},
            "reason": record["reasons"][0]["label"] if record["reasons"] else None,
        }
        for record in records
    ]


def echo_best(best: list[dict[str, Any]], currency: str | None) -> None:
    """Prints the ranked list for people."""
    if not best:
        return
    header = (
        "",
        "lead",
        "id",
        "stage",
        "grade",
        "chance",
        f"expected {currency or 'revenue'}",
        "first reason",
    )
    rows = []
    for lead in best:
        revenue = lead["expected_revenue"]
        rows.append(
            (
                lead["rank"],
                lead["name"] or lead["lead_id"],
                lead["lead_id"],
                lead["stage"],
                lead["grade"],
                f"{lead['probability']:.0%}",
                None if revenue is None else f"{revenue:,.0f}",
                lead["reason"],
            )
        )
    echo_table(header, rows)


def with_fewer_drifts(warnings: list[Warning]) -> list[Warning]:
    """The warnings for the terminal: the MOST_DRIFTS largest drifts, then the number of the others."""
    drifts = [warning for warning in warnings if warning.code == "drift"]
    if len(drifts) <= MOST_DRIFTS:
        return warnings
    rest = Warning("drift", "", f"{len(drifts) - MOST_DRIFTS} more features differ; --json lists them all")
    others = [warning for warning in warnings if warning.code != "drift"]
    return [*others, *drifts[:MOST_DRIFTS], rest]


def _summary(result: "Scored", bundle: "Bundle", output: Path | None) -> dict[str, Any]:
    import numpy as np

    from history.text.times import format_time
    from models.scores.scores import STATUS

    revenue = result.expected_revenue[~np.isnan(result.expected_revenue)]
    return {
        "output": None if output is None else str(output),
        "model_version": bundle.version,
        "as_of": format_time(result.as_of_us),
        "leads": len(result.probability),
        "expected_wins": float(result.probability.sum()),
        "expected_revenue": float(revenue.sum()) if len(revenue) else None,
        "currency": bundle.config.currency,
        "horizon_days": bundle.config.horizon_days,
        "status": {name: int((result.status == code).sum()) for code, name in enumerate(STATUS)},
    }
