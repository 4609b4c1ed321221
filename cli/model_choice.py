"""The model of a command: the champion of the home, or the version of --model."""

from cli.options import home
from models.bundle import Bundle
from models.home import pointer


def champion() -> Bundle | None:
    """The promoted model of this home, verified; None if none was promoted, DamagedArtifact if it is damaged."""
    return pointer.champion(home())


def champion_if_sound() -> pointer.Champion:
    """The champion for commands that also work without one."""
    return pointer.champion_if_sound(home())


def model(alias_or_version: str) -> Bundle:
    """The bundle of an alias or version of this home, verified; see training.registry.choice.load_version."""
    from training.registry.choice import load_version

    return load_version(home(), alias_or_version)
