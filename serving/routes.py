"""FastAPI routes whose functions read the request themselves: documented by FastAPI, called without its ceremony."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class PlainRoute(APIRoute):
    """A route for `async def endpoint(request: Request) -> Response`; problems that it raises go to the handlers."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = _Direct(endpoint)


class _Direct:
    """Calls an endpoint with the request and sends what it returns."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)
