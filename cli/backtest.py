"""`leadcast backtest`: past dates replayed, beside the baselines and what happened."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    as_of_option,
    as_of_us,
    by_option,
    data_argument,
    home,
    json_option,
    periods_options,
    refuse_unused,
    report_option,
    seed_option,
    train_options,
    trials_option,
)
from cli.output import echo, echo_table, print_json
from cli.progress import progress_bar
from history.atomic_file import write_text

if TYPE_CHECKING:
    from history.history import History
    from training.backtest.backtest import Backtest
    from training.registry.registry import Registry
from collections.abc import Callable

from cli.progress import Progress

if TYPE_CHECKING:
    from history.history import History

ORIGINS = 6
FIGURES = ("cells", "mae", "bias", "pinball", "coverage", "interval_score")


def backtest_forecast(
    history: "History", options: Mapping[str, Any], report: Path | None, tell: Progress
) -> dict[str, Any]:
    """Replays and writes the page; the result as JSON-ready values."""
    from funnel.forecast.forecast import Asked
    from funnel.forecast.periods import DEFAULT_COUNT
    from training.backtest.forecast import backtest_forecast as run_backtest
    from training.backtest.forecast import past_period_starts
    from training.progress import part

    count = options["periods"] or DEFAULT_COUNT[options["period"]]
    asked = Asked(options["period"], count)
    given = options["at_us"] or past_period_starts(history, asked, options["origins"] or ORIGINS)
    result = run_backtest(
        history, given, asked, train_options=train_options(options), progress=part(tell, 0.02, 0.92)
    )
    if report is not None:
        from funnel.forecast.figures import replay_page
        from history.atomic_file import write_text

        write_text(replay_page(result, history.config.currency), report)
    return result


def run(
    read: Callable[[], "History"], options: Mapping[str, Any], report: Path | None, as_json: bool
) -> None:
    """The command: `read` gives the history once the progress bar is there."""
    with progress_bar() as tell:
        tell("reading the data", 0.0)
        history = read()
        result = backtest_forecast(history, options, report, tell)
    for left in result["skipped"]:
        echo(f"{left['as_of'][:10]} left out: {left['reason']}")
    echo(f"{len(result['origins'])} past dates, {options['period']}s:")
    for what in ("wins", "revenue"):
        if what in result:
            echo(f"\n{what}, all periods:")
            echo_table(
                ("", *FIGURES), [(name, *(m.get(f) for f in FIGURES)) for name, m in result[what].items()]
            )
            echo(f"\n{what}, forecast by period ahead:")
            steps = result[what]["forecast"]["by_step"]
            echo_table(("step", *FIGURES), [(s["step"], *(s.get(f) for f in FIGURES)) for s in steps])
    if report is not None:
        echo(f"\nreport: {report}")
    if as_json:
        print_json(result)


GROUP_HEADER = ("leads", "wins", "expected", "auc", "log_loss", "ece", "revenue_error")


@click.command()
@data_argument
@as_of_option("Outcomes are known up to T (default: the latest time in the data).")
@click.option(
    "--origins",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="How many past dates (default: as many as have a matured horizon, up to 12).",
)
@click.option("--at", "dates", multiple=True, metavar="D", help="Replay this date instead; repeatable.")
@by_option("Figures by this column of the leads too; repeatable.", multiple=True)
@report_option("Write a page with tables and pictures.")
@trials_option("Settings to try out at each date (default: 12).")
@seed_option
@click.option("--forecast", is_flag=True, help="Replay the forecast of periods instead of the scores.")
@periods_options(
    "With --forecast: its calendar periods.",
    "With --forecast: how many ahead (default: three months of them).",
)
@json_option
def backtest(data: Path, report: Path | None, as_json: bool, **options: Any) -> None:
    """Trains and scores DATA at past dates, compares with the baselines and with what happened.

    \b
    Examples:
      leadcast backtest crm
      leadcast backtest crm --origins 6 --by country --report backtest.html
      leadcast backtest crm --at 2026-01-01 --at 2026-02-01 --json
      leadcast backtest crm --forecast --period month --origins 6
    """
    if options["forecast"]:
        _forecast(data, report, as_json, options)
        return
    refuse_unused("--forecast", "period", "periods")
    from cli.reading import read_and_report
    from training.backtest.backtest import backtest as run_backtest
    from training.backtest.report import page
    from training.progress import part
    from training.registry.registry import Registry

    registry = Registry(home())
    with progress_bar() as tell:
        tell("reading the data", 0.0)
        history = read_and_report(data, options["as_of"])
        registry.check_writable()
        found = run_backtest(
            history,
            origins=options["origins"],
            at_us=_dates(history, options["dates"]),
            by=options["by"],
            train=train_options(options),
            progress=part(tell, 0.02, 0.92),
        )
        if report is not None:
            tell("writing the report", 0.94)
            write_text(page(found), report)
        tell("logging the run", 0.97)
        run_id = _log(registry, found, history)
    _tell(found.result)
    if report is not None:
        echo(f"\nreport: {report}")
    if as_json:
        print_json({**found.result, "run_id": run_id})


def _forecast(data: Path, report: Path | None, as_json: bool, options: Mapping[str, Any]) -> None:
    from cli.backtest import run
    from cli.reading import read_and_report
    from history.config import load_config

    if options["by"]:
        raise click.BadParameter("--by is of the scores; leave it out with --forecast")
    zone = load_config(data).zone
    dates = [as_of_us(date, zone, "--at") for date in options["dates"]]
    run(
        lambda: read_and_report(data, options["as_of"]),
        {**options, "at_us": sorted(set(dates))},
        report,
        as_json,
    )


def _dates(history: "History", texts: Sequence[str]) -> list[int]:
    """The dates of --at in the funnel's time zone, microseconds UTC, oldest first."""
    dates = {as_of_us(text, history.config.zone, "--at") for text in texts}
    return sorted(date for date in dates if date is not None)


