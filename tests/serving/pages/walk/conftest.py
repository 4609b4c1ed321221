"""Services for people in a browser: over a simulated world, with keys over the same one, and without a model."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.builders.pages.browser import Visit, chromium_path, running_chromium, visiting
from tests.builders.pages.browser_world import build_home, yesterday_evening
from tests.builders.service.running_service import Service, until
from tests.conftest import made_once

KEYS = "admins-key,readers-key:read"


@pytest.fixture(scope="session")
def morning_home(shared_folder: Path, trained_home: Path) -> Path:
    """A home with two versions and a followed CRM; only to be copied."""
    chromium_path()
    return made_once(
        shared_folder / "morning-home", lambda folder: build_home(folder, trained_home, yesterday_evening())
    )


@contextmanager
def running(home: Path, is_up: Callable[[Service], bool], **environment: str) -> Iterator[Service]:
    service = Service(home, LEADCAST_LOG="off", **environment)  # nobody reads its stderr meanwhile
    try:
        until(lambda: is_up(service))
        yield service
    finally:
        service.process.terminate()
        service.process.communicate()


@pytest.fixture(scope="session")
def service(morning_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over the world of one morning, without keys. Its tests share it: each takes leads of its own."""
    home = Path(shutil.copytree(morning_home, tmp_path_factory.mktemp("walk") / "home"))
    with running(home, Service.is_ready) as running_service:
        yield running_service


@pytest.fixture(scope="session")
def guarded(morning_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same world behind the keys of an admin and of a reader."""
    home = Path(shutil.copytree(morning_home, tmp_path_factory.mktemp("guarded") / "home"))
    with running(home, Service.is_ready, LEADCAST_API_KEYS=KEYS) as running_service:
        yield running_service


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on its first day: no model, no lead."""
    chromium_path()
    with running(tmp_path_factory.mktemp("fresh") / "home", Service.is_alive) as running_service:
        yield running_service


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture
def open_browser(chromium: Browser) -> Open:
    """Opens a browser on a service: `with open_browser(service.url, **options) as visit`."""
    return partial(visiting, chromium)


@pytest.fixture
def visit(chromium: Browser, service: Service) -> Iterator[Visit]:
    """A browser on the service of the world."""
    with visiting(chromium, service.url) as opened:
        yield opened


@pytest.fixture
def leads(service: Service) -> list[dict[str, Any]]:
    """The worklist as the API tells it, the highest expected revenue first."""
    listed: list[dict[str, Any]] = service.get("/v1/leads?limit=100")["leads"]
    return listed
