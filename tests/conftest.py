"""What every test shares: one OpenMP thread, no threads that spin, no state outside of the test's own folder.

Hypothesis draws the same examples at every run; `make search` draws new ones.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)  # no test depends on the clock
settings.register_profile("new", print_blob=True, deadline=None)
settings.load_profile("same")

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["BENTOML_DO_NOT_TRACK"] = "true"
for name in [name for name in os.environ if name.startswith("LEADCAST_") or name == "MLFLOW_TRACKING_URI"]:
    del os.environ[name]


@pytest.fixture(autouse=True)
def _home_does_not_leak() -> Iterator[None]:
    """Commands called in process write --home to the environment; the next test must not see it."""
    yield
    os.environ.pop("LEADCAST_HOME", None)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run, also when several processes share it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, made by the first process of a run that asks for it."""
    with open(folder.with_name(f"{folder.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = folder.with_name(f"{folder.name}.partial")
            make(partial)
            partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def migrated_home(shared_folder: Path) -> Path:
    """A home whose MLflow tables exist: making them takes seconds, copying them does not."""

    def migrate(folder: Path) -> None:
        from training.registry.registry import Registry

        folder.mkdir()
        (folder / "mlflow.db").touch(0o600)
        Registry(folder).versions()

    return made_once(shared_folder / "migrated-home", migrate)


@pytest.fixture
def home(tmp_path: Path, migrated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of one test, LEADCAST_HOME set to it."""
    folder = tmp_path / "home"
    shutil.copytree(migrated_home, folder)
    monkeypatch.setenv("LEADCAST_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def crm(shared_folder: Path) -> Path:
    """A simulated CRM of 400 leads over 10 months; only to be read."""
    from simulation.simulate import simulate

    return made_once(shared_folder / "crm", lambda folder: simulate(folder, leads=400, months=10))


@pytest.fixture(scope="session")
def trained_home(shared_folder: Path, migrated_home: Path, crm: Path) -> Path:
    """A home with one version trained on `crm` by the command and promoted; only to be copied."""

    def train(folder: Path) -> None:
        from click.testing import CliRunner

        from cli.main import leadcast

        shutil.copytree(migrated_home, folder)
        arguments = [
            "train",
            str(crm),
            "--trials",
            "0",
            "--promote",
            "always",
            "--json",
            "--home",
            str(folder),
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("LEADCAST_HOME", raising=False)
            result = CliRunner().invoke(leadcast, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        (folder / "train.json").write_text(result.stdout)

    return made_once(shared_folder / "trained-home", train)


@pytest.fixture
def champion_home(tmp_path: Path, trained_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of one test with a promoted version, LEADCAST_HOME set to it."""
    folder = tmp_path / "home"
    shutil.copytree(trained_home, folder)
    monkeypatch.setenv("LEADCAST_HOME", str(folder))
    return folder