def _log(registry: "Registry", found: "Backtest", history: "History") -> str:
    from training.backtest.report import describe_run

    with registry.exclusive(), tempfile.TemporaryDirectory(prefix=".backtest-", dir=registry.home) as name:
        return registry.log(describe_run(found, history, Path(name)))


def _tell(result: Mapping[str, Any]) -> None:
    from training.evaluation.metrics import METRICS

    for left in result["skipped"]:
        echo(f"{left['as_of'][:10]} left out: {left['reason']}")
    echo("\ndate by date, 90 % intervals in brackets:")
    header = (
        "as of",
        "leads",
        "wins",
        "expected",
        "auc",
        "log_loss",
        "ece",
        "lift_10",
        "revenue_error",
        "gini",
        "abstained",
        "signal",
    )
    echo_table(header, [_date(origin) for origin in result["origins"]])
    overall = result["overall"]
    echo("\nmeans over the dates, all on the same rows:")
    rows = [("model", overall["metrics"]), *overall["baselines"].items()]
    echo_table(("", *METRICS), [(name, *(row.get(m) for m in METRICS)) for name, row in rows])
    echo("\nmodel minus baseline:")
    gaps = [(n, _gap(gap["auc"]), _gap(gap["log_loss"])) for n, gap in overall["differences"].items()]
    echo_table(("", "auc", "log_loss"), gaps)
    for name, groups in result["by"].items():
        echo(f"\nby {name}:")
        echo_table((name, *GROUP_HEADER), [_group(group) for group in groups])


def _date(origin: Mapping[str, Any]) -> tuple[object, ...]:
    m = origin["metrics"]
    ranged = [_ranged(origin, name) for name in ("auc", "log_loss", "ece")]
    rest = [m[name] for name in ("lift_10", "revenue_error", "gini", "abstained")]
    return (
        origin["as_of"][:10],
        int(m["leads"]),
        int(m["wins"]),
        m["wins_expected"],
        *ranged,
        *rest,
        origin["signal"],
    )


def _group(group: Mapping[str, Any]) -> tuple[object, ...]:
    m = group["metrics"]
    ranged = [_ranged(group, name) for name in ("auc", "log_loss", "ece")]
    return (group["value"], int(m["leads"]), int(m["wins"]), m["wins_expected"], *ranged, m["revenue_error"])


def _ranged(part: Mapping[str, Any], name: str) -> str:
    value = part["metrics"][name]
    if value != value:
        return "-"
    return f"{value:.3f}" + _bracket(part["intervals"][name])


def _gap(gap: Mapping[str, Any]) -> str:
    return (
        "-"
        if gap["difference"] != gap["difference"]
        else f"{gap['difference']:+.4f}" + _bracket(gap["interval"], "+.4f")
    )


def _bracket(ends: Any, style: str = ".3f") -> str:
    return "" if ends is None else f" [{ends[0]:{style}}, {ends[1]:{style}}]"
