"""Cached reports: new after every change and after a while."""

from starlette.testclient import TestClient

from serving.store.reports.cache import VALID_US, Report
from tests.builders.service.store_fakes import NOW_US, event

LEAD = {"created_at": "2026-05-01T08:00:00Z", "attributes": {}}


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
    report = Report({}, b"", None, "", made_us=NOW_US)
    assert report.is_fresh(NOW_US + VALID_US - 1)
    assert not report.is_fresh(NOW_US + VALID_US)
    assert not report.is_fresh(NOW_US - 1)
