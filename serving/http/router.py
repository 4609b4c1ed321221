"""Routes of the service: starlette's router, with an OpenAPI operation beside each route.

A score takes 427 us with a hand-written path lookup, 434 us with starlette's router and 491 us with FastAPI's, whose
validation and response models would not be used (one process, median of 15 rounds of 300 requests).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.base.problems import Problem
from serving.http.form_posts import FormEndpoint, checked_form

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]


class _AnyText(Convertor[str]):
    """The rest of a path, slashes and line breaks included; starlette's `path` stops at a line break."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _AnyText())


def _called(endpoint: Endpoint) -> ASGIApp:
    """The endpoint as an ASGI application, without starlette's exception handlers: the guard answers exceptions."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive))
        await response(scope, receive, send)

    return app


class DescribedRoute(Route):
    """A route with its OpenAPI operation, None for a page."""

    def __init__(self, path: str, endpoint: Endpoint, method: str, operation: Json | None) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.app = _called(endpoint)
        self.method = method
        self.operation = operation

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self  # for the guard's log and metrics, also of a 405
        await super().handle(scope, receive, send)


class Routes:
    """Collects the routes of a module: `@routes.get("/v1/model", OPERATION)`."""

    def __init__(self) -> None:
        self.all: list[DescribedRoute] = []

    def get(self, path: str, operation: Json | None = None) -> Callable[[Endpoint], Endpoint]:
        return self._adder("GET", path, operation)

    def post(self, path: str, operation: Json) -> Callable[[Endpoint], Endpoint]:
        return self._adder("POST", path, operation)

    def form(self, path: str, scope: str | None) -> Callable[[FormEndpoint], FormEndpoint]:
        """A form of the pages, for keys with this scope (None: any): `@routes.form("/snooze", "ingest")`.

        The endpoint gets the request and its checked fields (serving/http/form_posts.py).
        """

        def add(endpoint: FormEndpoint) -> FormEndpoint:
            self.all.append(DescribedRoute(path, checked_form(endpoint, scope), "POST", None))
            return endpoint

        return add

    def put(self, path: str, operation: Json | None = None) -> Callable[[Endpoint], Endpoint]:
        return self._adder("PUT", path, operation)

    def delete(self, path: str, operation: Json | None = None) -> Callable[[Endpoint], Endpoint]:
        return self._adder("DELETE", path, operation)

    def _adder(self, method: str, path: str, operation: Json | None) -> Callable[[Endpoint], Endpoint]:
        def add(endpoint: Endpoint) -> Endpoint:
            self.all.append(DescribedRoute(path, endpoint, method, operation))
            return endpoint

        return add


class Dispatcher:
    """Calls the routes of an application without its middlewares; the guard answers exceptions.

    Paths without parameters are looked up directly, others among the routes of their method that begin like them: the
    router tries one route after the other, which takes 6 us.
    """

    def __init__(self, app: Starlette) -> None:
        self.app = app
        app.router.redirect_slashes = False
        routes = [route for route in app.routes if isinstance(route, DescribedRoute)]
        self._fixed = {(route.method, route.path): route for route in routes if not route.param_convertors}
        self._others: dict[str, list[tuple[str, DescribedRoute]]] = {}
        for route in routes:
            if route.param_convertors:
                beginning = route.path.partition("{")[0]
                self._others.setdefault(route.method, []).append((beginning, route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self.app
        method, path = scope["method"], scope["path"]
        route = self._fixed.get((method, path)) or self._matching(method, path, scope)
        if route is not None:
            scope["route"] = route
            await route.app(scope, receive, send)
            return
        try:
            await self.app.router(scope, receive, send)
        except HTTPException as refusal:
            raise self._problem(refusal, path) from None

    def _matching(self, method: str, path: str, scope: Scope) -> DescribedRoute | None:
        """The first route with parameters that has this method and matches; sets its parameters."""
        for beginning, route in self._others.get(method, ()):
            if path.startswith(beginning) and (match := route.path_regex.match(path)):
                convertors = route.param_convertors
                scope["path_params"] = {
                    name: convertors[name].convert(text) for name, text in match.groupdict().items()
                }
                return route
        return None

    def _problem(self, refusal: HTTPException, path: str) -> Problem:
        if refusal.status_code != 405:
            return Problem(404, "not-found", "There is nothing at this path.")
        headers = {"Allow": ", ".join(allowed_methods(self.app.routes, path))}
        return Problem(405, "method-not-allowed", "This path takes other methods.", headers=headers)


def allowed_methods(routes: Iterable[BaseRoute], path: str) -> list[str]:
    """The methods of all routes that share the longest path template matching `path`, sorted."""
    methods: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route) and route.path_regex.match(path):
            methods.setdefault(route.path, set()).update(route.methods or ())
    return sorted(methods[max(methods, key=len)]) if methods else []
