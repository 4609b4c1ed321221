"""The funnel and the forecast from the store: equal to the commands, fresh after every change, refused with reasons."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from cli.main import leadcast
from serving.store.reports.cache import VALID_US, Report
from tests.builders.service_client import caller
from tests.builders.store_fakes import NOW_US, FakeRuntime, application, event

LEAD = {"created_at": "2026-05-01T08:00:00Z", "attributes": {}}
AS_OF = "2026-06-15"


def command(home: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(leadcast, ["--home", str(home), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout)) if "--json" in arguments else {}


@pytest.fixture(scope="module")
def loaded_home(trained_home: Path, crm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion and `crm` in its store."""
    home = tmp_path_factory.mktemp("reports") / "home"
    shutil.copytree(trained_home, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LEADCAST_HOME", raising=False)
        command(home, "load", str(crm))
    return home


@pytest.fixture
def client(loaded_home: Path, tmp_path: Path) -> Iterator[TestClient]:
    """The whole application over a copy of the home, with the real champion."""
    from models.pointer import load_champion, read_pointer

    home = Path(shutil.copytree(loaded_home, tmp_path / "served"))
    pointer = read_pointer(home)
    assert pointer is not None
    with caller(application(FakeRuntime(home, load_champion(pointer)))) as made:
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient]:
    """The application over an empty store, without a model."""
    with caller(application(FakeRuntime(tmp_path / "none", None))) as made:
        yield made


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (("--as-of", AS_OF), {"as_of": AS_OF}),
        (("--as-of", AS_OF, "--from", "2026-01-01", "--to", "2026-04-01", "--by", "source"),
         {"as_of": AS_OF, "from": "2026-01-01", "to": "2026-04-01", "by": "source"}),
        (("--as-of", AS_OF, "--since", "2026-04-01", "--attention", "3"),
         {"as_of": AS_OF, "since": "2026-04-01", "attention": "3"}),
        ((), {}),
    ],
)  # fmt: skip
def test_funnel_equals_the_commands(
    client: TestClient, loaded_home: Path, crm: Path, options: tuple[str, ...], query: dict[str, str]
) -> None:
    assert client.get("/v1/funnel", params=query).json() == command(
        loaded_home, "funnel", str(crm), *options, "--json"
    )


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (("--as-of", AS_OF), {"as_of": AS_OF}),
        (("--as-of", AS_OF, "--period", "week", "--periods", "5", "--by", "stage"),
         {"as_of": AS_OF, "period": "week", "periods": "5", "by": "stage"}),
        (("--as-of", AS_OF, "--explain"), {"as_of": AS_OF, "explain": "true"}),
        (("--as-of", AS_OF, "--explain", "--since", "2026-05-20"),
         {"as_of": AS_OF, "explain": "true", "since": "2026-05-20"}),
        ((), {}),
    ],
)  # fmt: skip
def test_forecast_equals_the_commands(
    client: TestClient, loaded_home: Path, crm: Path, tmp_path: Path, options: tuple[str, ...], query: Any
) -> None:
    served = client.get("/v1/forecast", params=query).json()
    printed = command(
        loaded_home, "forecast", str(crm), *options, "--output", str(tmp_path / "f.csv"), "--json"
    )
    assert {key: printed[key] for key in served} == served
    assert set(printed) == {*served, "output"}
    assert {"as_of", "model_version", "periods", "warnings"} <= set(served)


def test_report_follows_every_change(client: TestClient) -> None:
    first = client.get("/v1/funnel").json()
    assert client.get("/v1/funnel").json() == first
    assert client.put("/v1/leads/new one", json=LEAD).status_code == 201
    events = [event("e1", "new one", {"outcome": "won", "amount": 123.5}, "outcome")]
    assert client.post("/v1/events", json={"events": events}).json()["accepted"] == 1
    after = client.get("/v1/funnel").json()
    assert after["total"]["flow"]["entered"] == first["total"]["flow"]["entered"] + 1
    assert after["total"]["deals"]["won"] == first["total"]["deals"]["won"] + 1
    assert client.delete("/v1/leads/new one").status_code == 204
    erased = client.get("/v1/funnel", params={"as_of": first["as_of"]}).json()
    assert erased["total"] == first["total"]


