"""Metrics: a request and a score each count once, gauges are collected at the scrape, no label is of a lead."""

import pytest
from prometheus_client import REGISTRY

from serving.base.metrics import Gauge, States, count_request, count_score, exposition
from tests.builders.service.service_client import record


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_request_counts_under_its_route_and_status() -> None:
    labels = {"method": "GET", "route": "/v1/test/{id}", "status": "404"}
    before = value("leadcast_request_seconds_count", **labels)
    count_request("GET", "/v1/test/{id}", 404, 0.2)
    assert value("leadcast_request_seconds_count", **labels) == before + 1


@pytest.mark.parametrize(("status", "counted"), [("scored", 1), ("won", 0)])
def test_probability_of_an_open_lead_alone_is_counted(status: str, counted: int) -> None:
    before = value("leadcast_probability_count"), value("leadcast_scores_total", grade="A", status=status)
    count_score({**record("L1", 0, 1), "status": status})
    after = value("leadcast_probability_count"), value("leadcast_scores_total", grade="A", status=status)
    assert after == (before[0] + counted, before[1] + 1)


def test_warnings_of_a_score_are_counted_by_code() -> None:
    before = value("leadcast_score_warnings_total", code="c")
    count_score(record("L1", 0, 1))
    assert value("leadcast_score_warnings_total", code="c") == before + 1


def test_gauges_are_those_of_the_scrape() -> None:
    states, rows = States(), [1.0]
    states.sources.append(lambda: [Gauge("leadcast_rows", "Rows.", {"kind": "x"}, rows[0])])
    assert b'leadcast_rows{kind="x"} 1.0' in exposition(states).text
    rows[0] = 2.0
    assert b'leadcast_rows{kind="x"} 2.0' in exposition(states).text
    assert exposition(states).media_type.startswith("text/plain")
