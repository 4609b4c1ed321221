"""The champion's trial beside the start of the workers."""

import json
import shutil
from pathlib import Path

import pytest

from models.home.pointer import read_pointer
from serving.model.first_trial import main
from serving.model.verdicts import Verdict, read_verdict


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


def verdict(home: Path, run_folder: Path) -> Verdict | None:
    main(home, run_folder)
    pointer = read_pointer(home)
    assert pointer is not None
    return read_verdict(run_folder, pointer, 60.0)


def test_workers_find_the_verdict_on_the_champion(home: Path, tmp_path: Path) -> None:
    assert verdict(home, tmp_path) == Verdict(None)


def test_a_damaged_champion_is_refused_with_the_file(home: Path, tmp_path: Path) -> None:
    pointer = read_pointer(home)
    assert pointer is not None
    (pointer.folder / "card.json").write_text(json.dumps({"changed": True}))
    found = verdict(home, tmp_path)
    assert found is not None
    assert "card.json" in str(found.reason)


def test_a_home_without_a_champion_has_no_verdict(tmp_path: Path) -> None:
    main(tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model_check.lock"]
