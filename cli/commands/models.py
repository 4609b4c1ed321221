"""`leadcast models`: lists the registered versions and moves the champion."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from cli.options import home, json_option
from cli.shown.output import echo, echo_table, print_json, readable_time

if TYPE_CHECKING:
    from training.registry.mlflow import Version
    from training.registry.registry import Registry

LISTED_METRICS = ("auc", "log_loss", "ece")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Lists the registered versions, shows one, or changes the champion, the version in use.

    \b
    Examples:
      leadcast models
      leadcast models show 3
      leadcast models promote 3
      leadcast models rollback
    """
    if context.invoked_subcommand is None:
        _list(as_json)


def _list(as_json: bool) -> None:
    from models.home.home import other_home

    versions = _registry().versions()
    champion = _champion_version()
    if as_json:
        print_json({"champion": champion, "versions": [version.describe() for version in versions]})
    elif versions:
        header = ("version", "in use", "aliases", "registered", *LISTED_METRICS)
        echo_table(header, [_version_cells(version, champion) for version in versions])
    else:
        echo(f"{home()} has no versions yet: run `leadcast train DATA`{other_home(home())}")


def _version_cells(version: "Version", champion: str | None) -> tuple[object, ...]:
    return (
        version.model_version,
        "yes" if version.model_version == champion else "",
        ", ".join(version.aliases),
        readable_time(version.created_us),
        *(version.metrics.get(name) for name in LISTED_METRICS),
    )


def _champion_version() -> str | None:
    from history.base.errors import DamagedArtifact
    from models.home.pointer import read_pointer

    try:
        pointer = read_pointer(home())
    except DamagedArtifact as error:
        echo(f"warning: {error}")
        return None
    return pointer.model_version if pointer else None


def _registry() -> "Registry":
    from training.registry.registry import Registry

    return Registry(home())


def _change_champion(change: Callable[["Registry"], str], as_json: bool) -> None:
    version = change(_registry())
    echo(f"version {version} is the champion; a running service uses it within 5 seconds")
    if as_json:
        print_json({"champion": version})


@models.command()
@click.argument("version")
@json_option
def promote(version: str, as_json: bool) -> None:
    """Makes VERSION (or an alias) the champion.

    \b
    Example:
      leadcast models promote 3
    """
    _change_champion(lambda registry: registry.promote(version), as_json)


@models.command()
@json_option
def rollback(as_json: bool) -> None:
    """Makes the previous champion the champion again.

    \b
    Example:
      leadcast models rollback
    """
    _change_champion(lambda registry: registry.rollback(), as_json)


@models.command()
@click.argument("version")
@json_option
def show(version: str, as_json: bool) -> None:
    """Shows the model card of VERSION (or an alias): data, metrics beside the baselines, features, limits.

    \b
    Example:
      leadcast models show champion --json
    """
    from cli.model_choice import model
    from training.model_card import card
    from training.model_card_text import card_text

    registry = _registry()
    number = registry.resolve(version)
    bundle = model(number)
    registered = next(known for known in registry.versions() if known.model_version == number)
    record = {**registered.describe(), "params": dict(registered.params), "tags": dict(registered.tags)}
    if as_json:
        print_json({**record, "card": card(bundle)})
        return

    echo(card_text(bundle))
    echo_table(("parameter", ""), sorted(registered.params.items()))
    echo()
    record["aliases"] = ", ".join(registered.aliases)
    record["tags"] = ", ".join(f"{name} {value}" for name, value in registered.tags.items())
    shown = [(name, value) for name, value in record.items() if name not in ("metrics", "params")]
    echo_table(("version", ""), shown)
