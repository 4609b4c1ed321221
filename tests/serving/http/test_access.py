"""Access: scopes of every call, and loopback clients without keys."""

from base64 import b64encode
from typing import Any

import pytest

from serving.base.problems import Problem
from serving.base.settings import read_settings
from serving.http.access import Access, check_scope, is_loopback
from serving.http.sessions import SESSION_COOKIE

ALL = read_settings({"LEADCAST_API_KEYS": "full,r:read,s:score,i:ingest,a:admin"})
CALLS = {
    ("GET", "/v1/model"): "r",
    ("GET", "/v1/leads"): "r",
    ("GET", "/"): "r",
    ("GET", "/metrics"): "r",
    ("GET", "/docs"): "r",
    ("GET", "/openapi.json"): "r",
    ("POST", "/v1/score"): "s",
    ("POST", "/v1/score/batch"): "s",
    ("POST", "/v1/events"): "i",
    ("PUT", "/v1/leads/1"): "i",
    ("DELETE", "/v1/leads/1"): "a",
}


def request(
    method: str, path: str, authorization: str | None = None, client: str = "127.0.0.1"
) -> dict[str, Any]:
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return {"type": "http", "method": method, "path": path, "headers": headers, "client": (client, 1)}


def status(scope: dict[str, Any], access: Access) -> int:
    try:
        access.admit(scope)
    except Problem as problem:
        return problem.status
    return 200


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_each_call_needs_its_scope_and_no_other(call: tuple[str, str]) -> None:
    access = Access(ALL.api_keys)
    assert status(request(*call), access) == 401
    assert status(request(*call, "Bearer wrong"), access) == 401
    assert status(request(*call, "Bearer "), access) == 401
    for key in ("full", "r", "s", "i", "a"):
        expected = 200 if key in ("full", CALLS[call]) else 403
        assert status(request(*call, f"bearer {key}"), access) == expected


def test_health_needs_no_key() -> None:
    access = Access(ALL.api_keys)
    assert status(request("GET", "/livez"), access) == 200
    assert status(request("GET", "/readyz"), access) == 200


@pytest.mark.parametrize("path", ["/livez", "/signin", "/static/leadcast.css"])
def test_what_everybody_needs_is_open(path: str) -> None:
    assert status(request("GET", path), Access(ALL.api_keys)) == 200


@pytest.mark.parametrize("path", ["/", "/leads/a%2Fb", "/v1/model", "/metrics"])
def test_basic_passwords_are_no_keys(path: str) -> None:
    basic = "Basic " + b64encode(b"anyone:r").decode()
    assert status(request("GET", path, basic), Access(ALL.api_keys)) == 401


def test_people_are_sent_to_the_page_for_signing_in() -> None:
    scope = request("GET", "/leads/a")
    scope |= {"raw_path": b"/leads/a%2Fb", "query_string": b"panel=1"}
    scope["headers"] = [(b"accept", b"text/html,*/*")]
    with pytest.raises(Problem) as caught:
        Access(ALL.api_keys).admit(scope)
    assert caught.value.status == 303
    assert caught.value.headers["Location"] == "/signin?to=%2Fleads%2Fa%252Fb%3Fpanel%3D1&panel=1"
    for path in ("/v1/model", "/metrics", "/openapi.json"):
        assert status({**scope, "path": path}, Access(ALL.api_keys)) == 401


def test_part_of_a_page_is_not_replaced_by_signing_in() -> None:
    scope = request("GET", "/")
    for page, way_back in (
        (b"http://crm.example:3000/leads/a%2Fb?panel=1", "?to=%2Fleads%2Fa%252Fb%3Fpanel%3D1&panel=1"),
        (b"http://[", ""),
        (b"", ""),
        (b"/a\xff", ""),
    ):
        scope["headers"] = [(b"accept", b"*/*"), (b"hx-request", b"true"), (b"hx-current-url", page)]
        with pytest.raises(Problem) as caught:
            Access(ALL.api_keys).admit(scope)
        assert (caught.value.status, caught.value.headers["HX-Redirect"]) == (401, f"/signin{way_back}")


