"""A registered model by alias or version."""

from pathlib import Path

from models.bundle import Bundle
from models.home.pointer import champion


def load_version(home: Path, alias_or_version: str = "champion") -> Bundle:
    """The verified bundle of a version or alias; MLflow is not needed for the champion.

    Raises InvalidInput with the versions of the home if there is no such one, DamagedArtifact for a damaged bundle.
    """
    if alias_or_version == "champion" and (promoted := champion(home)) is not None:
        return promoted
    from training.registry.registry import Registry  # loads MLflow

    return Registry(home).load(alias_or_version)
