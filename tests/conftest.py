"""What every test shares: one OpenMP thread, no threads that spin, no state outside of the test's own folder."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["BENTOML_DO_NOT_TRACK"] = "true"
for name in [name for name in os.environ if name.startswith("LEADCAST_") or name == "MLFLOW_TRACKING_URI"]:
    del os.environ[name]


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run, also when several processes share it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def migrated_home(shared_folder: Path) -> Path:
    """A home whose MLflow tables exist: making them takes seconds, copying them does not."""
    template = shared_folder / "migrated-home"
    with open(shared_folder / "migrated-home.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            from training.registry import Registry

            partial = shared_folder / "migrated-home.partial"
            Registry(partial).versions()
            partial.rename(template)
    return template


@pytest.fixture
def home(tmp_path: Path, migrated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of one test, LEADCAST_HOME set to it."""
    folder = tmp_path / "home"
    shutil.copytree(migrated_home, folder)
    monkeypatch.setenv("LEADCAST_HOME", str(folder))
    return folder
