"""`leadcast score`: every lead open at T, scored by one model, to a CSV or Parquet file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    accept_rejected_option,
    as_of_option,
    data_argument,
    json_option,
    model_option,
    table_option,
)
from cli.output import echo, echo_warnings, print_json, readable_time
from cli.progress import progress_bar
from history.warnings import Warning, json_of

if TYPE_CHECKING:
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
@table_option
@accept_rejected_option
@json_option
def score(data: Path, output: Path, reasons: int | None, as_json: bool, **options: Any) -> None:
    """Scores every lead of DATA that is open at T.

    \b
    Examples:
      leadcast score crm --output scores.csv
      leadcast score crm --as-of 2026-03-01 --reasons all --output scores.parquet
      leadcast score crm --model 3 --output old-model.csv --json
    """
    from cli.model_choice import model as find_model
    from cli.reading import echo_set_aside, read_for
    from history.snapshot import open_leads
    from history.table_file import write_columns
    from models.scorer import score as score_leads
    from models.scores import COLUMN_KINDS, counted_warnings
    from training.drift import drift_warnings

    with progress_bar() as report:
        report("loading the model", 0.0)
        bundle = find_model(options["model"])

        report("reading the data", 0.1)
        history, warnings = read_for(bundle, data, options["as_of"], options["accept_rejected"])

        report("scoring", 0.5)
        scores = score_leads(bundle, open_leads(history, history.as_of_us), reasons)
        warnings += drift_warnings(bundle, history)
        warnings += counted_warnings(scores.warnings)

        report("writing", 0.9)
        write_columns(scores.columns(), COLUMN_KINDS, output)

    echo_set_aside(history)
    echo_warnings(json_of(with_fewer_drifts(warnings)))
    result = _summary(scores, history.as_of_us, output)
    echo(
        f"{len(scores):,} leads open at {readable_time(history.as_of_us)} scored by version {bundle.version}: "
        f"{result['expected_wins']:.1f} wins expected within {scores.horizon_days} days. Written to {output}"
    )
    if as_json:
        print_json({**result, "warnings": json_of(warnings)})


def with_fewer_drifts(warnings: list[Warning]) -> list[Warning]:
    """The warnings for the terminal: the MOST_DRIFTS largest drifts, then the number of the others."""
    drifts = [warning for warning in warnings if warning.code == "drift"]
    if len(drifts) <= MOST_DRIFTS:
        return warnings
    rest = Warning("drift", "", f"{len(drifts) - MOST_DRIFTS} more features differ; --json lists them all")
    others = [warning for warning in warnings if warning.code != "drift"]
    return [*others, *drifts[:MOST_DRIFTS], rest]


def _summary(scores: "Scores", as_of_us: int, output: Path) -> dict[str, Any]:
    import numpy as np

    from history.times import format_time
    from models.scores import STATUS

    revenue = scores.expected_revenue[~np.isnan(scores.expected_revenue)]
    return {
        "output": str(output),
        "model_version": scores.model_version,
        "as_of": format_time(as_of_us),
        "leads": len(scores),
        "expected_wins": float(scores.probability.sum()),
        "expected_revenue": float(revenue.sum()) if len(revenue) else None,
        "currency": scores.currency,
        "horizon_days": scores.horizon_days,
        "status": {name: int((scores.status == code).sum()) for code, name in enumerate(STATUS)},
    }
