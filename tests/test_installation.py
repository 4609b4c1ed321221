"""A wheel in a fresh environment with the serving lock alone: it scores, serves, and holds no training package."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[1]
TRAINING_PACKAGES = ("lightgbm", "matplotlib", "mlflow", "shap", "sklearn")


def run(*command: str | Path, cwd: Path) -> str:
    """Output of a command that must succeed, without this process's paths."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the serving lock and the project's wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet")
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "dist", ROOT)
    run(sys.executable, *pip, *wheel, cwd=folder)
    run(sys.executable, "-m", "venv", folder / "environment", cwd=folder)
    python = folder / "environment" / "bin" / "python"
    lock = ROOT / "requirements-serve.lock"
    run(python, *pip, "install", "--require-hashes", "--requirement", lock, cwd=folder)
    (built,) = (folder / "dist").glob("leadcast-*.whl")
    run(python, *pip, "install", "--no-deps", built, cwd=folder)
    return python


def test_serving_lock_installs_no_training_package(installed: Path, tmp_path: Path) -> None:
    code = f"from importlib.util import find_spec\nprint([n for n in {TRAINING_PACKAGES} if find_spec(n)])"
    assert run(installed, "-c", code, cwd=tmp_path).strip() == "[]"


def test_serving_lock_scores_like_the_full_environment(
    installed: Path, tmp_path: Path, crm: Path, trained_home: Path
) -> None:
    command = ("-m", "cli", "score", crm, "--home", trained_home, "--output")
    run(installed, *command, tmp_path / "installed.csv", cwd=tmp_path)
    run(sys.executable, *command, tmp_path / "here.csv", cwd=ROOT)
    assert (tmp_path / "installed.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_application_of_the_wheel_answers_a_score(
    installed: Path, tmp_path: Path, trained_home: Path
) -> None:
    code = """
import json, sys
from starlette.testclient import TestClient
from serving.service import Leadcast
body = {"lead_id": "L-1", "created_at": "2026-01-05T08:00:00Z", "attributes": {}}
with TestClient(Leadcast.to_asgi(), base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
    answer = client.post("/v1/score?as_of=2026-02-01T00:00:00Z", json=body)
    print(json.dumps([answer.status_code, answer.json().get("status"), client.get("/").status_code]))
"""
    environment = f"import os\nos.environ['LEADCAST_HOME'] = {str(trained_home)!r}\n"
    switch = "os.environ['BENTOML_CONFIG_OPTIONS'] = 'services.Leadcast.metrics.enabled=false'\n"
    printed = run(installed, "-W", "ignore", "-c", environment + switch + code, cwd=tmp_path)
    status, answer, page = json.loads(printed.strip().splitlines()[-1])
    assert (status, page) == (200, 200)
    assert answer in ("scored", "insufficient_data")


def test_training_without_its_packages_says_what_to_install(
    installed: Path, tmp_path: Path, crm: Path
) -> None:
    command = [str(installed), "-m", "cli", "train", str(crm), "--home", str(tmp_path / "home")]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith("pip install 'leadcast[train]'")


def test_import_leadcast_beside_a_foreign_models_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("", encoding="utf-8")
    code = "try:\n    import leadcast\n    print('works')\nexcept ImportError as error:\n    print(error)"
    printed = run(installed, "-c", code, cwd=tmp_path)
    assert printed.strip() == "works" or str(tmp_path / "models") in printed
