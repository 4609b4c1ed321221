"""Dependencies by role, and locks that are complete, hashed, free of addresses and above known vulnerabilities."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
RUNTIME = ("", "train", "serve", "postgres", "build", "bento")
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-serve.lock": ("", "serve", "postgres", "build"),
    "requirements-dev.lock": (*RUNTIME, "dask", "docs", "dev"),
}
TRAINING_ONLY = ("lightgbm", "matplotlib", "mlflow", "scikit-learn", "shap")
FLOORS = {
    "bentoml": "1.4.39",  # CVE-2026-44345 and -44346: symlinks in bento builds
    "mlflow": "3.17.0",  # CVE-2026-116690: path traversal
    "starlette": "1.3.1",  # CVE-2026-54283: form parsing, denial of service
    "python-multipart": "0.0.32",
    "skops": "0.13",  # CVE-2025-54886: falls back to joblib
}


def pins(lock: str) -> dict[str, set[Version]]:
    """Versions pinned for each package; several where they differ by platform."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", text, re.M):
        pinned.setdefault(canonicalize_name(name), set()).add(Version(version))
    return pinned


def declared(extra: str) -> list[Requirement]:
    return [Requirement(text) for text in EXTRAS[extra]]


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("name", FLOORS)
def test_no_pin_is_below_its_security_floor(lock: str, name: str) -> None:
    assert all(version >= Version(FLOORS[name]) for version in pins(lock).get(name, ()))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    without_hashes = re.sub(r"^\s+--hash=.*$", "", text, flags=re.M)
    assert not re.search(r"://|^\s*-|index-url|find-links|@ ", without_hashes, re.M)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize(("lock", "extra"), [(lock, extra) for lock in LOCKS for extra in LOCKS[lock]])
def test_lock_meets_every_declared_floor(lock: str, extra: str) -> None:
    pinned = pins(lock)
    for requirement in declared(extra):
        assert ">=" in str(requirement.specifier), f"{requirement.name} has no lower bound"
        versions = pinned[canonicalize_name(requirement.name)]
        assert all(version in requirement.specifier for version in versions)


@pytest.mark.parametrize("lock", ["requirements-serve.lock", "requirements-dev.lock"])
def test_all_locks_pin_the_same_versions(lock: str) -> None:
    pinned, runtime = pins(lock), pins("requirements.lock")
    shared = pinned.keys() & runtime.keys()
    assert {name: pinned[name] for name in shared} == {name: runtime[name] for name in shared}
    if lock == "requirements-serve.lock":
        assert pinned.keys() <= runtime.keys()


def test_serving_lock_has_no_training_package() -> None:
    assert not [name for name in pins("requirements-serve.lock") if name.startswith(TRAINING_ONLY)]


def test_private_parts_of_uvicorn_have_an_upper_bound() -> None:
    (uvicorn,) = [r for r in declared("serve") if r.name == "uvicorn"]
    assert "<" in str(uvicorn.specifier)


def test_a_bento_has_every_room_that_the_service_imports_or_runs() -> None:
    """The environment of the tests has all rooms on its path, so that a missing one shows only where it is deployed."""
    included = (ROOT / "bentofile.yaml").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    content = [path.read_text(encoding="utf-8") for path in (ROOT / "serving").rglob("*.py")]
    used = {
        room
        for room in rooms
        if any(
            re.search(rf"^ *(from|import) {room}\b|module(: str)? = \"{room}\b", text, re.M)
            for text in content
        )
    }
    assert used > {"serving", "history", "connectors", "cli"}
    used.add("engines")  # of `cli`, for --engine of the commands on a store
    assert [room for room in sorted(used) if f'"{room}/**/*.py"' not in included] == []
