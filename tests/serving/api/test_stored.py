"""The store behind a request is that of the application's runtime."""

from pathlib import Path

from starlette.requests import Request

from serving.api.stored import store_of
from serving.application import build_app
from serving.base.settings import read_settings
from serving.runtime import Runtime


def test_store_of_a_request_is_the_runtimes(tmp_path: Path) -> None:
    runtime = Runtime(read_settings({"LEADCAST_HOME": str(tmp_path), "LEADCAST_LOG": "off"}))
    request = Request({"type": "http", "headers": [], "app": build_app(runtime)})
    assert store_of(request) is runtime.stored
