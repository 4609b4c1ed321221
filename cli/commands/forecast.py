"""`leadcast forecast`: wins and revenue of the coming calendar periods, with intervals, to a CSV or Parquet file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.archive import keep_forecast
from cli.options import (
    accept_rejected_option,
    as_of_option,
    as_of_us,
    by_option,
    data_argument,
    home,
    json_option,
    model_option,
    no_snapshot_option,
    periods_options,
    refuse_unused,
    report_option,
    since_option,
    table_option,
)
from cli.shown.output import echo, echo_next, echo_warnings, print_json
from cli.shown.progress import progress_bar
from history.base.warnings import Warning, json_of

if TYPE_CHECKING:
    from funnel.forecast.forecast import Forecast
    from models.bundle import Bundle


@click.command()
@data_argument
@as_of_option()
@model_option
@periods_options("Length of a period.", "Number of periods (default: three months of them).")
@by_option("One row for each period and value of this column: stage, owner, source or any attribute.")
@click.option(
    "--explain",
    is_flag=True,
    help="Print what the forecast is made of: leads, stages, sources, changes since an earlier date.",
)
@since_option("With --explain or --report: the earlier date (default: a week before T).")
@report_option("Write an HTML page with charts.")
@table_option
@no_snapshot_option
@accept_rejected_option
@json_option
def forecast(data: Path, as_of: str | None, model: str, as_json: bool, **options: Any) -> None:
    """Forecasts wins and revenue of DATA for calendar periods; the first one contains T.

    \b
    Examples:
      leadcast forecast crm --output forecast.csv
      leadcast forecast crm --period week --periods 8 --by owner --output forecast.csv
      leadcast forecast crm --explain --report forecast.html --output forecast.parquet --json
    """
    with_explanation = options["explain"] or options["report"] is not None
    if not with_explanation:
        refuse_unused("--explain or --report", "since")
    from cli.folder.reading import echo_set_aside, read_for
    from cli.model_choice import model as find_model
    from funnel.forecast.forecast import ForecastOptions
    from funnel.forecast.forecast import forecast as make_forecast
    from funnel.forecast.report.explain import explanation
    from history.config.file import load_config

    with progress_bar() as report:
        report("loading the model", 0.0)
        bundle = find_model(model)
        since_us = as_of_us(options["since"], bundle.config.zone, "--since")

        report("reading the data", 0.02)
        history, warnings = read_for(bundle, data, as_of, options["accept_rejected"])

        report("forecasting", 0.75)
        target = load_config(data).targets.get("revenue_per_month")
        asked = ForecastOptions(options["period"], options["periods"], options["by"], target)
        forecast = make_forecast(bundle, history, asked)
        result = forecast_result(forecast, bundle, warnings)
        result["past"] = _past(result, bundle, options["period"])
        if with_explanation:
            report("explaining", 0.9)
            result["explain"] = explanation(bundle, history, forecast, since_us)

        report("writing", 0.97)
        _write_files(forecast, result, options)

    echo_set_aside(history)
    _echo_result(result, options)
    echo_next("funnel", data)
    if not options["no_snapshot"]:
        archived = {name: options[name] for name in ("period", "periods", "by", "since")}
        keep_forecast(result, bundle.config, archived)
    if as_json:
        print_json({"output": str(options["output"]), **result})


def forecast_result(forecast: "Forecast", bundle: "Bundle", warnings: list[Warning]) -> dict[str, Any]:
    """The command's JSON: the forecast, its currency, and `warnings` followed by the forecast's own."""
    from funnel.forecast.report.report import forecast_record
    from funnel.forecast.report.warnings import forecast_warnings

    warnings = warnings + forecast_warnings(forecast, bundle)
    return {**forecast_record(forecast), "currency": forecast.currency, "warnings": json_of(warnings)}


def _past(result: Mapping[str, Any], bundle: "Bundle", period: str) -> list[dict[str, Any]]:
    """What earlier forecasts of the archive said of the past periods."""
    from funnel.archive import FORECAST, read_reports
    from funnel.forecast.replays.track import past_forecasts

    reports = read_reports(home(), FORECAST, bundle.config.name)
    return past_forecasts(reports, result["actuals"], period, bundle.config.zone)


def _write_files(forecast: "Forecast", result: dict[str, Any], options: Mapping[str, Any]) -> None:
    from funnel.forecast.report.table import COLUMNS, columns
    from history.base.table_file import write_columns

    write_columns(columns(forecast), COLUMNS, options["output"])
    if options["report"] is not None:
        from funnel.forecast.report.figures import report_page
        from history.base.atomic_file import write_text

        write_text(report_page(result), options["report"])


def _echo_result(result: dict[str, Any], options: Mapping[str, Any]) -> None:
    from cli.shown.forecast_text import echo_explanation, echo_periods

    echo_warnings(result["warnings"])
    echo_periods(result)
    if options["explain"]:
        echo_explanation(result["explain"])
    report = f" and {options['report']}" if options["report"] else ""
    echo(f"written to {options['output']}{report}")
