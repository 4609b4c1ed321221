"""Exported versions are listed newest first; what cannot be read is left out."""

import json
import shutil
from pathlib import Path

from models.home.exports import exported_versions
from models.home.pointer import POINTER, read_pointer, write_pointer


def with_second(home: Path) -> None:
    """Adds version 2, promoted after version 1."""
    shutil.copytree(home / "bundles" / "1", home / "bundles" / "2")
    pointer = read_pointer(home)
    assert pointer is not None
    write_pointer(home, type(pointer)("2", home / "bundles" / "2", pointer.manifest_sha256, ("1",)))


def test_champion_and_its_predecessor_are_marked(champion_home: Path) -> None:
    with_second(champion_home)
    second, first = exported_versions(champion_home)
    assert (second.model_version, second.is_champion, second.is_predecessor) == ("2", True, False)
    assert (first.model_version, first.is_champion, first.is_predecessor) == ("1", False, True)
    card = json.loads((champion_home / "bundles" / "1" / "card.json").read_text())
    assert first.describe()["metrics"] == card["metrics"]


def test_damaged_bundle_is_left_out_and_a_damaged_pointer_marks_none(champion_home: Path) -> None:
    with_second(champion_home)
    (champion_home / "bundles" / "2" / "card.json").write_text("[")
    (champion_home / POINTER).write_text("{}")
    (champion_home / "bundles" / ".export-x").mkdir()
    assert [(v.model_version, v.is_champion) for v in exported_versions(champion_home)] == [("1", False)]


def test_home_without_versions_has_none(tmp_path: Path) -> None:
    assert exported_versions(tmp_path) == []
