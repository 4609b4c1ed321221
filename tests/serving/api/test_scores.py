"""POST /v1/score and /v1/score/batch: answers, options, limits, and invalid leads in their places."""

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.api.score_bodies import check_batch, check_lead
from serving.base.limits import MAX_INTERACTIONS, MAX_LEAD_BYTES, MAX_LEADS
from serving.base.problems import Problem
from tests.builders.service.service_client import LEAD, problem


def test_a_score_is_one_object_to_the_last_bit(fake_client: TestClient) -> None:
    answer = fake_client.post("/v1/score?reasons=2", json=LEAD)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["probability"] == 0.1 + 0.2
    assert body["lead_id"] == "L1"
    assert len(body["reasons"]) == 2


def test_reasons_default_to_five_and_may_be_all_or_none(fake_client: TestClient) -> None:
    counts = [
        len(fake_client.post(f"/v1/score{q}", json=LEAD).json()["reasons"])
        for q in ("", "?reasons=0", "?reasons=all")
    ]
    assert counts == [5, 0, 8]


def test_flat_answers_have_one_level_and_plain_keys(fake_client: TestClient) -> None:
    body = fake_client.post("/v1/score?flat=true&reasons=2", json=LEAD).json()
    assert body["reason_2_label"] == "because"
    assert body["warnings"] == 1
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", key) for key in body)
    assert not any(isinstance(value, dict | list) for value in body.values())


def test_as_of_is_an_instant_or_a_day_in_the_funnels_zone(fake_client: TestClient) -> None:
    def as_of(text: str) -> str:
        return str(fake_client.post(f"/v1/score?as_of={text}", json=LEAD).json()["as_of"])

    assert as_of("2026-01-31T00:00:00Z") == "1769817600000000"
    assert as_of("2026-01-31") == "1769814000000000"
    assert (
        as_of("2026-01-31T01:00:00%2B01:00")
        == as_of("2026-01-31T01:00:00+01:00")
        == as_of("2026-01-31T00:00:00Z")
    )


@pytest.mark.parametrize(
    "query",
    ["reasons=-1", "reasons=x", "reasons=", "reasons=1&reasons=2", "flat=maybe", "as_of=now", "as_of=1700000000",
     "as_of=03/04/2026", "as_of=9999-01-01", "as_of=1980-01-01", "as_of=%00", "as_of=%ff"],
)  # fmt: skip
def test_query_values_are_checked(fake_client: TestClient, query: str) -> None:
    body = problem(fake_client.post(f"/v1/score?{query}", json=LEAD), 422)
    assert body["errors"][0]["loc"][0] == "query"


def test_a_batch_answers_each_lead_in_its_place(fake_client: TestClient) -> None:
    leads = [{**LEAD, "lead_id": str(i)} for i in range(70)]
    leads[3] = {"lead_id": "bad"}
    leads[5] = 3  # type: ignore[call-overload]
    results = fake_client.post("/v1/score/batch?reasons=0", json={"leads": leads}).json()["results"]
    assert [r["lead_id"] for r in results] == [
        str(i) if i not in (3, 5) else {3: "bad", 5: None}[i] for i in range(70)
    ]
    assert results[3]["error"]["status"] == 422
    assert results[3]["error"]["errors"] == [{"loc": ["body", "leads", 3, "created_at"], "msg": "missing"}]
    assert len({r["as_of"] for r in results if "error" not in r}) == 1


def test_an_empty_batch_has_empty_results(fake_client: TestClient) -> None:
    assert fake_client.post("/v1/score/batch", json={"leads": []}).json() == {"results": []}


def test_limits_are_413() -> None:
    row = {"kind": "call", "occurred_at": LEAD["created_at"]}
    check_lead({**LEAD, "interactions": [row] * MAX_INTERACTIONS})
    with pytest.raises(Problem) as caught:
        check_lead({**LEAD, "interactions": [row] * (MAX_INTERACTIONS + 1)})
    assert caught.value.status == 413
    with pytest.raises(Problem) as caught:
        check_batch({"leads": [LEAD] * (MAX_LEADS + 1)}, b"")
    assert caught.value.status == 413


def test_an_invalid_lead_of_a_batch_is_refused_alone() -> None:
    value = {"leads": [LEAD, {}, {**LEAD, "attributes": {"note": "x" * MAX_LEAD_BYTES}}]}
    body = json.dumps(value).encode()
    first, second, third = check_batch(value, body)
    assert first == LEAD
    assert isinstance(second, Problem)
    assert second.errors[0]["loc"] == ["body", "leads", 1, "lead_id"]
    assert isinstance(third, Problem)
    assert third.status == 413


@pytest.mark.parametrize("value", [[], {}, {"leads": {}}, {"leads": [], "more": 1}, None, 3])
def test_a_batch_has_the_key_leads_only(value: Any) -> None:
    with pytest.raises(Problem) as caught:
        check_batch(value, b"")
    assert caught.value.status == 422
