"""The service and its commands run without the training packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.service.running_service import AS_OF, LEAD, ROOT, Service, until

pytestmark = pytest.mark.long  # starts many processes

TRAINING_ONLY = (
    "fastapi",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "pandas",
    "shap",
    "sklearn",
    "skops",
)
# Python imports a module of this name at its start, so that every child process refuses them too.
BLOCKER = f"""
import sys
from importlib.abc import MetaPathFinder

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {TRAINING_ONLY!r}:
            raise ModuleNotFoundError(f"the serving environment has no {{name}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture
def environment(tmp_path: Path, trained_home: Path) -> dict[str, str]:
    """Variables of processes that cannot import the training packages, over a home with a model."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(BLOCKER)
    home = shutil.copytree(trained_home, tmp_path / "home")
    return {"PYTHONPATH": os.pathsep.join((str(blocked), str(ROOT))), "LEADCAST_HOME": str(home)}


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )


def test_the_blocker_works(environment: dict[str, str]) -> None:
    done = run(environment, "-c", "import sklearn")
    assert "the serving environment has no sklearn" in done.stderr


def test_a_lead_is_scored(environment: dict[str, str]) -> None:
    home = Path(environment["LEADCAST_HOME"])
    service = Service(home, PYTHONPATH=environment["PYTHONPATH"])
    try:
        until(service.is_ready)
        assert 0 < service.get(f"/v1/score?as_of={AS_OF}", LEAD)["probability"] < 1
    finally:
        service.end()


@pytest.mark.long
def test_the_store_commands_run(environment: dict[str, str], crm: Path, tmp_path: Path) -> None:
    backup, other = tmp_path / "all.backup", {**environment, "LEADCAST_HOME": str(tmp_path / "other")}
    for variables, command in (
        (environment, ["load", str(crm)]),
        (environment, ["rescore"]),
        (environment, ["export", str(tmp_path / "out")]),
        (environment, ["backup", str(backup)]),
        (other, ["restore", str(backup)]),
    ):
        done = run(variables, "-m", "cli", *command)
        assert done.returncode == 0, (command, done.stderr)
