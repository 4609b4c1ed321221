"""Forecasts and funnel states that commands save in the archive of the home (`leadcast snapshots`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cli.options import home, now_us
from cli.shown.output import echo

if TYPE_CHECKING:
    from history.config.config import FunnelConfig
    from models.bundle import Bundle


def keep_funnel(
    state: Mapping[str, Any], config: "FunnelConfig", bundle: "Bundle | None", options: Mapping[str, Any]
) -> str | None:
    """Saves a funnel's state; see `keep`."""
    from funnel.archive import archived_funnel

    version = None if bundle is None else bundle.version
    return keep(archived_funnel(state, config, {**options, "model_version": version}))


def keep_forecast(
    result: Mapping[str, Any], config: "FunnelConfig", options: Mapping[str, Any]
) -> str | None:
    """Saves a forecast; see `keep`."""
    from funnel.archive import archived_forecast

    return keep(archived_forecast(result, config, options))


def keep(record: Mapping[str, Any] | None) -> str | None:
    """Saves a record in the archive of the home and returns its id.

    None, with a message, if the record may name a lead or the home cannot be written: the command goes on. A home that
    does not exist is not created.
    """
    from funnel.archive import save_report

    if record is None:
        echo(
            "not saved as a snapshot: groups of this column may identify a lead; "
            "only --by stage, owner or source is saved"
        )
        return None
    if not home().is_dir():
        return None
    try:
        name = save_report(home(), record, now_us())
    except OSError as error:
        echo(f"not saved as a snapshot: {error.filename or home()}: {error.strerror}")
        return None
    echo(f"saved as snapshot {name}")
    return name
