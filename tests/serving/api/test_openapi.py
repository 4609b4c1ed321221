"""/openapi.json describes every route, refers to existing schemas only, and yields a working client."""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.home.pointer import load_champion, read_pointer
from serving.application import ROUTES
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application

ANY_KEY = {"401", "403", "429", "503"}
PACKAGE = "leadcast_client"


@pytest.fixture
def runtime(tmp_path: Path, trained_home: Path) -> FakeRuntime:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    return FakeRuntime(tmp_path / "home", load_champion(pointer))


@pytest.fixture
def service(runtime: FakeRuntime) -> Iterator[TestClient]:
    with caller(application(runtime)) as client:
        yield client


@pytest.fixture
def document(service: TestClient) -> Any:
    return service.get("/openapi.json").json()


def test_every_reference_has_a_schema(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert referred <= set(document["components"]["schemas"])


def lists_without_items(schema: Any, path: str = "") -> list[str]:
    """Where the document has an array without the schema of its entries."""
    if isinstance(schema, list):
        return [found for i, part in enumerate(schema) for found in lists_without_items(part, f"{path}/{i}")]
    if not isinstance(schema, dict):
        return []
    kinds = schema.get("type")
    is_list = kinds == "array" or (isinstance(kinds, list) and "array" in kinds)
    own = [path] if is_list and "items" not in schema else []
    return own + [
        found for key, part in schema.items() for found in lists_without_items(part, f"{path}/{key}")
    ]


def test_every_list_has_the_schema_of_its_entries(document: Any) -> None:
    """Generators of clients drop a schema with an array without items, such as Model."""
    assert lists_without_items(document) == []
    assert lists_without_items({"type": ["array", "null"]}) == [""]


def test_every_route_but_pages_is_described(document: Any) -> None:
    paths = {(route.path_format, route.method.lower()) for route in ROUTES if route.operation is not None}
    assert paths == {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert {path for path, _ in paths} >= {"/v1/score", "/v1/events", "/v1/leads/{lead_id}/history", "/livez"}


def test_every_operation_lists_success_and_its_problems(document: Any) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            statuses = set(operation["responses"])
            assert operation["operationId"]
            assert statuses & {"200", "204"}
            assert path in ("/livez", "/readyz") or statuses >= ANY_KEY


def test_a_worklist_entry_has_the_fields_of_a_score(document: Any) -> None:
    schemas = document["components"]["schemas"]
    entry = schemas["WorklistEntry"]
    assert set(schemas["Score"]["properties"]) < set(entry["properties"])
    assert entry["required"] == list(entry["properties"])


@pytest.mark.long
def test_a_generated_client_stores_and_reads_a_lead(
    document: Any, service: TestClient, runtime: FakeRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """openapi-python-client generates without a warning; its client talks to the application."""
    pytest.importorskip("openapi_python_client")
    _generate(document, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "client"))
    models = importlib.import_module(f"{PACKAGE}.models")
    client = importlib.import_module(PACKAGE).Client(base_url="http://localhost").set_httpx_client(service)

    def call(name: str, **arguments: Any) -> Any:
        return importlib.import_module(f"{PACKAGE}.api.leads.{name}").sync(client=client, **arguments)

    lead = models.StoredLead.from_dict({"created_at": "2026-01-05T08:00:00Z", "owner": "Ann"})
    assert call("put_lead", lead_id="a/b", body=lead).result == models.PutResultResult.CREATED
    event = models.InteractionEvent.from_dict(
        {
            "event_id": "e-1",
            "lead_id": "a/b",
            "type": "interaction",
            "occurred_at": "2026-01-06T10:12:00+01:00",
            "data": {"kind": "call", "direction": "outbound"},
        }
    )
    assert call("post_events", body=models.Events(events=[event])).accepted == 1
    rescore_dirty(runtime.stored.store, runtime.watch.current)
    (entry,) = call("worklist", owner="Ann", limit=10).leads
    assert entry.lead_id == "a/b"
    assert 0 < entry.probability < 1
    (raw,) = service.get("/v1/leads").json()["leads"]
    assert (set(entry.to_dict()), entry.probability) == (set(raw), raw["probability"])


def _generate(document: Any, folder: Path) -> None:
    """Generates the client into `folder`/client; fails on a warning."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yml").write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    options = ["--path", "openapi.json", "--config", "config.yml", "--output-path", "client"]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
