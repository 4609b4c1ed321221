"""The BentoML service: requests go to our application, around BentoML's own paths."""

import asyncio
from typing import Any

import pytest


# The import of BentoML warns of names that its own libraries have deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "target"), [("lifespan", "bentoml"), ("http", "ours"), ("websocket", "ours")]
)
def test_only_the_lifespan_goes_to_bentoml(kind: str, target: str) -> None:
    from serving.service import _Entrance  # imports bentoml, which is slow

    calls: list[str] = []

    def named(name: str) -> Any:
        async def application(*_arguments: Any) -> None:
            calls.append(name)

        return application

    asyncio.run(_Entrance(named("bentoml"), named("ours"))({"type": kind}, None, None))  # type: ignore[arg-type]
    assert calls == [target]
