"""`leadcast snapshots`: what forecasts and funnels said, by date; every run of them leaves one in the home."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cli.output import emit, home, json_option, now_us, progress, say, say_table

funnel_option = click.option("--funnel", metavar="NAME", help="Only those of the funnel of this name.")
snapshot_option = click.option(
    "--no-snapshot", is_flag=True, help="Do not keep what was said; see `leadcast snapshots`."
)


def keep(record: "Mapping[str, Any] | None") -> str | None:
    """Keeps a snapshot in the home and says so; a home that is not there, or cannot be written, ends nothing."""
    from funnel.snapshots import save

    if record is None:
        say(
            "not kept as a snapshot: groups of this column may name one lead; --by stage, owner or source is kept"
        )
        return None
    if not home().is_dir():
        return None
    try:
        name = save(home(), record, now_us())
    except OSError as error:
        say(f"not kept as a snapshot: {error.filename or home()}: {error.strerror}")
        return None
    say(f"kept as snapshot {name}")
    return name


@click.group(invoke_without_command=True)
@click.option("--kind", type=click.Choice(["forecast", "funnel"]), help="Only forecasts, or only funnels.")
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
    from funnel.snapshots import listed

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
    type=click.Choice(["forecast", "funnel"]),
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
    from funnel.snapshots import FORECAST, find

    found = find(home(), which, kind, funnel)
    say(
        f"{found['kind']} of {found['funnel']} as of {found['as_of']}, made {found['made_at']}, {found['id']}"
    )
    if found["kind"] == FORECAST:
        from cli.forecast import tell_periods

        tell_periods(found["answer"])
    else:
        from cli.funnel import tell_state

        tell_state(found["answer"])
    if as_json:
        emit(found)


@snapshots.command()
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--store", is_flag=True, help="Of the service's store instead of a data folder.")
@json_option
def take(data: Path | None, store: bool, as_json: bool) -> None:
    """Makes and keeps the funnel and, with a promoted model, the forecast of DATA: a job for every night.

    \b
    Examples:
      leadcast snapshots take crm
      leadcast snapshots take --store
    """
    if store == (data is not None):
        raise click.UsageError("give DATA or --store, one of them")
    with progress() as tell:
        tell("reading and counting", 0.0)
        records = _of_store() if data is None else _of_folder(data)
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {str(record["kind"]): keep(record) for record in records}
    if any(name is None for name in kept.values()):
        raise click.ClickException(f"not everything could be kept in {home()}")
    if as_json:
        emit({"snapshots": kept})


def _of_folder(data: Path) -> list[dict[str, Any]]:
    from cli.funnel import champion, read, state_of
    from cli.model_data import read_for
    from funnel.forecast import Asked, answer, forecast
    from funnel.forecast_notes import notes
    from funnel.snapshots import of_forecast, of_funnel

    bundle, said = champion()
    history, asked = read(data, {})
    version = None if bundle is None else bundle.version
    state = state_of(history, asked, bundle, said)
    records = [of_funnel(state, history.config, {"model_version": version})]
    if bundle is not None:
        own, warnings = read_for(bundle, data, None)
        made = forecast(bundle, own, Asked())
        told = {**answer(made), "currency": made.currency, "warnings": warnings + notes(made, bundle)}
        records.append(of_forecast(told, bundle.config, {"period": "month"}) or {})
    return records


def _of_store() -> list[dict[str, Any]]:
    from cli.funnel import champion
    from cli.store import opened
    from funnel.snapshots import of_forecast, of_funnel
    from serving.outlook import ForecastQuery, FunnelQuery, forecast_from, funnel_config, funnel_from

    bundle, _said = champion()
    with opened() as store:
        state = funnel_from(store, FunnelQuery(), bundle)
        config = funnel_config(store, bundle)
        version = None if bundle is None else bundle.version
        records = [of_funnel(state, config, {"model_version": version})]
        if bundle is not None:
            told = forecast_from(store, ForecastQuery(), bundle)
            records.append(of_forecast(told, bundle.config, {"period": "month"}) or {})
    return records
