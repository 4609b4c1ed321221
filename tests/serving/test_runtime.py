"""The state of a worker: whether its store answers, and the champion in use before the first request."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from serving import runtime as module
from serving.base.settings import read_settings
from serving.runtime import Runtime
from serving.store.errors import StoreUnavailable


def runtime_of(home: Path) -> Runtime:
    return Runtime(read_settings({"LEADCAST_HOME": str(home), "LEADCAST_LOG": "off"}))


@pytest.mark.parametrize(
    ("failure", "answers"), [(None, True), (StoreUnavailable("gone"), False)], ids=["available", "away"]
)
def test_store_that_is_away_does_not_answer(tmp_path: Path, failure: Exception | None, answers: bool) -> None:
    runtime = runtime_of(tmp_path)

    async def read(_query: Any) -> None:
        if failure:
            raise failure

    runtime.stored.read = read  # type: ignore[method-assign, assignment]
    assert asyncio.run(runtime.store_answers()) is answers
    runtime.stored.store.close()


def test_store_that_hangs_does_not_answer_and_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORE_SECONDS", 0.0)
    runtime = runtime_of(tmp_path)

    async def read(_query: Any) -> None:
        await asyncio.Event().wait()

    runtime.stored.read = read  # type: ignore[method-assign, assignment]
    assert asyncio.run(runtime.store_answers()) is False
    assert "cannot be read" in str(runtime.stored.outages.description())
    runtime.stored.store.close()


def test_champion_is_in_use_before_the_first_request(champion_home: Path) -> None:
    runtime = runtime_of(champion_home)

    async def version() -> str | None:
        async with runtime.running():
            return None if runtime.watch.current is None else str(runtime.watch.current.version)

    assert asyncio.run(version()) == "1"
