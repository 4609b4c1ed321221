"""The model a command works with: the champion of the home, or the one it was asked for."""

from typing import Any

from cli.options import home
from history.errors import DamagedArtifact
from models.bundle import Bundle, load_bundle
from models.pointer import load_champion, read_pointer


def champion() -> Bundle | None:
    """The promoted model of this home, verified; None where none was promoted, DamagedArtifact where it is damaged."""
    pointer = read_pointer(home())
    return None if pointer is None else load_champion(pointer)


def champion_or_note() -> tuple[Bundle | None, list[dict[str, Any]]]:
    """The champion for what can be told without one too; a damaged one is none, and a warning says why."""
    try:
        return champion(), []
    except DamagedArtifact as error:
        return None, [{"code": "model_refused", "subject": "", "detail": str(error)}]


def model(alias_or_version: str) -> Bundle:
    """The bundle of an alias or version of this home, verified; InvalidInput says which there are."""
    if alias_or_version == "champion" and (promoted := champion()) is not None:
        return promoted
    from training.registry.registry import Registry

    registry = Registry(home())
    version = registry.resolve(alias_or_version)
    return load_bundle(registry.export(version), version)
