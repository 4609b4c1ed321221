"""Malformed requests: never a 5xx, always a problem, and always as /openapi.json describes it."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.home.pointer import load_champion, read_pointer
from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service.running_service import LEAD, Service, until
from tests.builders.service.service_client import exchange, service
from tests.builders.service.store_fakes import event

EVENT_LEAD = "L-1"
JSON = (b"content-type", b"application/json")
NASTY = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\\ud800", b"\\u0000", b"NaN", b"Infinity", b"1e400", b"-0", b"9" * 400,
    b"[" * 3000, b"{\"a\":" * 3000, b"null", b"true", b"\"\"", b"[]", b"{}", b"1.5", b"\"2026-13-01T00:00:00Z\"",
    b"\"0001-01-01T00:00:00Z\"", b"\"9999-12-31T23:59:59+14:00\"", b"'", b"--", b"%00", "‮".encode(), b",", b"}", b"\"",
)  # fmt: skip
TYPES = (
    b"application/json", b"application/json; charset=utf-16", b"text/plain", b"multipart/form-data", b"",
    b"application/vnd.bentoml+pickle", b"multipart/form-data; boundary=", b"application/x-www-form-urlencoded",
)  # fmt: skip
BODIES: dict[str, object] = {
    "/v1/score": LEAD,
    "/v1/score/batch": {"leads": [LEAD, LEAD]},
    "/v1/events": {"events": [event("e", EVENT_LEAD, {"kind": "call"})]},
    f"/v1/leads/{EVENT_LEAD}": {"created_at": "2026-01-01T00:00:00Z", "attributes": {"x": 1}},
}
READS = (
    "/v1/leads", f"/v1/leads/{EVENT_LEAD}", f"/v1/leads/{EVENT_LEAD}/history", "/v1/model", "/", "/model", "/docs",
    f"/leads/{EVENT_LEAD}", "/v1/forecast", "/v1/funnel", "/metrics", "/openapi.json", "/livez", "/static/leadcast.css",
)  # fmt: skip
KEYS = ("as_of", "reasons", "flat", "order", "limit", "cursor", "q", "period", "periods", "by", "from", "to")
Call = tuple[str, str, bytes, list[tuple[bytes, bytes]]]


def spoiled(content: bytes, draw: random.Random) -> bytes:
    """The bytes with one to three changes: a piece removed, doubled, replaced, or a nasty one inserted."""
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(content) + 1)
        end = min(len(content), at + draw.randint(0, 12))
        piece = draw.choice((b"", content[at:end] * 2, draw.choice(NASTY), draw.randbytes(3)))
        content = content[:at] + piece + content[end:]
    return content


def query(draw: random.Random) -> str:
    values = (
        "",
        "all",
        "-1",
        "1e9",
        "2026-01-01",
        "%00",
        "%ff",
        "x" * 300,
        "0",
        "5",
        "true",
        "WyJhIl0",
        "%F0%9F%98%80",
    )
    pairs = [f"{draw.choice(KEYS)}={draw.choice(values)}" for _ in range(draw.randint(0, 3))]
    return "&".join(pairs)


def call(draw: random.Random) -> Call:
    """A request with a mistake somewhere, or by chance without."""
    if draw.random() < 0.3:
        path = draw.choice(READS)
        if draw.random() < 0.3:
            path = path[: draw.randint(1, len(path))] + draw.choice(
                ("", "/", "//", "..", "%2e%2e", "%00", "%ff")
            )
        return "GET", f"{path}?{query(draw)}", b"", []
    path = draw.choice(list(BODIES))
    body = json.dumps(BODIES[path]).encode()
    if draw.random() < 0.9:
        body = spoiled(body, draw)
    kind = (b"content-type", draw.choice(TYPES)) if draw.random() < 0.15 else JSON
    method = draw.choice(("POST", "PUT", "PATCH", "DELETE")) if draw.random() < 0.1 else None
    usual = "PUT" if path.startswith("/v1/leads/") else "POST"
    return method or usual, f"{path}?{query(draw)}", body, [kind]


@pytest.fixture
def guarded(trained_home: Path, tmp_path: Path) -> Iterator[tuple[Guard, Runtime]]:
    home = Path(shutil.copytree(trained_home, tmp_path / "home"))
    app, runtime = service(home, model=False)
    pointer = read_pointer(home)
    assert pointer is not None
    runtime.watch.current = load_champion(pointer)
    yield app, runtime
    runtime.stored._close()


@pytest.mark.parametrize("count", [1_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_no_request_gets_a_5xx(guarded: tuple[Guard, Runtime], count: int) -> None:
    app, _ = guarded
    draw = random.Random(count)
    statuses: set[int] = set()
    for number in range(count):
        method, target, body, headers = call(draw)
        status, content, _ = exchange(app, target, [body], headers, method)
        assert 200 <= status < 500, (number, method, target, body[:300], headers, content[:300])
        statuses.add(status)
        if status >= 400 and target.startswith("/v1/"):
            problem = json.loads(content)
            assert problem["status"] == status
            assert len(problem["errors"]) <= 20
    assert statuses >= {200, 404, 405, 415, 422}


@pytest.fixture
def live(trained_home: Path, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start(*options: str, **environment: str) -> Service:
        home = Path(shutil.copytree(trained_home, tmp_path / f"home{len(services)}"))
        services.append(Service(home, *options, LEADCAST_LOG="off", **environment))
        until(services[-1].is_ready)
        return services[-1]

    yield start
    for running in services:
        running.end()


@pytest.mark.long
def test_every_answer_conforms_to_the_description(live: Callable[..., Service], tmp_path: Path) -> None:
    """schemathesis sends valid and invalid requests made from the document to a service process."""
    running = live()
    checks = [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    ]
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{running.url}/openapi.json"),
        *("--phases", "coverage,fuzzing,stateful", "--seed", "1", "-n", "100", "--checks", ",".join(checks)),
        "--suppress-health-check=filter_too_much",  # times have a format and a range of years
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