def test_report_expires_also_if_the_clock_is_set_back() -> None:
    report = Report({}, b"", None, (), made_us=NOW_US)
    assert report.is_fresh(NOW_US + VALID_US - 1)
    assert not report.is_fresh(NOW_US + VALID_US)
    assert not report.is_fresh(NOW_US - 1)


@pytest.mark.parametrize(
    "query",
    ["explain=maybe", "explain=true&since=2099-01-01", "explain=true&since=1995-01-01", "since=x",
     "as_of=x", "period=day", "periods=0", "periods=105", "periods=40", "by=nothing", "by=a&by=b", "as_of=1200-01-01"],
)  # fmt: skip
def test_refused_forecast_gives_its_reasons(client: TestClient, query: str) -> None:
    refused = client.get(f"/v1/forecast?{query}")
    assert refused.status_code == 422
    assert refused.json()["errors"]
    page = client.get(f"/forecast?{query}")
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")


@pytest.mark.parametrize("query", ["from=2030-01-01", "from=2026-05-01&to=2026-04-01", "to=x", "by=nothing",
    "since=2099-01-01", "since=x", "attention=-1", "attention=10001"])  # fmt: skip
def test_refused_funnel_gives_its_reasons(client: TestClient, query: str) -> None:
    refused = client.get(f"/v1/funnel?{query}")
    assert refused.status_code == 422
    assert "--" not in refused.text


def test_empty_store_has_a_funnel_but_no_forecast(empty: TestClient) -> None:
    state = empty.get("/v1/funnel")
    assert state.status_code == 200
    assert state.json()["total"]["flow"]["entered"] == 0
    assert empty.get("/v1/forecast").status_code == 503
    assert empty.get("/funnel").status_code == 200
    assert empty.get("/forecast", headers={"accept": "*/*"}).headers["content-type"].startswith("text/html")
    assert "leadcast train" in empty.get("/model").text


STAGE = event("s1", "one", {"stage": "new"}, "stage")
WON = event("o1", "one", {"outcome": "won"}, "outcome")
THIN: dict[str, tuple[list[dict[str, Any]], set[str]]] = {
    "one lead": ([], {"no_outcomes", "no_stages"}),
    "in a stage": ([STAGE], {"no_outcomes"}),
    "won": ([STAGE, WON], {"no_open_leads"}),
}


@pytest.fixture
def thin(trained_home: Path, tmp_path: Path) -> Iterator[TestClient]:
    """The application over an empty store, with the real champion."""
    from models.pointer import load_champion, read_pointer

    pointer = read_pointer(trained_home)
    assert pointer is not None
    with caller(application(FakeRuntime(tmp_path / "thin", load_champion(pointer)))) as made:
        yield made


@pytest.mark.parametrize("case", THIN)
def test_little_data_gives_a_warning(thin: TestClient, case: str) -> None:
    events, expected = THIN[case]
    assert thin.put("/v1/leads/one", json=LEAD).status_code == 201
    if events:
        assert thin.post("/v1/events", json={"events": events}).json()["accepted"] == len(events)
    for query in ("explain=true", "explain=true&period=quarter&periods=1"):
        made = thin.get(f"/v1/forecast?{query}")
        assert made.status_code == 200
        assert expected <= {note["code"] for note in made.json()["warnings"]}
        changes = made.json()["explain"]["changes"]["wins"]
        assert changes["now"] == pytest.approx(made.json()["total"]["wins_expected"])
        shown = thin.get(f"/forecast?{query}")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert thin.get("/v1/funnel").json()["reconciliation"]["broken"] == []
    assert thin.get("/funnel").status_code == 200


def test_forecast_of_an_empty_store_is_zero(thin: TestClient) -> None:
    made = thin.get("/v1/forecast?explain=true").json()
    assert made["total"]["wins_expected"] == 0
    assert "no_leads" in {note["code"] for note in made["warnings"]}
    assert "empty_period" in {note["code"] for note in thin.get("/v1/funnel").json()["warnings"]}
    assert thin.get("/forecast?explain=true").status_code == 200
    assert thin.get("/funnel").status_code == 200
