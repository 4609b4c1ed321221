"""Applications over a loaded store, and over empty ones with and without a model."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from tests.builders.command import run_json
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application


@pytest.fixture(scope="module")
def loaded_home(trained_home: Path, crm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion and `crm` in its store."""
    home = tmp_path_factory.mktemp("reports") / "home"
    shutil.copytree(trained_home, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LEADCAST_HOME", raising=False)
        run_json(home, "load", str(crm), "--json")
    return home


def _champion(home: Path) -> Bundle:
    pointer = read_pointer(home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture
def client(loaded_home: Path, tmp_path: Path) -> Iterator[TestClient]:
    """The application over a copy of the loaded home, with its champion."""
    home = Path(shutil.copytree(loaded_home, tmp_path / "served"))
    with caller(application(FakeRuntime(home, _champion(home)))) as client:
        yield client


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient]:
    """The application over an empty store, without a model."""
    with caller(application(FakeRuntime(tmp_path / "none", None))) as client:
        yield client


@pytest.fixture
def thin(trained_home: Path, tmp_path: Path) -> Iterator[TestClient]:
    """The application over an empty store, with a champion."""
    with caller(application(FakeRuntime(tmp_path / "thin", _champion(trained_home)))) as client:
        yield client
