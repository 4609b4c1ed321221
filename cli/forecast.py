"""`leadcast forecast`: wins and revenue of the coming calendar periods, with intervals, to a CSV or
Parquet file.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.archive import keep
from cli.options import (
    as_of_option,
    as_of_us,
    by_option,
    data_argument,
    json_option,
    model_option,
    no_snapshot_option,
    periods_options,
    refuse_unused,
    report_option,
    since_option,
    table_option,
)
from cli.output import emit, say, say_warnings
from cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funnel.forecast.forecast import Forecast
    from models.bundle import Bundle

COUNTS = {"already_won"}
TEXTS = {"period_start", "period_end", "group", "interval_basis", "currency"}


@click.command()
@data_argument
@as_of_option()
@model_option
@periods_options("Calendar periods.", "How many (default: three months of them).")
@by_option("One row a period and value of stage, owner, source or any attribute.")
@click.option(
    "--explain", is_flag=True, help="Show the arithmetic: leads, stages, sources, and what changed."
)
@since_option("With --explain or --report: what changed since then (default: one period earlier).")
@report_option("Write a page with the pictures.")
@table_option
@no_snapshot_option
@json_option
def forecast(data: Path, as_of: str | None, model: str, as_json: bool, **options: Any) -> None:
    """Forecasts wins and revenue of DATA for the calendar periods from the one that contains T.

    \b
    Examples:
      leadcast forecast crm --output forecast.csv
      leadcast forecast crm --period week --periods 8 --by owner --output forecast.csv
      leadcast forecast crm --explain --report forecast.html --output forecast.parquet --json
    """
    if not options["explain"] and options["report"] is None:
        refuse_unused("with --explain or --report", "since")
    from cli.model_choice import model as find_model
    from cli.reading import read_for, say_set_aside
    from funnel.archive import of_forecast
    from funnel.forecast.forecast import Asked
    from funnel.forecast.forecast import forecast as run

    with progress() as tell:
        tell("loading the model", 0.0)
        bundle = find_model(model)
        since = as_of_us(options["since"], bundle.config.zone, "--since")
        tell("reading the data", 0.1)
        history, warnings = read_for(bundle, data, as_of)
        tell("forecasting", 0.4)
        asked = Asked(options["period"], options["periods"], options["by"])
        made = run(bundle, history, asked)
        result = told(made, bundle, warnings)
        if options["explain"] or options["report"] is not None:
            from funnel.forecast.explain import explained

            tell("explaining", 0.7)
            result["explain"] = explained(bundle, history, asked, made, since)
        tell("writing", 0.9)
        _write_files(made, result, options)
    say_set_aside(history)
    _tell(result, options)
    if not options["no_snapshot"]:
        given = {name: options[name] for name in ("period", "periods", "by", "since")}
        keep(of_forecast(result, bundle.config, given))
    if as_json:
        emit({"output": str(options["output"]), **result})


def told(made: "Forecast", bundle: "Bundle", warnings: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer with its currency, and the warnings of the reading with those of the forecast."""
    from funnel.forecast.forecast import answer
    from funnel.forecast.warnings import notes

    return {**answer(made), "currency": made.currency, "warnings": warnings + notes(made, bundle)}


def _write_files(made: "Forecast", result: dict[str, Any], options: "Mapping[str, Any]") -> None:
    _write_table(made, options["output"])
    if options["report"] is not None:
        from funnel.forecast.figures import report_page
        from history.atomic_file import write_text

        write_text(report_page(result), options["report"])


def _tell(result: dict[str, Any], options: "Mapping[str, Any]") -> None:
    from cli.forecast_text import tell_explained, tell_periods

    say_warnings(result["warnings"])
    tell_periods(result)
    if options["explain"]:
        tell_explained(result["explain"])
    say(f"written to {options['output']}" + (f" and {options['report']}" if options["report"] else ""))


def _write_table(made: "Forecast", output: Path) -> None:
    """The forecast file: the contract's columns in its order."""
    import pyarrow as pa

    from funnel.forecast.forecast import COLUMNS, rows
    from history.atomic_file import write_table

    records = rows(made)
    names = [name for name in COLUMNS if name in records[0]]
    kinds = {
        name: pa.string() if name in TEXTS else pa.int64() if name in COUNTS else pa.float64()
        for name in names
    }
    write_table(pa.table({n: pa.array([r[n] for r in records], kinds[n]) for n in names}), output)
