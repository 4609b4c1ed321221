"""Simulated worlds and what was trained on them, made once a run for the tests of this room."""

from pathlib import Path

import pytest

from features.event_log import History
from features.history import read_folder
from tests.conftest import made_once
from training.dataset import Rows, training_rows
from training.fit import Trained, TrainOptions, train


@pytest.fixture(scope="session")
def world_folder(shared_folder: Path) -> Path:
    """A simulated CRM of 1,200 leads over 14 months with its truth; only to be read."""
    from training.simulate import simulate

    return made_once(shared_folder / "world", lambda folder: simulate(folder, leads=1200, months=14, seed=5))


@pytest.fixture(scope="session")
def world(world_folder: Path) -> History:
    return read_folder(world_folder)


@pytest.fixture(scope="session")
def world_rows(world: History) -> Rows:
    return training_rows(world, 0)


@pytest.fixture(scope="session")
def small_history(crm: Path) -> History:
    return read_folder(crm)


@pytest.fixture(scope="session")
def small_trained(small_history: History) -> Trained:
    return train(small_history, TrainOptions(trials=0))
