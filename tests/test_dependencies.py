"""The pinned requirements: complete, hashed, free of addresses, and not below the versions that mended known holes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
FLOORS = {
    "bentoml": "1.4.39",  # CVE-2026-44345 and -44346: symlinks in bento builds
    "mlflow": "3.17.0",  # CVE-2026-116690: path traversal
    "starlette": "1.3.1",  # CVE-2026-54283: form parsing, denial of service
    "python-multipart": "0.0.32",
    "skops": "0.13",  # CVE-2025-54886: falls back to joblib
}


def pins(lock: str) -> dict[str, set[Version]]:
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", (ROOT / lock).read_text(), re.M
    ):
        found.setdefault(name.lower(), set()).add(Version(version))
    return found


def declared(extra: str | None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return [Requirement(text) for text in listed]


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("name", FLOORS)
def test_no_pin_is_below_its_floor(lock: str, name: str) -> None:
    assert all(version >= Version(FLOORS[name]) for version in pins(lock)[name])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_no_address_and_a_hash_for_every_pin(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(
        r"://|^\s*-|index-url|find-links|@ ", re.sub(r"^\s+--hash=.*$", "", text, flags=re.M), re.M
    )
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize(
    ("lock", "extra"),
    [("requirements.lock", None), ("requirements-dev.lock", "dev"), ("requirements.lock", "build")],
)
def test_every_direct_dependency_has_a_floor_that_the_lock_meets(lock: str, extra: str | None) -> None:
    locked = pins(lock)
    for wanted in declared(extra):
        assert ">=" in str(wanted.specifier), f"{wanted.name} has no floor"
        assert all(version in wanted.specifier for version in locked[wanted.name.lower()])


def test_both_locks_pin_the_same_versions() -> None:
    runtime, dev = (pins(lock) for lock in LOCKS)
    assert all(dev[name] == versions for name, versions in runtime.items())
