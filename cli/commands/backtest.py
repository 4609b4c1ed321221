"""`leadcast backtest`: scores, or forecasts, at past dates beside the baselines and what happened."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.garbage import collect_rarely
from cli.options import (
    accept_rejected_option,
    as_of_option,
    as_of_us,
    by_option,
    data_argument,
    engine_option,
    home,
    json_option,
    one_in_option,
    parts_option,
    periods_options,
    refuse_unused,
    report_option,
    seed_option,
    train_options,
    trials_option,
)
from cli.shown.output import echo, echo_next, echo_warnings, print_json
from cli.shown.progress import progress_bar
from history.base.atomic_file import write_text
from history.base.progress import Progress

if TYPE_CHECKING:
    from history.base.engine import Engine
    from history.history import History
    from training.backtest.backtest import Backtest
    from training.registry.registry import Registry

FORECAST_ORIGINS = 6


@click.command()
@data_argument
@as_of_option("Compare with what was known at this date or time (default: the end of the data).")
@click.option(
    "--origins",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Number of past dates (default: as many as have a matured horizon, up to 12).",
)
@click.option("--at", "dates", multiple=True, metavar="D", help="Use this past date; repeatable.")
@by_option("Report metrics for each value of this column too; repeatable.", multiple=True)
@report_option("Write an HTML page with tables and charts.")
@trials_option("Settings of the trees to compare at each date, at most (default: 12).")
@seed_option
@click.option("--forecast", is_flag=True, help="Backtest the forecast of periods instead of the scores.")
@periods_options(
    "With --forecast: length of a period.",
    "With --forecast: number of periods (default: three months of them).",
)
@accept_rejected_option
@engine_option("Who audits columns, computes features and scores; models are fitted on this machine:")
@parts_option
@one_in_option
@json_option
def backtest(data: Path, report: Path | None, as_json: bool, **options: Any) -> None:
    """Trains and scores DATA at past dates and compares with the baselines and with what happened.

    \b
    Examples:
      leadcast backtest crm
      leadcast backtest crm --origins 6 --by country --report backtest.html
      leadcast backtest crm --at 2026-01-01 --at 2026-02-01 --json
      leadcast backtest crm --engine dask://scheduler:8786
      leadcast backtest crm --forecast --period month --origins 6
    """
    from engines.choice import open_engine

    collect_rarely()
    if options["forecast"] and options["by"]:
        raise click.UsageError("--by has no effect with --forecast")
    if not options["forecast"]:
        refuse_unused("--forecast", "period", "periods")
    run = _backtest_forecast if options["forecast"] else _backtest_scores
    with open_engine(options["engine"]) as engine:
        result = run(data, report, options, engine)
    if report is not None:
        echo(f"\nreport: {report}")
    echo_next("train", data)
    if as_json:
        print_json(result)


def _backtest_scores(
    data: Path, report: Path | None, options: Mapping[str, Any], engine: "Engine | None"
) -> dict[str, Any]:
    """Runs the backtest, writes the report, logs the run and prints the result; returns the command's JSON."""
    from cli.shown.backtest_text import echo_scores
    from history.base.progress import part
    from training.backtest.backtest import backtest as run_backtest
    from training.backtest.report import page
    from training.registry.registry import Registry

    registry = Registry(home())
    with progress_bar() as progress:
        history = _read(data, options, progress)
        if not registry.is_read_only:
            registry.check_writable()

        backtest = run_backtest(
            history,
            origins=options["origins"],
            at_us=_dates_us(history, options["dates"]),
            by=options["by"],
            train=train_options(options, engine),
            progress=part(progress, 0.02, 0.92),
        )
        if report is not None:
            progress("writing the report", 0.94)
            write_text(page(backtest), report)

        progress("logging the run", 0.97)
        run_id = _log(registry, backtest, history)

    echo_warnings(backtest.result["warnings"])
    echo_scores(backtest.result)
    return {**backtest.result, "run_id": run_id}


def _read(data: Path, options: Mapping[str, Any], progress: Progress) -> "History":
    from cli.folder.sampled import TrainingData, read_to_train
    from history.base.progress import part

    return read_to_train(data, TrainingData.of(data, options), part(progress, 0.0, 0.02))


def _log(registry: "Registry", backtest: "Backtest", history: "History") -> str | None:
    """Logs the run and returns its id; None, with a message, if the home cannot be written."""
    from training.backtest.report import describe_run

    if registry.is_read_only:
        echo(f"the run is not logged: {registry.home} cannot be written")
        return None
    with registry.exclusive(), tempfile.TemporaryDirectory(prefix=".backtest-", dir=registry.home) as folder:
        return registry.log(describe_run(backtest, history, Path(folder)))


def _backtest_forecast(
    data: Path, report: Path | None, options: Mapping[str, Any], engine: "Engine | None"
) -> dict[str, Any]:
    """Runs the backtest of the forecast, writes the report and prints the result; returns the command's JSON."""
    from cli.shown.backtest_text import echo_forecast

    with progress_bar() as progress:
        history = _read(data, options, progress)
        result = _run_forecast(history, options, engine, progress)
        if report is not None:
            from funnel.forecast.report.figures import backtest_page

            write_text(backtest_page(result, history.config.currency), report)

    echo_forecast(result, options["period"])
    echo_warnings(result["warnings"])
    return result


def _run_forecast(
    history: "History", options: Mapping[str, Any], engine: "Engine | None", progress: Progress
) -> dict[str, Any]:
    from funnel.forecast.forecast import ForecastOptions
    from funnel.forecast.periods import DEFAULT_COUNT
    from history.base.progress import part
    from training.backtest.forecast import backtest_forecast, past_period_starts

    period = options["period"]
    asked = ForecastOptions(period, options["periods"] or DEFAULT_COUNT[period])
    origins = _dates_us(history, options["dates"])
    if not origins:
        origins = past_period_starts(history, asked, options["origins"] or FORECAST_ORIGINS)
    training = train_options(options, engine)
    return backtest_forecast(
        history, origins, asked, train_options=training, progress=part(progress, 0.02, 0.92)
    )


def _dates_us(history: "History", texts: Sequence[str]) -> list[int]:
    """The dates of --at in the funnel's time zone, microseconds UTC, oldest first."""
    dates = {as_of_us(text, history.config.zone, "--at") for text in texts}
    return sorted(date for date in dates if date is not None)
