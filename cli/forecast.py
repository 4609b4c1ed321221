"""`leadcast forecast`: wins and revenue of the coming calendar periods, with intervals, to a CSV or
Parquet file.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import data_argument, emit, json_option, progress, say, say_table, say_warnings
from cli.scoring import as_of_option, model_option, output_option
from cli.snapshots import keep, snapshot_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funnel.forecast import Forecast

COUNTS = {"already_won"}
TEXTS = {"period_start", "period_end", "group", "interval_basis", "currency"}


def report_path(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """A page that ends in .html, in a folder that exists."""
    if value is not None and value.suffix.lower() != ".html":
        raise click.BadParameter(f"{value}: end it in .html")
    if value is not None and not value.absolute().parent.is_dir():
        raise click.BadParameter(f"{value}: there is no folder {value.absolute().parent}")
    return value


@click.command()
@data_argument
@as_of_option
@model_option
@click.option(
    "--period",
    type=click.Choice(["week", "month", "quarter"]),
    default="month",
    show_default=True,
    help="Calendar periods.",
)
@click.option(
    "--periods", type=click.IntRange(1, 104), metavar="N", help="How many (default: three months of them)."
)
@click.option(
    "--by", metavar="COLUMN", help="One row a period and value of stage, owner, source or any attribute."
)
@click.option(
    "--explain", is_flag=True, help="Show the arithmetic: leads, stages, sources, and what changed."
)
@click.option(
    "--since", metavar="T", help="With --explain: what changed since then (default: one period earlier)."
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    callback=report_path,
    metavar="FILE.html",
    help="Write a page with the pictures.",
)
@output_option
@snapshot_option
@json_option
def forecast(data: Path, as_of: str | None, model: str, output: Path, as_json: bool, **options: Any) -> None:
    """Forecasts wins and revenue of DATA for the calendar periods from the one that contains T.

    \b
    Examples:
      leadcast forecast crm --output forecast.csv
      leadcast forecast crm --period week --periods 8 --by owner --output forecast.csv
      leadcast forecast crm --explain --report forecast.html --output forecast.parquet --json
    """
    from cli.model_data import model as find_model
    from cli.model_data import read_for, say_set_aside
    from cli.output import as_of_us
    from funnel.forecast import Asked, answer
    from funnel.forecast import forecast as run
    from funnel.forecast_notes import notes
    from funnel.snapshots import of_forecast

    with progress() as tell:
        tell("loading the model", 0.0)
        bundle = find_model(model)
        tell("reading the data", 0.1)
        history, warnings = read_for(bundle, data, as_of)
        tell("forecasting", 0.4)
        asked = Asked(options["period"], options["periods"], options["by"])
        made = run(bundle, history, asked)
        warnings += notes(made, bundle)
        result = {**answer(made), "currency": made.currency, "warnings": warnings}
        since = as_of_us(options["since"], bundle.config.zone)
        if options["explain"] or options["report"] is not None:
            from funnel.forecast_explain import explained

            tell("explaining", 0.7)
            result["explain"] = explained(bundle, history, asked, made, since)
        tell("writing", 0.9)
        write_forecast(made, output)
        if options["report"] is not None:
            from cli.funnel import write_text
            from funnel.forecast_figures import report_page

            write_text(report_page(result), options["report"])
    say_set_aside(history)
    say_warnings(warnings)
    tell_periods(result)
    if options["explain"]:
        from cli.forecast_text import tell_explained

        tell_explained(result["explain"])
    say(f"written to {output}" + (f" and {options['report']}" if options["report"] else ""))
    if not options["no_snapshot"]:
        given = {name: options[name] for name in ("period", "periods", "by", "since")}
        keep(of_forecast(result, bundle.config, given))
    if as_json:
        emit({"output": str(output), **result})


def write_forecast(made: "Forecast", output: Path) -> None:
    """The forecast file: the contract's columns in its order."""
    import pyarrow as pa

    from cli.table_file import write_table
    from funnel.forecast import COLUMNS, rows

    records = rows(made)
    names = [name for name in COLUMNS if name in records[0]]
    kinds = {
        name: pa.string() if name in TEXTS else pa.int64() if name in COUNTS else pa.float64()
        for name in names
    }
    write_table(pa.table({n: pa.array([r[n] for r in records], kinds[n]) for n in names}), output)


def tell_periods(result: "Mapping[str, Any]") -> None:
    """The table of periods and its total, for people, on stderr."""
    periods, total = result["periods"], result["total"]
    basis = periods[0]["interval_basis"]
    say(f"forecast at {result['as_of']} by version {result['model_version']}, intervals {basis}:")
    grouped = "group" in periods[0]
    header = ["from", *(["group"] if grouped else []), "wins", "p10-p90", "already", "open", "new"]
    say_table([*header, "revenue", "p10-p90"], [_line(row, grouped) for row in periods])
    money = _money(", revenue ", total["revenue_expected"], result["currency"])
    say(f"in all {total['wins_expected']:.1f} wins{money}")


def _line(row: dict[str, Any], grouped: bool) -> list[str]:
    money = row["revenue_expected"] is not None
    return [
        row["period_start"],
        *([row["group"] or "(none)"] if grouped else []),
        f"{row['wins_expected']:.1f}",
        f"{row['wins_p10']:.0f}-{row['wins_p90']:.0f}",
        str(row["already_won"]),
        f"{row['open_wins_expected']:.1f}",
        f"{row['new_wins_expected']:.1f}",
        f"{row['revenue_expected']:,.0f}" if money else "-",
        f"{row['revenue_p10']:,.0f}-{row['revenue_p90']:,.0f}" if money else "-",
    ]


def _money(before: str, value: float | None, currency: str | None) -> str:
    return "" if value is None else f"{before}{value:,.0f} {currency or ''}".rstrip()
