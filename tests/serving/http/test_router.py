"""Routing: which endpoint answers a path, and what a path without one answers."""

from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match
from starlette.testclient import TestClient

from serving.application import ROUTES
from serving.base.settings import Settings
from serving.http.guard import Guard
from serving.http.router import Dispatcher, Routes, allowed_methods

routes = Routes()


async def _text(request: Request) -> Response:
    return PlainTextResponse(f"{request.scope['route'].path_format} {request.path_params!r}")


routes.get("/a")(_text)
routes.post("/a", {})(_text)
routes.get("/leads/{lead_id}/history")(_text)
routes.get("/leads/{lead_id:text}")(_text)
routes.delete("/leads/{lead_id:text}")(_text)


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    app = Starlette(routes=routes.all)
    settings = Settings(home=tmp_path_factory.mktemp("home"), logged="off")
    guard = Guard(
        Dispatcher(app), settings, lambda _: None, lambda _, problem: PlainTextResponse(problem.code)
    )
    return TestClient(guard, client=("127.0.0.1", 5000))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/a", "/a {}"),
        ("/leads/x", "/leads/{lead_id} {'lead_id': 'x'}"),
        ("/leads/x%0Ay", "/leads/{lead_id} {'lead_id': 'x\\ny'}"),
        ("/leads/x%2Fy", "/leads/{lead_id} {'lead_id': 'x/y'}"),
        ("/leads/x/history", "/leads/{lead_id}/history {'lead_id': 'x'}"),
    ],
)
def test_a_path_finds_its_route(client: TestClient, path: str, text: str) -> None:
    assert client.get(path).text == text


@pytest.mark.parametrize("end", ["", "/history", "/notes", "/history/", "/a/b", "%0A", "/calls", "/feedback"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "beginning", ["/v1/leads/x", "/leads/x", "/v1/leads/", "/static/x", "/v1/scores/x", "/x"]
)
def test_the_first_route_that_matches_answers(beginning: str, method: str, end: str) -> None:
    """As starlette's router finds it, which tries all of them."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": unquote(beginning + end),
        "headers": [],
    }
    matches = ((route, *route.matches(dict(scope))) for route in ROUTES if route.param_convertors)
    whole = ((route, found["path_params"]) for route, match, found in matches if match == Match.FULL)
    expected = next(whole, (None, None))
    found = Dispatcher(Starlette(routes=ROUTES))._matching(method, scope["path"], scope)
    if method != "HEAD":  # left to starlette's router
        assert (found, scope.get("path_params")) == expected


def test_a_slash_more_is_another_path(client: TestClient) -> None:
    assert client.get("/a/", follow_redirects=False).status_code == 404


def test_405_names_the_methods_of_the_most_specific_path(client: TestClient) -> None:
    assert client.put("/a").headers["allow"] == "GET, HEAD, POST"
    assert client.put("/leads/x").headers["allow"] == "DELETE, GET, HEAD"
    assert client.post("/leads/x/history").headers["allow"] == "GET, HEAD"
    assert allowed_methods(routes.all, "/nowhere") == []
