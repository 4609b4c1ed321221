"""The BentoML service: lifecycle and packaging, under `leadcast serve`, `bentoml serve` and in a bento.

BentoML starts and ends the application, mounted at its root. Requests go to the guarded application directly: BentoML's
own middlewares (OpenTelemetry spans that nobody exports, a timeout that keeps every request in memory for its whole
length) and paths (/schema.json, /docs.json, a page with a tag manager) stay out of their way.
"""

import os
import sys

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.application import build_app, guarded
from serving.base.json_logs import configure
from serving.base.settings import read_settings
from serving.runtime import Runtime

TIMEOUT_SECONDS = 60
THREAD_TURN_SECONDS = 0.0005


class LeadcastService(bentoml.Service):  # type: ignore[misc]
    """A BentoML service whose every request is answered by the application mounted at its root."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """The ASGI application; reads the settings, InvalidInput when they cannot be used.

        Threads change often: a request gives its turn away at each row that it reads, and would wait Python's usual
        5 ms for the next wherever the writer or the rescorer computes.
        """
        configure()
        sys.setswitchinterval(THREAD_TURN_SECONDS)
        runtime = Runtime(read_settings())
        app = build_app(runtime)
        self.mount_apps.clear()
        self.mount_asgi_app(app, path="/")
        return _Entrance(super().to_asgi(is_main), guarded(app, runtime))


class _Entrance:
    """Start and end of the process go to BentoML, everything else to the application."""

    def __init__(self, lifecycle: ASGIApp, product: ASGIApp) -> None:
        self.lifecycle = lifecycle
        self.product = product

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = self.lifecycle if scope["type"] == "lifespan" else self.product
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
