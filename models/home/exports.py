"""The exported bundles of a home, listed for people from their manifests and cards; nothing is verified or loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history.base.errors import DamagedArtifact
from models.home.pointer import read_pointer
from models.home.saved import CARD, MANIFEST

FOLDER = "bundles"


@dataclass(frozen=True)
class ExportedVersion:
    """A version whose bundle is in the home: when it was trained through, and the metrics of its card."""

    model_version: str
    trained_through: str | None
    n_leads: int | None
    metrics: Mapping[str, float | None]
    is_champion: bool
    is_predecessor: bool  # the version that a rollback goes to

    def describe(self) -> dict[str, Any]:
        """The version as `GET /v1/model` lists it."""
        return {
            "model_version": self.model_version,
            "in_use": self.is_champion,
            "rollback": self.is_predecessor,
            "trained_through": self.trained_through,
            "n_leads": self.n_leads,
            "metrics": dict(self.metrics),
        }


def exported_versions(home: Path) -> list[ExportedVersion]:
    """The exported versions, the newest first; a damaged pointer marks none, a damaged bundle is left out."""
    try:
        pointer = read_pointer(home)
    except DamagedArtifact:
        pointer = None
    champion = pointer.model_version if pointer else None
    predecessor = pointer.before[0] if pointer and pointer.before else None
    folders = [folder for folder in (home / FOLDER).glob("*") if folder.name.isdecimal() and folder.is_dir()]
    versions = []
    for folder in sorted(folders, key=lambda folder: -int(folder.name)):
        try:
            manifest, card = (json.loads((folder / name).read_bytes()) for name in (MANIFEST, CARD))
            version = ExportedVersion(
                folder.name,
                str(manifest["trained_through"]),
                card.get("n_leads"),
                card.get("metrics", {}),
                folder.name == champion,
                folder.name == predecessor,
            )
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            continue
        versions.append(version)
    return versions
