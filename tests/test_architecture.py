"""The rooms and cupboards of the house and the directions between them, checked on every import of every file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "history",
    "engines",
    "features",
    "models",
    "funnel",
    "simulation",
    "connectors",
    "training",
    "serving",
    "leadcast",
    "cli",
)
# Rooms that a room may import besides itself.
ROOM_IMPORTS = {
    "history": set[str](),
    "engines": {"history"},
    "features": {"history"},
    "models": {"features", "history"},
    "funnel": {"models", "features", "history"},
    "simulation": {"features", "history"},
    "connectors": {"history"},
    "training": {"funnel", "models", "features", "history"},
    "serving": {"funnel", "models", "features", "history", "connectors"},
    "leadcast": {"training", "funnel", "models", "features", "history"},
    "cli": set(ROOMS),
}
SYSTEMS_OF_PERSONS = ("segment", "amplitude", "ga4", "marketo", "pardot")
SYSTEMS_OF_DEALS = ("salesforce", "hubspot", "odoo", "pipedrive", "dynamics")
# Cupboards that a cupboard may import besides itself; "." is the room's top level.
CUPBOARD_IMPORTS = {
    "history": {
        "base": set[str](),
        "text": {"base"},
        "config": {"base", "text"},
        ".": {"base", "text", "config"},
        "outcomes": {".", "base", "text", "config"},
        "folder": {".", "base", "text", "config", "outcomes"},
        "records": {".", "base", "text", "config", "outcomes"},
    },
    "features": {
        ".": set[str](),
        "attributes": {"."},
        "declared": {"."},
        "interactions": {"."},
        "stages": {"."},
    },
    "models": {
        "trees": set[str](),
        "figures": {"trees"},
        "reasons": {"figures"},
        "scores": {"reasons"},
        "doubts": set[str](),
        ".": {"trees", "figures", "reasons", "scores", "doubts"},
        "home": {"trees", "figures", "reasons", "doubts", "."},
    },
    "connectors": {
        "formats": set[str](),
        "reading": {"formats"},
        "folder": {"formats", "reading"},
        "deals": {"reading", "folder"},
        "persons": {"formats", "reading", "folder", "deals"},
        "mapping": {"formats", "reading", "folder", "deals"},
        **{system: {"reading", "folder", "deals", "persons"} for system in SYSTEMS_OF_PERSONS},
        **{system: {"reading", "folder", "deals"} for system in SYSTEMS_OF_DEALS},
        ".": {"formats", "reading", "folder", "mapping"},
    },
    "funnel": {".": set[str](), "state": {"."}, "forecast": {"."}},
    "training": {
        "rows": set[str](),
        "fit": {"rows"},
        "evaluation": {"rows", "fit"},
        "audit": {"rows", "fit", "evaluation"},
        "registry": set[str](),
        ".": {"rows", "fit", "evaluation", "audit", "registry"},
        "backtest": {"rows", "fit", "evaluation", "audit", "registry", "."},
    },
    "serving": {
        "base": set[str](),
        "http": {"base"},
        "store": {"base"},
        "model": {"base"},
        "jobs": {"base"},
        "api": {"base", "http", "store", "model", "jobs"},
        "pages": {"base", "http", "store", "model", "jobs", "api"},
        ".": {"base", "http", "store", "model", "jobs", "api", "pages"},
        "process": {"base", "http", "model", "."},
    },
    "cli": {
        "shown": set[str](),
        "folder": {"shown", "."},
        ".": {"shown", "folder"},
        "commands": {"shown", "folder", "."},
    },
}
# Files that join a room's cupboards: they import them, and no cupboard imports them.
FACADES = {
    "history/__init__.py",
    "history/read.py",
    "features/by_parts.py",
    "features/catalogue.py",
    "features/catalogue_page.py",
    "features/matrix.py",
    "features/vocabulary.py",
    "models/by_parts.py",
}
# Libraries that may be imported only by the files that match.
LIBRARIES = {
    "bentoml": ("serving/service.py",),
    "mlflow": ("training/registry/*.py",),
    "shap": ("training/report.py",),
    "matplotlib": ("training/report.py",),
    "plotly": ("funnel/*figures.py", "training/backtest/plots.py", "training/backtest/report.py"),
    "sklearn": ("training/*.py",),
    "lightgbm": ("training/*.py",),
    "sqlalchemy": ("serving/*.py",),
    "alembic": ("serving/store/*.py",),
    "starlette": ("serving/*.py",),
    "pandas": ("leadcast/__init__.py",),
    "uvicorn": ("serving/http/*.py", "serving/process/*.py"),
    "python_calamine": ("connectors/formats/workbook.py",),
    "dask": ("engines/dask_cluster.py",),
    "distributed": ("engines/dask_cluster.py",),
    "pyspark": ("engines/spark_cluster.py",),
    "py4j": ("engines/spark_cluster.py",),
    "click": ("cli/*.py",),
    "rich": ("cli/*.py",),
}
CLOCK_ROOMS = ("serving", "cli", "leadcast")
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
LONGEST_FILE = 600
# Files without a test file of their own: packages' descriptions, and declarations without behaviour.
DECLARATIONS = (
    "*/__init__.py",
    "cli/__main__.py",
    "connectors/*/objects.py",
    "connectors/*/tables.py",
    "history/base/arrays.py",
    "serving/base/event.py",
    "serving/base/limits.py",
    "serving/model/errors.py",
    "serving/store/errors.py",
    "serving/store/migrations/*.py",
    "simulation/names.py",
    "training/backtest/result.py",
)
# Cupboards of connectors that every system shares. The others are one system each, whose files are tested together, by
# whole exports with a known truth: tests/connectors/test_SYSTEM.py, or a folder of that name.
SHARED_BY_SYSTEMS = (".", "formats", "reading", "folder", "deals", "mapping")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def cupboard_of(name: str) -> str:
    """The cupboard of a file such as "serving/store/schema.py"; "." for the room's top level."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 else "."


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_modules(path: Path) -> Iterator[str]:
    """Modules imported anywhere in a file; `from a import b` gives a.b if b is a module."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute, so that the room is visible"
            yield node.module
            submodules = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (module for module in submodules if file_of(module))


def file_of(module: str) -> str | None:
    """The file of a module of ours, relative to the root; None for a package or a library."""
    path = Path(*module.split(".")).with_suffix(".py")
    return path.as_posix() if (ROOT / path).is_file() else None


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = name_of(path).split("/")[0]
    imported = {module.split(".")[0] for module in imported_modules(path)} & set(ROOMS)
    upward = imported - ROOM_IMPORTS[room] - {room}
    assert not upward, f"{room} must not import {upward}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if name_of(p).split("/")[0] in CUPBOARD_IMPORTS], ids=name_of
)
def test_cupboard_imports_only_those_below_it(path: Path) -> None:
    name = name_of(path)
    if name in FACADES:
        return
    room, cupboard = name.split("/")[0], cupboard_of(name)
    allowed = CUPBOARD_IMPORTS[room][cupboard] | {cupboard}
    files = (file_of(module) for module in imported_modules(path) if module.split(".")[0] == room)
    closed = set() if cupboard == "." else FACADES
    upward = [file for file in files if file and (cupboard_of(file) not in allowed or file in closed)]
    assert not upward, f"{room}/{cupboard} must not import {upward}"


def test_every_cupboard_has_its_directions() -> None:
    for room, directions in CUPBOARD_IMPORTS.items():
        cupboards = {cupboard_of(name_of(path)) for path in (ROOT / room).rglob("*.py")}
        assert cupboards - {"."} == set(directions) - {"."}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_library_stays_in_its_place(path: Path) -> None:
    for module in imported_modules(path):
        places = LIBRARIES.get(module.split(".")[0])
        inside = places is None or any(fnmatch(name_of(path), place) for place in places)
        assert inside, f"{module} belongs in {places}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if name_of(p).split("/")[0] not in CLOCK_ROOMS], ids=name_of
)
def test_only_the_edges_read_the_clock(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}
    readings = {call for call in calls for clock in CLOCKS if call == clock or call.endswith("." + clock)}
    assert not readings, "the clock is read in cli/, serving/ and leadcast/ and passed down"


def test_training_and_serving_share_only_the_bundle() -> None:
    """Loading the service must not load a training package, not even through a room between."""
    training_only = ["lightgbm", "sklearn", "mlflow", "shap", "matplotlib"]
    code = f"import serving.application, sys\nprint([m for m in {training_only} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import history.records.read, features.matrix", "pandas pyarrow lightgbm sklearn mlflow"),
        ("import models.scorer, models.home.pointer", "mlflow shap plotly matplotlib"),
        ("import engines.choice, engines.work", "pandas pyarrow lightgbm sklearn mlflow distributed dask"),
        ("import leadcast", "pandas pyarrow numba lightgbm sklearn mlflow sqlalchemy"),
        (
            "from cli.main import main, COMMANDS, leadcast as g\nimport click\ng.get_help(click.Context(g))",
            "numpy pandas pyarrow lightgbm sklearn mlflow sqlalchemy starlette rich",
        ),
    ],
    ids=["records and features", "scoring", "engines", "import leadcast", "leadcast --help"],
)
def test_start_loads_no_heavy_package(start: str, unwanted: str) -> None:
    code = f"{start}\nimport sys\nprint([m for m in {unwanted.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_file_outgrows_a_reader() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert not too_long, "split them: one file, one job"


def test_every_file_has_a_test_file_in_its_place() -> None:
    """tests/ROOM/CUPBOARD/test_FILE.py: whoever changes a file finds its tests without a search."""
    missing = [
        name for name in map(name_of, FILES) if needs_a_test(name) and not file_of_tests(name).is_file()
    ]
    assert not missing, "add tests/ROOM/CUPBOARD/test_FILE.py, or name a declaration in DECLARATIONS"


def needs_a_test(name: str) -> bool:
    return not is_of_a_system(name) and not any(fnmatch(name, pattern) for pattern in DECLARATIONS)


def is_of_a_system(name: str) -> bool:
    return name.startswith("connectors/") and cupboard_of(name) not in SHARED_BY_SYSTEMS


def file_of_tests(name: str) -> Path:
    path = ROOT / "tests" / name
    return path.with_name(f"test_{path.name}")


def test_every_exception_to_the_mirror_is_needed() -> None:
    names = [name_of(path) for path in FILES]
    for pattern in DECLARATIONS:
        assert any(fnmatch(name, pattern) for name in names), f"no file is {pattern}"
        assert "*" in pattern or not file_of_tests(pattern).is_file(), f"{pattern} has a test file"


def test_every_system_is_tested_by_its_exports() -> None:
    tests = ROOT / "tests" / "connectors"
    for system in {cupboard_of(name) for name in map(name_of, FILES) if is_of_a_system(name)}:
        assert (tests / f"test_{system}.py").is_file() or (tests / system).is_dir(), system
