"""`leadcast score`: every lead open at T, scored by one model, to a CSV or Parquet file."""

from difflib import get_close_matches
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
)
from cli.output import echo, echo_next, echo_table, echo_warnings, print_json, readable_time
from cli.progress import progress_bar
from history.base.warnings import Warning, json_of

if TYPE_CHECKING:
    from history.history import History
    from models.presentation import Presented
    from models.scores import Scores

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
    from cli.model_choice import model as find_model
    from cli.reading import echo_set_aside, read_for
    from engines.choice import open_engine
    from history.snapshot import open_leads
    from models.by_parts import score_on
    from models.presentation import present
    from models.scores import counted_warnings
    from training.drift import drift_warnings

    if output is None and top is None:
        raise click.UsageError("give --output FILE, --top N or both")
    with open_engine(options["engine"]) as engine, progress_bar() as report:
        report("loading the model", 0.0)
        bundle = find_model(options["model"])

        report("reading the data", 0.0)
        history, warnings = read_for(bundle, data, options["as_of"], options["accept_rejected"])
        columns = _further_columns(options["columns"], history)

        report("scoring", 0.7)
        snapshot = open_leads(history, history.as_of_us)
        presented = present(score_on(engine, bundle, snapshot, reasons), snapshot, columns)
        scores = presented.scores
        warnings += drift_warnings(bundle, history, engine)
        warnings += counted_warnings(scores.warnings)

        report("writing", 0.9)
        if output is not None:
            _write(presented, output)

    echo_set_aside(history)
    echo_warnings(json_of(with_fewer_drifts(warnings)))
    best = best_of(scores, top or 0)
    echo_best(best, scores.currency)
    result = _summary(scores, history.as_of_us, output)
    written = "" if output is None else f" Written to {output}"
    echo(
        f"{len(scores):,} leads open at {readable_time(history.as_of_us)} scored by version {bundle.version}: "
        f"{result['expected_wins']:.1f} wins expected within {scores.horizon_days} days.{written}"
    )
    echo_next("forecast", data, "--output", "forecast.csv")
    if as_json:
        ranked = {"top": best} if top else {}
        print_json({**result, **ranked, "warnings": json_of(warnings)})


def _further_columns(text: str, history: "History") -> list[str]:
    """The columns of --columns; raises a usage error for one that the folder does not have."""
    from models.scores import COLUMNS

    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [*history.attributes]
    for name in names:
        if name in COLUMNS:
            raise click.BadParameter(f"{name} is a column of every score file", param_hint="--columns")
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'no attributes'}"
            raise click.BadParameter(f"`leads` has no column {name}: {hint}", param_hint="--columns")
    return list(dict.fromkeys(names))


def _write(presented: "Presented", output: Path) -> None:
    from history.base.table_file import TEXT, write_columns
    from models.scores import COLUMN_KINDS

    kinds = {**COLUMN_KINDS, **dict.fromkeys(presented.columns, TEXT)}
    write_columns({**presented.scores.columns(), **presented.columns}, kinds, output)


def best_of(scores: "Scores", count: int) -> list[dict[str, Any]]:
    """The first `count` scores, which are sorted, in the words of a list: rank, name, grade, figures, first reason."""
    import numpy as np

    names = ("rank", "lead_id", "name", "stage", "grade", "probability", "expected_revenue")
    records = scores.take(np.arange(min(count, len(scores)))).records()
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


def _summary(scores: "Scores", as_of_us: int, output: Path | None) -> dict[str, Any]:
    import numpy as np

    from history.text.times import format_time
    from models.scores import STATUS

    revenue = scores.expected_revenue[~np.isnan(scores.expected_revenue)]
    return {
        "output": None if output is None else str(output),
        "model_version": scores.model_version,
        "as_of": format_time(as_of_us),
        "leads": len(scores),
        "expected_wins": float(scores.probability.sum()),
        "expected_revenue": float(revenue.sum()) if len(revenue) else None,
        "currency": scores.currency,
        "horizon_days": scores.horizon_days,
        "status": {name: int((scores.status == code).sum()) for code, name in enumerate(STATUS)},
    }
