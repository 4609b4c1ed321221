"""PUT /v1/leads: each lead as by a PUT of its own."""

from starlette.testclient import TestClient

from tests.builders.service.lead_requests import CREATED

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_results_are_those_of_single_puts(client: TestClient) -> None:
    leads = [
        {"lead_id": "a", "created_at": CREATED, "owner": "Ann"},
        {"lead_id": "a", "created_at": CREATED, "owner": "Bob"},
        {"lead_id": "a", "created_at": CREATED},
        {"lead_id": "a", "created_at": "2026-04-02T08:00:00Z"},
        {"lead_id": "b/ü", "created_at": CREATED, "attributes": {"n": 1}},
        {"lead_id": "", "created_at": CREATED},
        {"lead_id": "c", "created_at": "2026-04-01"},
        {"lead_id": "d", "created_at": "2999-04-01T00:00:00Z"},
        {"lead_id": "e", "created_at": CREATED, "attributes": {"owner": "x"}},
        7,
    ]
    answer = client.put("/v1/leads", json={"leads": leads})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [entry.get("result") for entry in results[:5]] == [
        "created",
        "updated",
        "unchanged",
        None,
        "created",
    ]
    errors = {index: entry["error"] for index, entry in enumerate(results) if "error" in entry}
    assert {index: error["status"] for index, error in errors.items()} == {
        3: 409,
        5: 422,
        6: 422,
        7: 422,
        8: 422,
        9: 422,
    }
    assert errors[8]["errors"][0]["loc"] == ["body", "leads", 8, "attributes", "owner"]
    assert errors[9]["errors"][0]["loc"] == ["body", "leads", 9]
    assert client.get("/v1/leads/a").json()["lead"]["owner"] == "Bob"
    assert client.get("/v1/leads/b%2F%C3%BC").json()["lead"]["attributes"] == {"n": 1}


def test_near_names_of_attributes_are_stored_and_warned_of(client: TestClient) -> None:
    """A slip of the pen was silently an attribute of its own beside the one that the model reads."""
    lead = {"created_at": CREATED, "owner": "Ann", "attributes": {"Sorce": "web", "remark": "x"}}
    single = client.put("/v1/leads/a", json=lead).json()
    (warning,) = single["warnings"]
    assert (warning["code"], warning["subject"]) == ("unknown_attribute", "Sorce")
    assert "did you mean 'source'?" in warning["detail"]
    bulk = client.put("/v1/leads", json={"leads": [{"lead_id": "a", **lead}]}).json()["results"]
    assert bulk == [{"lead_id": "a", "result": "unchanged", "warnings": [warning]}]
    assert client.get("/v1/leads/a").json()["lead"]["attributes"]["Sorce"] == "web"


def test_more_than_a_thousand_leads_are_413(client: TestClient) -> None:
    assert client.put("/v1/leads", json={"leads": [{}] * 1001}).status_code == 413
