"""A registry in a home with a ready MLflow database, and bundles that are digests alone."""

from pathlib import Path

import pytest

from models.home.saved import read_verified
from training.registry.registry import Registry


@pytest.fixture(autouse=True)
def verified_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles here are two small files under a true manifest: digests are checked, nothing is parsed as a model."""
    monkeypatch.setattr(
        "training.registry.registry.load_bundle", lambda folder, version="": read_verified(folder)
    )


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(home)
