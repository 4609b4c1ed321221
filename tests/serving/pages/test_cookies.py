"""Cookies of the pages: out of reach for scripts and other sites; links never lead elsewhere."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from serving.http.access import ANONYMOUS_COOKIE
from serving.pages.cookies import form_token, is_encrypted, own_path, set_cookie


def request(scheme: str = "http", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "scheme": scheme, "path": "/", "server": ("a", 80), "headers": raw})


@pytest.mark.parametrize(
    ("made", "encrypted"),
    [
        (request(), False),
        (request("https"), True),
        (request(x_forwarded_proto="https"), True),
        (request(x_forwarded_proto="HTTPS, http"), True),
        (request(x_forwarded_proto="http"), False),
    ],
)
def test_cookie_is_secure_over_https(made: Request, encrypted: bool) -> None:
    answer = Response()
    set_cookie(answer, made, "a", "b", 60)
    cookie = answer.headers["set-cookie"].lower()
    assert is_encrypted(made) == encrypted == ("; secure" in cookie)
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/", "max-age=60"))


@pytest.mark.parametrize("path", ["/", "/leads/a%2Fb?panel=1", "/funnel?by=owner&x=%2F%2F"])
def test_own_path_is_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            " /",
            "evil",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
        ),
        *("/\tx", "/a\nb", "/ü", "/a\\b", "\\\\evil.example", "/\r\nset-cookie: a=b"),
    ],
)
def test_any_other_target_leads_to_the_leads(target: str) -> None:
    assert own_path(target) == "/"


def test_token_is_kept_while_the_browser_has_it(client: TestClient) -> None:
    first = client.get("/")
    token = client.cookies[ANONYMOUS_COOKIE]
    assert f'value="{token}"' in first.text
    second = client.get("/model")
    assert "set-cookie" not in second.headers
    assert f'value="{token}"' in second.text
    assert form_token(request())[1]
