"""A worker's rehearsal: answered like requests of clients, and nothing of it is counted or logged."""

import asyncio
import logging
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from starlette.types import ASGIApp

import serving.application
from models.bundle import Bundle
from serving.application import build_app
from serving.base.settings import read_settings
from serving.rehearsal import TIMES, rehearse
from serving.runtime import Runtime


def counts() -> dict[tuple[str, str], float]:
    """Every counter of requests and scores above zero."""
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    counted = ("leadcast_request", "leadcast_score", "leadcast_probability")
    return {
        (sample.name, str(sample.labels)): sample.value
        for sample in samples
        if sample.name.startswith(counted) and not sample.name.endswith("_created") and sample.value
    }


def test_a_worker_rehearses_before_its_first_request(
    champion_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys, rate limit and log of the settings do not matter."""
    statuses: list[int] = []

    async def remembered(app: ASGIApp, bundle: Bundle) -> None:
        statuses.extend(await rehearse(app, bundle))

    monkeypatch.setattr(serving.application, "rehearse", remembered)
    environment = {"LEADCAST_API_KEYS": "k" * 32, "LEADCAST_RATE_LIMIT": "1", "LEADCAST_LOG": "all"}
    app = build_app(Runtime(read_settings({"LEADCAST_HOME": str(champion_home), **environment})))
    before = counts()

    async def start_and_end() -> None:
        async with app.router.lifespan_context(app):
            pass

    with caplog.at_level(logging.INFO):
        asyncio.run(start_and_end())
    assert statuses == [200] * TIMES
    assert counts() == before
    assert not [record for record in caplog.records if record.message == "request"]


def test_a_worker_that_cannot_rehearse_starts(
    champion_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(_app: ASGIApp, _bundle: Bundle) -> None:
        raise AttributeError("no such part of the model")

    monkeypatch.setattr(serving.application, "rehearse", failing)
    app = build_app(Runtime(read_settings({"LEADCAST_HOME": str(champion_home)})))
    has_started: list[bool] = []

    async def start_and_end() -> None:
        async with app.router.lifespan_context(app):
            has_started.append(True)

    asyncio.run(start_and_end())
    assert has_started
    assert "the worker could not rehearse" in caplog.text
