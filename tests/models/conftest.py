"""One model trained on the shared CRM, in memory and as a folder, for every test of this room."""

from pathlib import Path

import pytest

from history.history import History
from history.read import read_folder
from models.bundle import Bundle
from models.home.saved import load_bundle, save_bundle
from tests.conftest import made_once
from training.train import TrainOptions, train


@pytest.fixture(scope="session")
def history(crm: Path) -> History:
    return read_folder(crm)


@pytest.fixture(scope="session")
def bundle_folder(shared_folder: Path, history: History) -> Path:
    """A saved bundle with a usable signal; only to be read."""

    def make(folder: Path) -> None:
        save_bundle(train(history, TrainOptions(trials=0)).bundle, folder)

    return made_once(shared_folder / "bundle", make)


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path) -> Bundle:
    found = load_bundle(bundle_folder, "7")
    assert found.signal == "usable"
    return found
