"""The model of a command: the champion of the home of --home, or none."""

from pathlib import Path

import pytest

from cli.model_choice import champion, champion_if_sound, model
from history.base.errors import DamagedArtifact


def test_home_without_a_champion_has_no_model(home: Path) -> None:
    assert champion() is None
    assert champion_if_sound().bundle is None


def test_champion_and_its_version_are_one_model(champion_home: Path) -> None:
    bundle = champion()
    assert bundle is not None
    assert model("champion").version == model(bundle.version).version == bundle.version


def test_damaged_champion_stops_a_command_that_needs_it(champion_home: Path) -> None:
    for path in (champion_home / "bundles").rglob("model.json"):
        path.write_text("{}")
    with pytest.raises(DamagedArtifact):
        champion()
    sound = champion_if_sound()
    assert sound.bundle is None
    assert sound.warnings
