"""`leadcast snapshots`: what forecasts and funnels said, by date; every run of them leaves one in the home."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.archive import keep
from cli.options import data_or_store, home, json_option, refuse_unless_one
from cli.output import emit, say, say_table
from cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    Records = Mapping[str, Mapping[str, Any] | None]

KINDS = click.Choice(["forecast", "funnel"])
funnel_option = click.option("--funnel", metavar="NAME", help="Only those of the funnel of this name.")


@click.group(invoke_without_command=True)
@click.option("--kind", type=KINDS, help="Only forecasts, or only funnels.")
@funnel_option
@json_option
@click.pass_context
def snapshots(context: click.Context, kind: str | None, funnel: str | None, as_json: bool) -> None:
    """Lists what forecasts and funnels said at their dates, or shows one: what did we think on the 1st?

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
    from funnel.archive import listed

    found, broken = listed(home(), kind, funnel)
    for name in broken:
        say(f"set aside {home() / 'snapshots' / name}: not a snapshot")
    if not found:
        say("no snapshots: `leadcast forecast` and `leadcast funnel` leave one each time")
    else:
        say_table(
            ("as of", "kind", "funnel", "model", "made at", "options", "id"),
            [
                (
                    head["as_of"][:16],
                    head["kind"],
                    head["funnel"],
                    head["model_version"],
                    head["made_at"][:16],
                    " ".join(f"{k}={v}" for k, v in head["options"].items()),
                    head["id"],
                )
                for head in found
            ],
        )
    if as_json:
        emit({"snapshots": found, "set_aside": broken})


@snapshots.command()
@click.argument("which")
@click.option(
    "--kind",
    type=KINDS,
    default="forecast",
    show_default=True,
    help="Of a date: the forecast, or the funnel.",
)
@funnel_option
@json_option
def show(which: str, kind: str, funnel: str | None, as_json: bool) -> None:
    """What was said at WHICH: an id, or a date, for the last snapshot by the end of that day.

    \b
    Examples:
      leadcast snapshots show 2026-03-01
      leadcast snapshots show 20260301T080000Z-funnel-0123456789 --json
    """
    from funnel.archive import FORECAST, find

    found = find(home(), which, kind, funnel)
    say(
        f"{found['kind']} of {found['funnel']} as of {found['as_of']}, made {found['made_at']}, {found['id']}"
    )
    if found["kind"] == FORECAST:
        from cli.forecast_text import tell_periods

        tell_periods(found["answer"])
    else:
        from cli.funnel_text import tell_state

        tell_state(found["answer"])
    if as_json:
        emit(found)


@snapshots.command()
@data_or_store("Of the service's store instead of a data folder.")
@json_option
def take(data: Path | None, store: bool, as_json: bool) -> None:
    """Makes and keeps the funnel and, with a promoted model, the forecast of DATA: a job for every night.

    \b
    Examples:
      leadcast snapshots take crm
      leadcast snapshots take --store
    """
    refuse_unless_one(data, store)
    with progress() as tell:
        tell("reading and counting", 0.0)
        records = _of_store() if data is None else _of_folder(data)
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {kind: keep(record) for kind, record in records.items()}
    if any(name is None for name in kept.values()):
        raise click.ClickException(f"not everything could be kept in {home()}")
    if as_json:
        emit({"snapshots": kept})


def _of_folder(data: Path) -> "Records":
    from cli.forecast import told
    from cli.funnel import read, state_of
    from cli.model_choice import champion_or_note
    from cli.reading import read_for
    from funnel.archive import FORECAST, FUNNEL, of_forecast, of_funnel
    from funnel.forecast.forecast import Asked, forecast

    bundle, note = champion_or_note()
    history, asked = read(data, {})
    state = state_of(history, asked, bundle, note)
    taken = of_funnel(state, history.config, {"model_version": bundle and bundle.version})
    if bundle is None:
        return {FUNNEL: taken}
    history, warnings = read_for(bundle, data, None)
    result = told(forecast(bundle, history, Asked()), bundle, warnings)
    return {FUNNEL: taken, FORECAST: of_forecast(result, bundle.config, {"period": "month"})}


def _of_store() -> "Records":
    from cli.model_choice import champion_or_note
    from cli.store import opened
    from funnel.archive import FORECAST, FUNNEL, of_forecast, of_funnel
    from serving.store.reports.build import forecast_from, funnel_config, funnel_from
    from serving.store.reports.queries import ForecastQuery, FunnelQuery

    bundle, _note = champion_or_note()
    with opened() as store:
        state, config = funnel_from(store, FunnelQuery(), bundle), funnel_config(store, bundle)
        taken = of_funnel(state, config, {"model_version": bundle and bundle.version})
        if bundle is None:
            return {FUNNEL: taken}
        result = forecast_from(store, ForecastQuery(), bundle)
    return {FUNNEL: taken, FORECAST: of_forecast(result, bundle.config, {"period": "month"})}
