"""The private parts of uvicorn that serving/http relies on exist as they were when they were written down."""

import asyncio
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from serving.http.uvicorn_private import (
    CYCLE_STATE,
    FLOW_METHODS,
    PROTOCOL_METHODS,
    PROTOCOL_STATE,
    STATUS_LINE,
    FlowControl,
    HttpToolsProtocol,
)

CHANGED = (
    f"uvicorn {version('uvicorn')} changed {{}}: adapt serving/http/connection.py, or exclude the version"
)


async def _app(scope: Any, receive: Any, send: Any) -> None:
    raise NotImplementedError


@pytest.fixture
def protocol() -> HttpToolsProtocol:
    async def make() -> HttpToolsProtocol:
        config = uvicorn.Config(_app, interface="asgi3", ws="none", lifespan="off", log_config=None)
        return HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})

    return asyncio.run(make())


def parameters(method: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(method).parameters if name != "self")


def test_the_protocol_has_its_attributes(protocol: HttpToolsProtocol) -> None:
    missing = [name for name in PROTOCOL_STATE if not hasattr(protocol, name)]
    assert not missing, CHANGED.format(f"the attributes {missing} of HttpToolsProtocol")


@pytest.mark.parametrize(
    ("owner", "methods"),
    [(HttpToolsProtocol, PROTOCOL_METHODS), (FlowControl, FLOW_METHODS)],
    ids=["HttpToolsProtocol", "FlowControl"],
)
def test_methods_have_their_parameters(owner: type, methods: dict[str, tuple[str, ...]]) -> None:
    for name, expected in methods.items():
        method = getattr(owner, name, None)
        assert method is not None, CHANGED.format(f"{owner.__name__}.{name}: it is gone")
        assert parameters(method) == expected, CHANGED.format(f"the parameters of {owner.__name__}.{name}")


def test_a_cycle_has_its_attributes() -> None:
    source = inspect.getsource(RequestResponseCycle.__init__)
    missing = [name for name in CYCLE_STATE if f"self.{name}" not in source]
    assert not missing, CHANGED.format(f"the attributes {missing} of RequestResponseCycle")


def test_status_lines_are_http_1_1() -> None:
    assert STATUS_LINE[431] == b"HTTP/1.1 431 Request Header Fields Too Large\r\n", CHANGED.format(
        "STATUS_LINE"
    )


def test_the_pipeline_holds_requests_that_wait(protocol: HttpToolsProtocol) -> None:
    assert len(protocol.pipeline) == 0, CHANGED.format("HttpToolsProtocol.pipeline")
