"""The trial of a bundle: its manifest, its files, and a score in a child process."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from history.base.errors import DamagedArtifact
from models.home.pointer import Pointer, manifest_sha256
from serving.model.trial import load_checked, try_in_child, try_out


@pytest.fixture
def folder(trained_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_home / "bundles" / "1", tmp_path / "1"))


def test_only_the_promoted_manifest_is_loaded(folder: Path) -> None:
    assert try_out(load_checked(folder, manifest_sha256(folder), "1")) is None
    with pytest.raises(DamagedArtifact):
        load_checked(folder, "0" * 64, "1")


def test_the_child_names_the_damaged_file(folder: Path) -> None:
    pointer = Pointer("1", folder, manifest_sha256(folder))
    assert asyncio.run(try_in_child(pointer)) is None
    (folder / "card.json").write_text(json.dumps({"changed": True}))
    assert "card.json" in str(asyncio.run(try_in_child(pointer)))
