"""`leadcast snapshots`: earlier forecasts and funnel states, which every run of those commands saves in the home."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cli.archive import keep
from cli.options import data_or_store, home, json_option, refuse_unless_one
from cli.shown.output import echo, echo_table, print_json
from cli.shown.progress import progress_bar

Records = Mapping[str, Mapping[str, Any] | None]  # by kind; None if not to be saved

KINDS = click.Choice(["forecast", "funnel"])
funnel_option = click.option("--funnel", metavar="NAME", help="Only snapshots of the funnel of this name.")


@click.group(invoke_without_command=True)
@click.option("--kind", type=KINDS, help="Only forecasts, or only funnels.")
@funnel_option
@json_option
@click.pass_context
def snapshots(context: click.Context, kind: str | None, funnel: str | None, as_json: bool) -> None:
    """Lists saved forecasts and funnel states, or shows one: what did we expect on the 1st?

    \b
    Examples:
      leadcast snapshots --kind forecast
      leadcast snapshots show 2026-03-01
      leadcast snapshots show 2026-03-01 --kind funnel --json
      leadcast snapshots take --store
    """
    if context.invoked_subcommand is None:
        _list(kind, funnel, as_json)


def _list(kind: str | None, funnel: str | None, as_json: bool) -> None:
    from funnel.archive import list_reports

    heads, broken = list_reports(home(), kind, funnel)
    for name in broken:
        echo(f"left out {home() / 'snapshots' / name}: not a snapshot")
    if heads:
        header = ("as of", "kind", "funnel", "model", "made at", "options", "id")
        echo_table(header, [_head_cells(head) for head in heads])
    else:
        echo("no snapshots: each run of `leadcast forecast` and `leadcast funnel` saves one")
    if as_json:
        print_json({"snapshots": heads, "set_aside": broken})


def _head_cells(head: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        head["as_of"][:16],
        head["kind"],
        head["funnel"],
        head["model_version"],
        head["made_at"][:16],
        " ".join(f"{name}={value}" for name, value in head["options"].items()),
        head["id"],
    )


@snapshots.command()
@click.argument("which")
@click.option(
    "--kind",
    type=KINDS,
    default="forecast",
    show_default=True,
    help="For a date: show the forecast, or the funnel.",
)
@funnel_option
@json_option
def show(which: str, kind: str, funnel: str | None, as_json: bool) -> None:
    """Shows the snapshot WHICH: an id, or a date for the latest one at the end of that day.

    \b
    Examples:
      leadcast snapshots show 2026-03-01
      leadcast snapshots show 20260301T080000Z-funnel-0123456789 --json
    """
    from cli.shown.forecast_text import echo_periods
    from cli.shown.funnel_text import echo_state
    from funnel.archive import FORECAST, find_report

    record = find_report(home(), which, kind, funnel)
    echo(
        f"{record['kind']} of {record['funnel']} as of {record['as_of']}, "
        f"made {record['made_at']}, {record['id']}"
    )
    if record["kind"] == FORECAST:
        echo_periods(record["answer"])
    else:
        echo_state(record["answer"])
    if as_json:
        print_json(record)


@snapshots.command()
@data_or_store("Read the service's store instead of a data folder.")
@json_option
def take(data: Path | None, store: bool, as_json: bool) -> None:
    """Saves the funnel of DATA and, with a promoted model, its forecast; run it every night.

    \b
    Examples:
      leadcast snapshots take crm
      leadcast snapshots take --store
    """
    refuse_unless_one(data, store)
    with progress_bar() as report:
        report("reading and counting", 0.0)
        records = _of_store() if data is None else _of_folder(data)

    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    ids = {kind: keep(record) for kind, record in records.items()}
    if None in ids.values():
        raise click.ClickException(f"not every snapshot could be saved in {home()}")
    if as_json:
        print_json({"snapshots": ids})


def _of_folder(data: Path) -> Records:
    from cli.commands.forecast import forecast_result
    from cli.model_choice import champion_if_sound
    from cli.options import now_us
    from funnel.archive import FORECAST, FUNNEL, archived_forecast, archived_funnel
    from funnel.forecast.forecast import ForecastOptions, forecast
    from funnel.state.report.report import funnel_report
    from history.read import open_folder

    champion = champion_if_sound()
    bundle = champion.bundle
    folder = open_folder(data, now_us())
    history = folder.at()
    state = funnel_report(history, bundle=bundle, warnings=champion.warnings)
    if bundle is None:
        return {FUNNEL: archived_funnel(state, history.config, {"model_version": None})}

    future = forecast(bundle, folder.at(config=bundle.config), ForecastOptions())
    result = forecast_result(future, bundle, folder.differences(bundle.config))
    return {
        FUNNEL: archived_funnel(state, history.config, {"model_version": bundle.version}),
        FORECAST: archived_forecast(result, bundle.config, {"period": "month"}),
    }


def _of_store() -> Records:
    from cli.commands.store import open_store
    from cli.model_choice import champion_if_sound
    from funnel.archive import FORECAST, FUNNEL, archived_forecast, archived_funnel
    from serving.store.reports.build import Source, forecast_from, funnel_config, funnel_from
    from serving.store.reports.queries import ForecastQuery, FunnelQuery

    bundle = champion_if_sound().bundle
    with open_store() as store:
        source = Source(store, keeps=True)
        state = funnel_from(source, FunnelQuery(), bundle)
        config = funnel_config(store, bundle)
        if bundle is None:
            return {FUNNEL: archived_funnel(state, config, {"model_version": None})}

        result = forecast_from(source, ForecastQuery(), bundle)
    return {
        FUNNEL: archived_funnel(state, config, {"model_version": bundle.version}),
        FORECAST: archived_forecast(result, bundle.config, {"period": "month"}),
    }
