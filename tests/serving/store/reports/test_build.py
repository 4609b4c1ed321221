"""The funnel and the forecast from the store: equal to the commands, refused with reasons, cautious on little data."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.builders.command import run_json
from tests.builders.service.store_fakes import event

LEAD = {"created_at": "2026-05-01T08:00:00Z", "attributes": {}}
AS_OF = "2026-06-15"


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
    assert client.get("/v1/funnel", params=query).json() == run_json(
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
    printed = run_json(
        loaded_home, "forecast", str(crm), *options, "--output", str(tmp_path / "f.csv"), "--json"
    )
    assert {key: printed[key] for key in served} == served
    assert set(printed) == {*served, "output"}
    assert {"as_of", "model_version", "periods", "warnings"} <= set(served)


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


@pytest.mark.parametrize("case", THIN)
def test_little_data_gives_a_warning(thin: TestClient, case: str) -> None:
    events, expected = THIN[case]
    assert thin.put("/v1/leads/one", json=LEAD).status_code == 201
    if events:
        assert thin.post("/v1/events", json={"events": events}).json()["accepted"] == len(events)
    for query in ("explain=true", "explain=true&period=quarter&periods=1"):
        answer = thin.get(f"/v1/forecast?{query}")
        assert answer.status_code == 200
        assert expected <= {warning["code"] for warning in answer.json()["warnings"]}
        changes = answer.json()["explain"]["changes"]["wins"]
        assert changes["now"] == pytest.approx(answer.json()["sum"]["wins_expected"])
        page = thin.get(f"/forecast?{query}")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert thin.get("/v1/funnel").json()["reconciliation"]["broken"] == []
    assert thin.get("/funnel").status_code == 200


def test_forecast_of_an_empty_store_is_zero(thin: TestClient) -> None:
    forecast = thin.get("/v1/forecast?explain=true").json()
    assert forecast["sum"]["wins_expected"] == 0
    assert "no_leads" in {warning["code"] for warning in forecast["warnings"]}
    assert "empty_period" in {warning["code"] for warning in thin.get("/v1/funnel").json()["warnings"]}
    assert thin.get("/forecast?explain=true").status_code == 200
    assert thin.get("/funnel").status_code == 200