def with_session(access: Access, method: str, path: str, key: int = 0) -> dict[str, Any]:
    scope = request(method, path)
    cookie = access.sessions.start(access.keys[key], "Ann")
    scope["headers"] = [(b"cookie", f"x=1; {SESSION_COOKIE}={cookie}".encode())]
    return scope


def test_session_reads_everything_and_changes_nothing_through_the_api() -> None:
    access = Access(ALL.api_keys)
    for method, path in CALLS:
        expected = 200 if method == "GET" else 401
        assert status(with_session(access, method, path), access) == expected
    assert status(with_session(access, "POST", "/signout"), access) == 200


def test_session_has_the_scopes_of_its_key() -> None:
    access = Access(ALL.api_keys)
    scope = with_session(access, "GET", "/", key=1)
    assert status(scope, access) == 200
    scope["leadcast.key"] = access.keys[1]
    check_scope(scope, "read")
    with pytest.raises(Problem):
        check_scope(scope, "admin")
    assert status(with_session(access, "GET", "/", key=2), access) == 403


def test_a_key_in_the_header_comes_before_a_session() -> None:
    access = Access(ALL.api_keys)
    scope = with_session(access, "GET", "/")
    scope["headers"].append((b"authorization", b"Bearer wrong"))
    assert status(scope, access) == 401


def test_a_401_has_a_challenge() -> None:
    with pytest.raises(Problem) as caught:
        Access(ALL.api_keys).admit(request("GET", "/v1/model"))
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_two_authorization_headers_are_refused() -> None:
    scope = request("GET", "/v1/model", "Bearer full")
    scope["headers"] *= 2
    assert status(scope, Access(ALL.api_keys)) == 401


@pytest.mark.parametrize("peer", ["10.0.0.7", "192.168.1.1", "::ffff:10.0.0.1", "2001:db8::1", "unknown"])
def test_without_keys_other_machines_are_refused(peer: str) -> None:
    assert status(request("GET", "/v1/model", client=peer), Access(())) == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_without_keys_this_machine_is_admitted(peer: str) -> None:
    assert status(request("GET", "/v1/model", client=peer), Access(())) == 200


REBOUND = [
    "evil.example",
    "evil.example:3000",
    "EVIL.example.",
    "localhost.evil.example",
    "a@evil.example",
    "[evil.example",
]
TWO_HOSTS = "127.0.0.1, evil.example"


@pytest.mark.parametrize("path", ["/", "/v1/leads", "/leads/a"])
@pytest.mark.parametrize("host", [*REBOUND, TWO_HOSTS])
def test_without_keys_a_rebound_domain_is_refused(host: str, path: str) -> None:
    scope = request("GET", path)
    scope["headers"] = [(b"host", host.encode())]
    assert status(scope, Access(())) == 403


@pytest.mark.parametrize(
    "host",
    [
        "localhost:3000",
        "127.0.0.1:3000",
        "127.1",
        "[::1]:3000",
        "[::ffff:127.0.0.1]",
        "a.localhost",
        "crm:80",
        "",
    ],
)
def test_without_keys_a_local_name_is_admitted(host: str) -> None:
    scope = request("GET", "/v1/leads")
    scope["headers"] = [(b"host", host.encode())]
    assert status(scope, Access(())) == 200


@pytest.mark.parametrize("path", ["/v1/leads", "/livez", "/"])
@pytest.mark.parametrize("keys", [(), ALL.api_keys], ids=["open", "keys"])
def test_two_host_headers_are_refused(keys: tuple[Any, ...], path: str) -> None:
    scope = request("GET", path, "Bearer full")
    scope["headers"] += [(b"host", b"localhost"), (b"host", b"localhost")]
    assert status(scope, Access(keys)) == 400


def test_with_keys_any_host_is_admitted() -> None:
    scope = request("GET", "/v1/leads", "Bearer full")
    scope["headers"].append((b"host", b"leads.example.com"))
    assert status(scope, Access(ALL.api_keys)) == 200
    health = request("GET", "/livez")
    health["headers"] = [(b"host", b"evil.example")]
    assert status(health, Access(())) == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.1.1", "example.com", "", "127.0.0.1.example.com"])
def test_foreign_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)
