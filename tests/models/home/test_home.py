"""The home: a given folder, else LEADCAST_HOME, else .leadcast; never a file."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from models.home.home import home_folder


def test_folder_comes_before_the_variable_and_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEADCAST_HOME", raising=False)
    assert home_folder() == tmp_path / ".leadcast"
    monkeypatch.setenv("LEADCAST_HOME", "state")
    assert home_folder() == tmp_path / "state"
    assert home_folder("other") == tmp_path / "other"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_file_in_its_place_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="file is a file"):
        home_folder(tmp_path / name)
