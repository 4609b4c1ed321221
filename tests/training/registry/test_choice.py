"""A model by alias or version, also in a home that cannot be written."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from models.home.saved import load_bundle
from training.registry.choice import load_version
from training.registry.registry import Registry


@pytest.fixture(autouse=True)
def parsed(verified_only: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles are parsed here, unlike in the other tests of the registry."""
    monkeypatch.setattr("training.registry.registry.load_bundle", load_bundle)


def test_champion_is_loaded_without_mlflow(champion_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "training.registry.registry", None)
    assert load_version(champion_home).version == "1"


def test_version_and_alias_are_the_same_bundle(champion_home: Path) -> None:
    by_alias, by_number = load_version(champion_home), load_version(champion_home, "1")
    assert by_alias.trees_sha256 == by_number.trees_sha256


def test_unknown_version_lists_the_known_ones(champion_home: Path) -> None:
    with pytest.raises(InvalidInput, match="versions: 1"):
        load_version(champion_home, "7")


def test_unexported_version_of_a_read_only_home_is_loaded(
    champion_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """os.access as for another user: the tests may run as root, who may write anywhere."""
    exported = load_version(champion_home, "1")
    shutil.rmtree(champion_home / "bundles" / "1")
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    assert Registry(champion_home).is_read_only
    assert load_version(champion_home, "1").trees_sha256 == exported.trees_sha256
    assert not (champion_home / "bundles" / "1").exists()
