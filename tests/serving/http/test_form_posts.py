"""Forms of the pages: only from our own pages, with the token of the session, and with its scope."""

from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from serving.api.errors import expected_problem
from serving.application import ROUTES, build_app
from serving.base.settings import read_settings
from serving.http.access import ANONYMOUS_COOKIE, Access
from serving.http.form_posts import CSRF_FIELD, MAX_FIELDS, MAX_FORM, Fields, checked_form
from serving.http.guard import Guard
from serving.http.router import DescribedRoute, Dispatcher
from serving.http.sessions import SESSION_COOKIE
from serving.pages.errors import problem_pages
from serving.runtime import Runtime
from tests.builders.service.service_client import caller

TOKEN = "t" * 32
KEYS = "full,r:read,i:read+ingest"


async def echo(request: Request, fields: Fields) -> Response:
    return PlainTextResponse("|".join([fields.text("note"), *fields.all("grade")]))


def client_of(home: Path, keys: str = "", **headers: str) -> tuple[TestClient, Access]:
    """The application with a form at /note that needs the scope ingest."""
    runtime = Runtime(
        read_settings({"LEADCAST_HOME": str(home), "LEADCAST_LOG": "off", "LEADCAST_API_KEYS": keys})
    )
    app = build_app(runtime)
    app.router.routes.append(DescribedRoute("/note", checked_form(echo, "ingest"), "POST", None))
    guard = Guard(Dispatcher(app), runtime.settings, expected_problem, problem_pages(app))
    return caller(guard, accept="text/html", **headers), guard.access


def signed_in(home: Path, key: int = 0, **headers: str) -> tuple[TestClient, str]:
    """A client with the session of a key, and the token of its forms."""
    client, access = client_of(home, KEYS, **headers)
    cookie = access.sessions.start(access.keys[key], "Ann")
    client.cookies.set(SESSION_COOKIE, cookie)
    session = access.sessions.read(cookie)
    assert session is not None
    return client, session.csrf_token


def test_every_form_of_a_page_is_checked() -> None:
    posts = [route for route in ROUTES if route.method != "GET" and route.operation is None]
    assert posts
    assert all("checked_form" in route.endpoint.__qualname__ for route in posts)


def test_form_with_its_token_is_taken(tmp_path: Path) -> None:
    client, token = signed_in(tmp_path)
    answer = client.post("/note", data={CSRF_FIELD: token, "note": " a\r\nb ", "grade": ["A", "B"]})
    assert (answer.status_code, answer.text) == (200, "a\nb|A|B")
    assert client.post("/note", data={"note": "x"}, headers={"x-csrf-token": token}).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "t" * 43, "ü"])
def test_form_without_its_token_is_refused(tmp_path: Path, token: str) -> None:
    client, _ = signed_in(tmp_path)
    answer = client.post("/note", data={CSRF_FIELD: token, "note": "x"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


def test_token_of_another_session_is_refused(tmp_path: Path) -> None:
    client, _ = signed_in(tmp_path)
    _, other = signed_in(tmp_path, key=2)
    assert client.post("/note", data={CSRF_FIELD: other}).status_code == 403


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)]
)
def test_browser_says_where_a_form_comes_from(tmp_path: Path, site: str, status: int) -> None:
    client, token = signed_in(tmp_path)
    answer = client.post("/note", data={CSRF_FIELD: token}, headers={"sec-fetch-site": site})
    assert answer.status_code == status


def test_form_needs_the_scope_of_the_session(tmp_path: Path) -> None:
    reader, token = signed_in(tmp_path, key=1)
    assert reader.post("/note", data={CSRF_FIELD: token}).status_code == 403
    writer, token = signed_in(tmp_path, key=2)
    assert writer.post("/note", data={CSRF_FIELD: token}).status_code == 200


def test_key_in_the_header_needs_no_token(tmp_path: Path) -> None:
    client, _ = client_of(tmp_path, KEYS)
    for key, status in (("i", 200), ("r", 403), ("wrong", 303)):
        answer = client.post(
            "/note", data={"note": "x"}, headers={"authorization": f"Bearer {key}"}, follow_redirects=False
        )
        assert answer.status_code == status, key


def test_without_keys_a_form_needs_the_token_of_its_browser(tmp_path: Path) -> None:
    client, _ = client_of(tmp_path)
    assert client.post("/note", data={CSRF_FIELD: TOKEN}).status_code == 403
    client.cookies.set(ANONYMOUS_COOKIE, TOKEN)
    assert client.post("/note", data={CSRF_FIELD: TOKEN}).status_code == 200
    assert client.post("/note", data={CSRF_FIELD: TOKEN[:-1] + "u"}).status_code == 403
    assert client.post("/note", data={"note": "x"}).status_code == 403
    client.cookies.set(ANONYMOUS_COOKIE, "short")
    assert client.post("/note", data={CSRF_FIELD: "short"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=1", "", 415),
        (b"a=%ff", "application/x-www-form-urlencoded", 422),
        (b"\xff", "application/x-www-form-urlencoded", 422),
        (b"note=%00", "application/x-www-form-urlencoded", 422),
        (b"&".join([b"a=1"] * (MAX_FIELDS + 1)), "application/x-www-form-urlencoded", 422),
        (b"a" * (MAX_FORM + 1), "application/x-www-form-urlencoded", 413),
    ],
)
def test_hostile_bodies_are_refused(tmp_path: Path, body: bytes, kind: str, status: int) -> None:
    client, token = signed_in(tmp_path)
    headers = {"content-type": kind, "x-csrf-token": token}
    assert client.post("/note", content=body, headers=headers).status_code == status


def test_upload_carries_its_token_in_the_query(tmp_path: Path) -> None:
    client, token = signed_in(tmp_path)
    files = {"file": ("a.csv", b"x", "text/csv")}
    assert client.post(f"/note?{CSRF_FIELD}={token}", files=files).status_code == 200
    assert client.post("/note", files=files).status_code == 403
