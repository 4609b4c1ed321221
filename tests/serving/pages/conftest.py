"""An application with one stored and scored lead of a hostile name in a hostile stage."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from funnel.archive import archived_forecast, save_report
from history.text.times import parse_time
from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from serving.store.reports.build import Source, forecast_from
from serving.store.reports.queries import ForecastQuery
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from serving.store.store import Store
from tests.builders.pages.page_paths import HOSTILE
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application, event
from tests.builders.service.store_folder import load


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture
def client(tmp_path: Path, bundle: Bundle) -> Iterator[TestClient]:
    runtime = FakeRuntime(tmp_path / "home", bundle)
    with caller(application(runtime)) as client:
        attributes = {HOSTILE: HOSTILE, "seats": 12}
        lead = {"created_at": "2026-05-01T08:00:00Z", "owner": HOSTILE, "attributes": attributes}
        assert client.put(f"/v1/leads/{quote(HOSTILE, safe='')}", json=lead).status_code == 201
        events = [
            event("e1", HOSTILE, {"stage": HOSTILE}, "stage"),
            event("e2", HOSTILE, {"kind": HOSTILE, "channel": HOSTILE}),
            event("e3", HOSTILE, {HOSTILE: None, "seats": 3}, "attributes"),
        ]
        assert client.post("/v1/events", json={"events": events}).json()["accepted"] == 3
        rescore_dirty(runtime.stored.store, bundle)
        yield client


@pytest.fixture(scope="module")
def world(world_runtime: FakeRuntime) -> Iterator[TestClient]:
    """The simulated CRM behind a service with its model, owners compared, a target and earlier forecasts."""
    with caller(application(world_runtime)) as client:
        yield client


@pytest.fixture(scope="module")
def world_runtime(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle, crm: Path) -> FakeRuntime:
    """The runtime of `world`; its leads have no scores yet."""
    folder = tmp_path_factory.mktemp("world")
    data = Path(shutil.copytree(crm, folder / "crm"))
    with open(data / "funnel.toml", "a") as file:  # the file ends with its targets
        file.write("\nrevenue_per_month = 90000\n[display]\ncompare_owners = true\n")
    runtime = FakeRuntime(folder / "home", bundle)
    load(runtime.stored.store, data)
    archive_forecasts(runtime.stored.store, bundle)
    return runtime


def archive_forecasts(store: Store, bundle: Bundle) -> None:
    """Saves the forecasts of the first days of three past months."""
    for day in ("2026-02-01", "2026-03-01", "2026-04-01"):
        answer = forecast_from(Source(store), ForecastQuery(as_of=day), bundle)
        record = archived_forecast(answer, bundle.config, {"period": "month"})
        assert record is not None
        save_report(store.engine.home, record, parse_time(answer["as_of"], bundle.config.zone))
