"""`leadcast serve`, `bentoml serve` and a built bento give the same answers."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.builders.service.running_service import AS_OF, LEAD, ROOT, until

CHANGING = {"date", "x-request-id", "server", "connection", "keep-alive", "transfer-encoding"}
PAGE_OF_ITS_OWN = re.compile(rb'name="csrf_token" value="[^"]*"|as of [^<]*')
JSON = {"Content-Type": "application/json"}
STORED = {"created_at": "2026-01-02T03:04:05Z", "owner": "Ann", "attributes": {"industry": "software"}}
EVENTS = {
    "events": [
        {
            "event_id": "e1",
            "lead_id": "a/b",
            "type": "interaction",
            "occurred_at": "2026-01-05T03:04:05Z",
            "data": {"kind": "call", "direction": "inbound"},
        }
    ]
}
SCRIPT: list[tuple[str, str, Any]] = [
    ("GET", "/livez", None),
    ("GET", "/readyz", None),
    ("POST", f"/v1/score?as_of={AS_OF}&reasons=all", LEAD),
    ("POST", f"/v1/score?as_of={AS_OF}&flat=true", LEAD),
    ("POST", f"/v1/score/batch?as_of={AS_OF}", {"leads": [LEAD, {"lead_id": "x"}]}),
    ("POST", "/v1/score", {"lead_id": 1}),
    ("PUT", "/v1/leads/a%2Fb", STORED),
    ("PUT", "/v1/leads/a%2Fb", {**STORED, "created_at": "2026-01-03T03:04:05Z"}),
    ("POST", "/v1/events", EVENTS),
    ("POST", "/v1/events", EVENTS),
    ("GET", "/v1/leads?limit=0", None),
    ("GET", "/v1/leads/nobody", None),
    ("GET", "/v1/forecast?as_of=2026-02-01", None),
    ("GET", "/v1/funnel?as_of=2026-02-01", None),
    ("GET", "/v1/model", None),
    ("GET", "/openapi.json", None),
    ("GET", "/model", None),
    ("GET", "/docs", None),
    ("GET", "/schema.json", None),
    ("GET", "/docs.json", None),
    ("PATCH", "/v1/score", None),
    ("DELETE", "/v1/leads/a%2Fb", None),
]


def answer(url: str, method: str, path: str, body: Any) -> tuple[int, dict[str, str], bytes]:
    data = None if body is None else json.dumps(body).encode()
    try:
        response = urlopen(Request(url + path, data, JSON, method=method), timeout=60)
    except HTTPError as refusal:
        response = refusal
    with response:
        content = response.read()
        headers = {k.lower(): v for k, v in response.headers.items() if k.lower() not in CHANGING}
    if headers.get("content-type") == "application/problem+json":
        problem = json.loads(content)
        problem.pop("request_id")
        content = json.dumps(problem).encode()
        headers.pop("content-length")
    if headers.get("content-type", "").startswith("text/html"):
        # A page holds the time and, in a cookie and its forms, a token of its own.
        content = PAGE_OF_ITS_OWN.sub(b"", content)
        headers.pop("set-cookie", None)
        headers.pop("content-length")
    return response.status, headers, content


def is_up(url: str) -> bool:
    try:
        return answer(url, "GET", "/readyz", None)[0] == 200
    except OSError:
        return False


@contextmanager
def served(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The URL of the service that a command starts in `folder`, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--port", port],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: is_up(f"http://127.0.0.1:{port}"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def build(environment: dict[str, str]) -> Path:
    """A bento of this tree, built in BENTOML_HOME."""
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (bento,) = Path(environment["BENTOML_HOME"]).glob("bentos/leadcast/*/bento.yaml")
    return bento.parent


@pytest.mark.long
def test_three_ways_to_serve_give_the_same_answers(trained_home: Path, tmp_path: Path) -> None:
    own = {"BENTOML_HOME": str(tmp_path / "bentoml"), "BENTOML_DO_NOT_TRACK": "true", "LEADCAST_LOG": "off"}
    bento = build(own)
    assert not (bento / "src" / "tests").exists()
    assert not (bento / "src" / "training").exists()
    ways = {
        "leadcast": (["cli", "serve"], ROOT),
        "bentoml": (["bentoml", "serve", "serving.service:Leadcast", "--host", "127.0.0.1"], ROOT),
        "bento": (["bentoml", "serve", str(bento), "--host", "127.0.0.1"], tmp_path),
    }
    answers: dict[str, list[Any]] = {}
    for name, (command, folder) in ways.items():
        home = shutil.copytree(trained_home, tmp_path / f"home-{name}")
        with served(command, folder, {**own, "LEADCAST_HOME": str(home)}) as url:
            answers[name] = [answer(url, *call) for call in SCRIPT]
    for place, call in enumerate(SCRIPT):
        assert answers["bentoml"][place] == answers["leadcast"][place], call[:2]
        assert answers["bento"][place] == answers["leadcast"][place], call[:2]
    assert {status for status, _, _ in answers["leadcast"]} >= {200, 201, 204, 404, 405, 409, 422}
