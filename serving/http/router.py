"""FastAPI routes whose functions read the request themselves: documented by FastAPI, called without its ceremony."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from serving.base.problems import Problem

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


class Routes:
    """The routes of an application without its middlewares: what they raise is for the guard to answer.

    HEAD is answered as GET is; servers send the head alone.

    A plain route is looked up by its path, or by the folder that its last part, a parameter of any text, stands in; the
    router, which tries one route after the other and knows no line breaks in a path, gets what is not found so.
    """

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._exact: dict[tuple[str, str], PlainRoute] = {}
        self._under: dict[tuple[str, str], PlainRoute] = {}
        for route in app.routes:
            if isinstance(route, PlainRoute):
                self._know(route)

    def _know(self, route: PlainRoute) -> None:
        folder, _, last = route.path.rpartition("/")
        known, path = self._exact, route.path
        if last.startswith("{") and last.endswith(":path}"):
            known, path = self._under, f"{folder}/"
        if "{" not in path:
            for method in route.methods or ():
                known.setdefault((method, path), route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self.app
        method, path = "GET" if scope["method"] == "HEAD" else scope["method"], scope["path"]
        route = self._exact.get((method, path)) or self._within(method, path)
        if route is None:
            await self._search(scope, method, receive, send)
            return
        scope["route"] = route
        await route.app(scope, receive, send)

    def _within(self, method: str, path: str) -> PlainRoute | None:
        inside = (
            route for (of, folder), route in self._under.items() if of == method and path.startswith(folder)
        )
        return next(inside, None)

    async def _search(self, scope: Scope, method: str, receive: Receive, send: Send) -> None:
        searched = {**scope, "method": method}
        try:
            await self.app.router(searched, receive, send)
        except HTTPException as refusal:
            if refusal.status_code != 405:
                raise Problem(404, "not-found", "There is nothing at this path.") from None
            headers = {"Allow": ", ".join(self._methods(scope["path"]))}
            raise Problem(
                405, "method-not-allowed", "This path takes other methods.", headers=headers
            ) from None
        finally:
            scope["route"] = searched.get("route")

    def _methods(self, path: str) -> list[str]:
        """The methods of the most specific path among the routes that match."""
        found: dict[str, set[str]] = {}
        for route in self.app.routes:
            if isinstance(route, APIRoute) and route.path_regex.match(path):
                methods = found.setdefault(route.path, set())
                methods.update(route.methods or ())
                methods.update({"HEAD"} if "GET" in methods else ())
        return sorted(found[max(found, key=len)]) if found else []
