"""The rooms of the house: what may import what, held by walking every import of every file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("features", "models", "funnel", "training", "serving", "cli")
MAY_IMPORT = {
    "features": {"features"},
    "models": {"models", "features"},
    "funnel": {"funnel", "models", "features"},
    "training": {"training", "funnel", "models", "features"},
    "serving": {"serving", "funnel", "models", "features"},
    "cli": set(ROOMS),
}
ONLY_IN = {
    "bentoml": ("serving/service.py",),
    "mlflow": ("training/registry/mlflow.py",),
    "shap": ("training/report.py",),
    "matplotlib": ("training/report.py",),
    "plotly": ("funnel/*figures.py", "training/*figures.py"),
    "optuna": ("training/*.py",),
    "sklearn": ("training/*.py",),
    "lightgbm": ("models/*.py", "training/*.py"),
    "sqlalchemy": ("serving/*.py", "serving/migrations/*.py", "serving/migrations/versions/*.py"),
    "alembic": ("serving/*.py", "serving/migrations/*.py", "serving/migrations/versions/*.py"),
    "fastapi": ("serving/*.py",),
    "starlette": ("serving/*.py",),
    "pandas": (),
    "uvicorn": ("serving/*.py", "cli/serve.py"),
    "click": ("cli/*.py",),
    "rich": ("cli/*.py",),
}
LONGEST_FILE = 450
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
FILES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute, so that the room is in sight"
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_each_room_imports_only_the_rooms_below_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    room = name_of(path).split("/")[0]
    taken = {module.split(".")[0] for module in imports_of(tree)} & set(ROOMS)
    assert taken <= MAY_IMPORT[room], f"{room} must not know {taken - MAY_IMPORT[room]}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_each_library_stays_where_it_belongs(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for module in imports_of(tree):
        places = ONLY_IN.get(module.split(".")[0])
        assert places is None or any(fnmatch(name_of(path), place) for place in places), (
            f"{module} belongs in {places}"
        )


@pytest.mark.parametrize(
    "path", [p for p in FILES if name_of(p).split("/")[0] not in ("cli", "serving")], ids=name_of
)
def test_only_the_edges_read_the_clock(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    read = {call for call in calls if any(call == clock or call.endswith("." + clock) for clock in CLOCKS)}
    assert not read, "the clock is read in cli/ and serving/ and passed down"


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import history.records.read, features.matrix", "pandas pyarrow lightgbm sklearn mlflow"),
        ("import models.scorer, models.pointer", "mlflow shap plotly matplotlib optuna"),
        (
            "from cli.main import main, COMMANDS, leadcast as g\nimport click\ng.get_help(click.Context(g))",
            "numpy pandas pyarrow lightgbm sklearn mlflow sqlalchemy fastapi rich",
        ),
    ],
    ids=["request door and features", "scoring", "leadcast --help"],
)
def test_what_starts_often_does_not_load_what_it_does_not_need(start: str, unwanted: str) -> None:
    code = f"{start}\nimport sys\nprint([m for m in {unwanted.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_stay_readable() -> None:
    long = {
        name_of(p): n for p in FILES if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long, "split them: a file does one job in around 100 lines"
