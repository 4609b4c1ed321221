"""Simulated worlds and trainings on them, created once a run for the tests of this room."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from history.history import History
from history.read import read_folder
from history.snapshot import open_leads
from models.scorer import score
from models.scores.scores import Scores
from tests.conftest import made_once
from training.rows.dataset import Rows, training_rows
from training.rows.training_set import TrainingSet, prepare
from training.train import Trained, TrainOptions, train


@pytest.fixture(scope="session")
def world_folder(shared_folder: Path) -> Path:
    """A simulated CRM of 1,200 leads over 14 months with its truth; read-only."""
    from simulation.simulate import simulate

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
def training_set(small_history: History) -> TrainingSet:
    return prepare(small_history, training_rows(small_history, 0), 0).training_set


@pytest.fixture(scope="session")
def small_trained(small_history: History) -> Trained:
    return train(small_history, TrainOptions(trials=0))


@dataclass(frozen=True)
class KnownWorld:
    """A history known at T, its training, the scores of its open leads, and their true probabilities (n,)."""

    history: History
    trained: Trained
    scores: Scores
    truth: npt.NDArray[np.float64]


def known_world(folder: Path, as_of: str) -> KnownWorld:
    """A simulated folder's world; as_of: the first of a month, when the simulator writes each open lead's truth."""
    history = read_folder(folder, as_of_us=int(pd.Timestamp(as_of, tz="UTC").value // 1000))
    trained = train(history, TrainOptions(trials=0))
    scores = score(trained.bundle, open_leads(history, history.as_of_us), 0)
    rows = pd.read_csv(folder / "truth" / "leads.csv")
    rows = rows[rows["as_of"].str.startswith(as_of)].set_index("lead_id")
    truth = rows["probability"].reindex(list(scores.lead_ids)).to_numpy(dtype=np.float64)
    assert len(truth) > 200
    assert not np.isnan(truth).any()
    return KnownWorld(history, trained, scores, truth)


@pytest.fixture(scope="session")
def known_worlds(world_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[KnownWorld]:
    """Two worlds, three dates."""
    from simulation.simulate import simulate

    other = tmp_path_factory.mktemp("world") / "6"
    simulate(other, leads=1200, months=14, seed=6)
    return [
        known_world(world_folder, "2026-03-01"),
        known_world(world_folder, "2026-05-01"),
        known_world(other, "2026-05-01"),
    ]
