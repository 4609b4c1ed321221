"""The BentoML service: lifecycle and packaging, under `leadcast serve`, `bentoml serve` and in a bento.

BentoML starts and ends the application, mounted at its root. Requests go directly to the guarded application, around
BentoML's middlewares (OpenTelemetry spans without an exporter, a timeout that keeps every request in memory for its
whole length) and paths (/schema.json, /docs.json, a page with a tag manager).
"""

import os
import sys

# Read by bentoml, opentelemetry and OpenMP at their import.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


import _bentoml_impl.server.app  # noqa: F401  BentoML imports it as an application starts: forked workers share it
import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.application import build_app, guarded
from serving.base.json_logs import configure
from serving.base.settings import read_settings
from serving.runtime import Runtime

TIMEOUT_SECONDS = 60
# Python's default of 5 ms would delay a request at each row that it reads while the writer or rescorer computes: the
# database driver releases the interpreter lock for every row.
SWITCH_INTERVAL_SECONDS = 0.0005


class LeadcastService(bentoml.Service):  # type: ignore[misc]
    """A BentoML service that hands every request to the application mounted at its root."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """The ASGI application of a worker; raises InvalidInput for invalid settings."""
        configure()
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        runtime = Runtime(read_settings())
        app = build_app(runtime)
        self.mount_apps.clear()
        self.mount_asgi_app(app, path="/")
        return _Entrance(super().to_asgi(is_main), guarded(app, runtime.settings))


class _Entrance:
    """Sends lifespan events to BentoML and every other scope to the application."""

    def __init__(self, lifecycle: ASGIApp, application: ASGIApp) -> None:
        self.lifecycle = lifecycle
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = self.lifecycle if scope["type"] == "lifespan" else self.application
        await target(scope, receive, send)


@bentoml.service(
    name="leadcast",
    service_class=LeadcastService,
    workers=1,
    traffic={"timeout": TIMEOUT_SECONDS},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    http={"host": "127.0.0.1", "port": 3000},
)
class Leadcast:
    """Scores leads over HTTP."""
