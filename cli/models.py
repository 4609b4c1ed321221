"""`leadcast models`: the registered versions, and which of them is in use."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from cli.options import home, json_option
from cli.output import emit, say, say_table, when

if TYPE_CHECKING:
    from training.registry.registry import Registry


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Lists the registered versions, or moves the champion.

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
    versions, serving = _registry().versions(), _in_use()
    if as_json:
        emit({"champion": serving, "versions": [v.describe() for v in versions]})
        return
    if not versions:
        say(f"no versions yet in {home()}: run `leadcast train DATA`, or name another home with --home")
        return
    say_table(
        ("version", "in use", "aliases", "registered", "auc", "log_loss", "ece"),
        [
            (
                v.model_version,
                "yes" if v.model_version == serving else "",
                ", ".join(v.aliases),
                when(v.created_us),
                *(v.metrics.get(m) for m in ("auc", "log_loss", "ece")),
            )
            for v in versions
        ],
    )


def _in_use() -> str | None:
    from history.errors import DamagedArtifact
    from models.pointer import read_pointer

    try:
        pointer = read_pointer(home())
    except DamagedArtifact as error:
        say(f"warning: {error}")
        return None
    return pointer.model_version if pointer else None


def _registry() -> "Registry":
    from training.registry.registry import Registry

    return Registry(home())


def _moved(action: Callable[["Registry"], str], as_json: bool) -> None:
    version = action(_registry())
    say(f"version {version} is the champion; a running service takes it within 5 seconds")
    if as_json:
        emit({"champion": version})


@models.command()
@click.argument("version")
@json_option
def promote(version: str, as_json: bool) -> None:
    """Makes VERSION (or an alias) the champion.

    \b
    Example:
      leadcast models promote 3
    """
    _moved(lambda registry: registry.promote(version), as_json)


@models.command()
@json_option
def rollback(as_json: bool) -> None:
    """Goes back to the version promoted before the champion.

    \b
    Example:
      leadcast models rollback
    """
    _moved(lambda registry: registry.rollback(), as_json)


@models.command()
@click.argument("version")
@json_option
def show(version: str, as_json: bool) -> None:
    """The model card of VERSION (or an alias): data, figures beside the baselines, what it looks at, known limits.

    \b
    Example:
      leadcast models show champion --json
    """
    from cli.model_choice import model
    from training.model_card import card
    from training.model_card_text import card_text

    registry = _registry()
    wanted = registry.resolve(version)
    bundle = model(wanted)
    found = next(v for v in registry.versions() if v.model_version == wanted)
    result = {**found.describe(), "params": dict(found.params), "tags": dict(found.tags)}
    if as_json:
        emit({**result, "card": card(bundle)})
        return
    say(card_text(bundle))
    say_table(("parameter", ""), sorted(result.pop("params").items()))
    say()
    told = {"aliases": ", ".join(found.aliases), "tags": ", ".join(f"{k} {v}" for k, v in found.tags.items())}
    say_table(("version", ""), [(k, v) for k, v in {**result, **told}.items() if k != "metrics"])
