"""Request bodies: media types, limits, and clients that disconnect."""

import json
import logging

import pytest
from starlette.testclient import TestClient

from serving.base.limits import MAX_BODY_BYTES, MAX_LEAD_BYTES
from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service.service_client import LEAD, exchange, problem

JSON = [(b"content-type", b"application/json")]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
     "application/vnd.bentoml+pickle", "application/octet-stream", "application/json-patch+json", "",
     "application/json; charset=latin-1", "application/jsonp", "text/json", "application/json, text/plain"],
)  # fmt: skip
def test_other_media_types_are_refused(fake_client: TestClient, kind: str) -> None:
    problem(fake_client.post("/v1/score", content=json.dumps(LEAD), headers={"content-type": kind}), 415)


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_may_be_spelled_in_any_case(fake_client: TestClient, kind: str) -> None:
    assert (
        fake_client.post("/v1/score", content=json.dumps(LEAD), headers={"content-type": kind}).status_code
        == 200
    )


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip"])
def test_compressed_bodies_are_refused(fake_client: TestClient, encoding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    problem(fake_client.post("/v1/score", content=b"x", headers=headers), 415)


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/v1/score", MAX_LEAD_BYTES), ("/v1/score/batch", MAX_BODY_BYTES), ("/v1/events", MAX_BODY_BYTES)],
)
def test_a_body_is_read_up_to_its_limit(fake_service: tuple[Guard, Runtime], path: str, limit: int) -> None:
    chunk = b" " * (limit // 4)
    status, _, taken = exchange(fake_service[0], path, [chunk] * 40, JSON)
    assert (status, taken) == (413, 5)
    announced = [*JSON, (b"content-length", str(limit + 1).encode())]
    status, _, taken = exchange(fake_service[0], path, [chunk] * 40, announced)
    assert (status, taken) == (413, 0)


def test_a_disconnected_client_is_not_an_error(
    fake_service: tuple[Guard, Runtime], caplog: pytest.LogCaptureFixture
) -> None:
    status, _, _ = exchange(fake_service[0], "/v1/score", [], JSON)
    assert status == 0
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]
