"""Cooperative yielding: other requests run between the parts of a large one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.base.cooperative import ITEMS_PER_TURN, collect
from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service.service_client import LEAD, service


def test_others_run_in_between_and_no_item_is_lost() -> None:
    order: list[int | str] = []

    def items() -> Iterator[int]:
        for number in range(3 * ITEMS_PER_TURN + 1):
            order.append(number)
            yield number

    async def other() -> None:
        while True:
            order.append("other")
            await asyncio.sleep(0)

    async def main() -> list[int]:
        beside = asyncio.create_task(other())
        collected = await collect(items())
        beside.cancel()
        return collected

    assert asyncio.run(main()) == list(range(3 * ITEMS_PER_TURN + 1))
    assert order.count("other") == 3
    assert order[ITEMS_PER_TURN] == "other"


@pytest.mark.parametrize("path", ["/v1/score/batch", "/v1/events"])
def test_a_request_full_of_errors_does_not_delay_others(parts: tuple[Guard, Runtime], path: str) -> None:
    """A thousand invalid leads took eight seconds, in which no other request was answered."""
    lead = {**LEAD, "interactions": [{"kind": 1}] * 40}
    events = [{"event_id": str(i), "type": "attributes", "data": {}} for i in range(1_000)]
    body = {"leads": [lead] * 1_000} if path.endswith("batch") else {"events": events}
    ended: list[str] = []

    async def ask(client: httpx.AsyncClient, path: str, body: object = None) -> None:
        answer = await (client.get(path) if body is None else client.post(path, json=body))
        assert answer.status_code == 200, answer.text
        ended.append(path)

    async def main() -> None:
        transport = httpx.ASGITransport(parts[0], client=("127.0.0.1", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            first = asyncio.create_task(ask(client, path, body))
            await asyncio.sleep(0)
            await asyncio.gather(first, *(ask(client, "/livez") for _ in range(3)))

    asyncio.run(main())
    assert ended[-1] == path


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Guard, Runtime]]:
    guard, runtime = service(tmp_path)
    yield guard, runtime
    runtime.stored.store.close()
