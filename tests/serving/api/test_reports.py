"""Queries of funnel and forecast: the options of the commands, read as such and bounded."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from funnel.forecast.periods import KINDS
from funnel.state.attention.attention import MOST_ATTENTION
from serving.api import reports
from serving.api.reports import FORECAST, FORECAST_READERS, FUNNEL, FUNNEL_READERS
from serving.http.guard import Guard
from serving.runtime import Runtime
from serving.store.reports.cache import Report
from serving.store.reports.queries import ForecastQuery, FunnelQuery
from tests.builders.service.service_client import caller, problem


class FakeReports:
    def __init__(self) -> None:
        self.queries: list[Any] = []

    async def get(self, query: Any, _bundle: Any) -> Report:
        self.queries.append(query)
        return Report.__new__(Report)


@pytest.fixture
def asked(
    fake_service: tuple[Guard, Runtime], monkeypatch: pytest.MonkeyPatch
) -> tuple[TestClient, FakeReports]:
    fake = FakeReports()
    fake_service[1].stored.reports = fake  # type: ignore[assignment]

    class Answer(Report):
        body = b"{}"

    monkeypatch.setattr(Report, "body", b"{}", raising=False)
    return caller(fake_service[0]), fake


@pytest.mark.parametrize(("operation", "readers"), [(FUNNEL, FUNNEL_READERS), (FORECAST, FORECAST_READERS)])
def test_every_parameter_is_read_and_every_reader_described(operation: Any, readers: Any) -> None:
    assert {parameter["name"] for parameter in operation["parameters"]} == set(readers)


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", FunnelQuery()),
        (
            "from=2026-01-01&to=2026-02-01&by=owner",
            FunnelQuery(start="2026-01-01", end="2026-02-01", by="owner"),
        ),
        ("attention=0&since=2026-01-01", FunnelQuery(attention=0, since="2026-01-01")),
    ],
)
def test_funnel_reads_the_commands_options(
    asked: tuple[TestClient, FakeReports], query: str, options: FunnelQuery
) -> None:
    client, fake = asked
    assert client.get(f"/v1/funnel?{query}").status_code == 200
    assert fake.queries == [options]


def test_forecast_reads_the_commands_options(asked: tuple[TestClient, FakeReports]) -> None:
    client, fake = asked
    assert client.get("/v1/forecast?period=week&periods=5&explain=true").status_code == 200
    assert fake.queries == [ForecastQuery(period="week", periods=5, explain=True)]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/forecast?period=fortnight", "period"),
        ("/v1/forecast?periods=0", "periods"),
        ("/v1/forecast?explain=perhaps", "explain"),
        (f"/v1/funnel?attention={MOST_ATTENTION + 1}", "attention"),
        ("/v1/funnel?until=2026-01-01", "until"),
    ],
)
def test_option_out_of_bounds_is_a_problem(
    asked: tuple[TestClient, FakeReports], path: str, key: str
) -> None:
    client, fake = asked
    body = problem(client.get(path), 422)
    assert [entry["loc"] for entry in body["errors"]] == [["query", key]]
    assert fake.queries == []


def test_periods_of_the_description_are_those_of_the_forecast() -> None:
    period = next(p for p in FORECAST["parameters"] if p["name"] == "period")
    assert period["schema"]["enum"] == list(KINDS)
    assert set(json.loads(json.dumps(reports.SCHEMAS))) == {"Period", "Forecast", "Funnel"}
