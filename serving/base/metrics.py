"""Prometheus metrics: requests, scores, the model in use. Labels have few values and none of a lead."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

# Upper bounds of the buckets, in seconds and in probability.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SHARES = tuple(i / 20 for i in range(1, 21))

REQUESTS = Histogram(
    "leadcast_request_seconds", "Time to answer a request.", ["method", "route", "status"], buckets=SECONDS
)
SCORES = Counter("leadcast_scores_total", "Scores given, by grade and status.", ["grade", "status"])
PROBABILITIES = Histogram("leadcast_probability", "Probabilities of the open leads scored.", buckets=SHARES)
WARNINGS = Counter("leadcast_score_warnings_total", "Warnings that came with scores.", ["code"])
SWAPS = Counter("leadcast_model_swaps_total", "Times a worker took another model into use.")
REFUSALS = Counter("leadcast_model_refused_total", "Times a worker refused a promoted bundle.")


_IS_COUNTED = ContextVar("is_counted", default=True)


class Gauge(NamedTuple):
    """One gauge with one set of labels."""

    name: str
    description: str
    labels: dict[str, str]
    value: float


class Exposition(NamedTuple):
    """The body of /metrics and its content type."""

    text: bytes
    media_type: str


@cache  # labels() takes a lock and hashes all label values, for every request
def _requests(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, str(status))


@cache
def _scores(grade: str, status: str) -> Counter:
    return SCORES.labels(grade, status)


@cache
def _warnings(code: str) -> Counter:
    return WARNINGS.labels(code)


@contextmanager
def uncounted() -> Iterator[None]:
    """Requests and scores within are not counted; their counters are created, at zero."""
    before = _IS_COUNTED.set(False)
    try:
        yield
    finally:
        _IS_COUNTED.reset(before)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Counts one answered request; `route` is a path template."""
    counter = _requests(method, route, status)
    if _IS_COUNTED.get():
        counter.observe(seconds)


def count_score(record: dict[str, object]) -> None:
    """Counts one score record (docs/reference/api.md)."""
    counter = _scores(str(record["grade"]), str(record["status"]))
    if not _IS_COUNTED.get():
        return
    counter.inc()
    probability = record["probability"]
    if record["status"] == "scored" and isinstance(probability, float):
        PROBABILITIES.observe(probability)
    warnings = record["warnings"]
    if isinstance(warnings, list):
        for warning in warnings:
            _warnings(warning["code"]).inc()


class States:
    """Gauges of this worker, collected on each scrape from all sources."""

    def __init__(self) -> None:
        self.sources: list[Callable[[], Iterable[Gauge]]] = []

    def collect(self) -> Iterable[Metric]:
        for source in self.sources:
            for gauge in source():
                family = GaugeMetricFamily(gauge.name, gauge.description, labels=list(gauge.labels))
                family.add_metric(list(gauge.labels.values()), gauge.value)
                yield family


def exposition(states: States) -> Exposition:
    """The text of /metrics with the counters of all workers summed, and its content type."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counters = CollectorRegistry()
        MultiProcessCollector(counters)  # type: ignore[no-untyped-call]
    else:
        counters = REGISTRY
    own = CollectorRegistry()
    own.register(states)
    return Exposition(generate_latest(counters) + generate_latest(own), CONTENT_TYPE_LATEST)
