"""ASGI middleware around every request: id, access, limits, headers, one error shape, metrics and a log line."""

import errno
import logging
import random
import re
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.base import metrics
from serving.base.json_logs import LOGGER, described
from serving.base.problems import Problem, unavailable
from serving.base.settings import ApiKey, Settings
from serving.http.access import OPEN_PATHS, Access
from serving.http.bodies import CLIENT_CLOSED_REQUEST, Disconnected, header
from serving.http.rate_limit import RateLimit
from serving.http.responses import problem_response

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,100}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
# Out of file descriptors, processes or memory: passes when other requests end.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
UNLIMITED = OPEN_PATHS | {"/metrics"}
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_STORE = (b"cache-control", b"no-store")
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

Translate = Callable[[Exception], Problem | None]


class Guard:
    """Admits a request or answers with a problem; counts and logs it either way.

    `translate` gives the problem of an exception of the application, None for an unexpected one.
    """

    def __init__(self, app: ASGIApp, settings: Settings, translate: Translate) -> None:
        self.app = app
        self.translate = translate
        self.access = Access(settings.api_keys)
        self.limit: RateLimit | None = None
        if settings.rate_limit:
            self.limit = RateLimit(settings.rate_limit, settings.api_keys, settings.run_folder)
        self.concurrency = settings.concurrency
        self.logged = settings.logged
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _refuse_websocket(scope, receive, send)
            return
        started = time.perf_counter()
        sender = _Sender(scope, send, self._leave)
        key: ApiKey | None = None
        try:
            key = self.access.admit(scope)
            self._enter(scope, key, sender)
            await self.app(scope, receive, sender)
        except Disconnected:
            sender.status = CLIENT_CLOSED_REQUEST
        except Exception as raised:
            await sender.send_problem(self._problem_of(raised, sender.request_id))
        finally:
            sender.leave()
            self._account(scope, sender, key, time.perf_counter() - started)

    def _enter(self, scope: Scope, key: ApiKey | None, sender: "_Sender") -> None:
        """Counts the request as running until its answer begins: a slow reader takes nobody's place."""
        if scope["path"] in UNLIMITED:
            return
        if self.limit is not None:
            self.limit.take(key)
        if self.running >= self.concurrency:
            raise unavailable("overloaded", "Too many requests at once; try again.", 1)
        self.running += 1
        sender.is_running = True

    def _leave(self) -> None:
        self.running -= 1

    def _problem_of(self, raised: Exception, request_id: str) -> Problem:
        problem = raised if isinstance(raised, Problem) else self.translate(raised)
        if problem is not None:
            return problem
        fields = {"request_id": request_id, **described(raised)}
        LOGGER.log(logging.ERROR, "unexpected error", extra={"fields": fields})
        return unexpected_problem(raised)

    def _account(self, scope: Scope, sender: "_Sender", key: ApiKey | None, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        metrics.count_request(method, route, sender.status, seconds)
        if self.logged == "off" or (self.logged == "errors" and sender.status < 400):
            return
        fields = {
            "request_id": sender.request_id,
            "method": method,
            "route": route,
            "status": sender.status,
            "ms": round(seconds * 1e3, 3),
            "key": key.label if key else None,
        }
        LOGGER.info("request", extra={"fields": fields})


def unexpected_problem(raised: Exception) -> Problem:
    """503 if the process ran out of memory or files, which passes; 500 for every other exception."""
    if isinstance(raised, MemoryError) or (isinstance(raised, OSError) and raised.errno in EXHAUSTED):
        return unavailable("overloaded", "Memory or open files are exhausted; try again.", 1)
    return Problem(500, "internal", "An internal error occurred; the log has details.")


def route_of(scope: Scope) -> str:
    """The path template that matched, such as /v1/leads/{lead_id}; never the path, which may hold an id."""
    return getattr(scope.get("route"), "path_format", None) or "unmatched"


class _Sender:
    """The `send` of a request: adds the headers of every answer and remembers its status."""

    def __init__(self, scope: Scope, send: Send, on_leave: Callable[[], None]) -> None:
        self.scope = scope
        self.send = send
        self.on_leave = on_leave
        self.status = 0
        self.is_running = False
        self.request_id = _request_id(scope)
        scope["leadcast.request_id"] = self.request_id

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.leave()
            message["headers"] = _complete(list(message.get("headers", ())), self.request_id)
        await self.send(message)

    def leave(self) -> None:
        """Ends the request's place among the running ones, once."""
        if self.is_running:
            self.is_running = False
            self.on_leave()

    async def send_problem(self, problem: Problem) -> None:
        """Sends the problem, unless an answer has begun."""
        if self.status == 0:
            await problem_response(self.scope, problem)(self.scope, _disconnected, self)


def _complete(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    headers.append((b"x-request-id", request_id.encode()))
    headers.extend(_HEADERS)
    if b"cache-control" not in names:
        headers.append(_NO_STORE)
    if b"content-security-policy" not in names:
        headers.append(_POLICY)
    return headers


def _request_id(scope: Scope) -> str:
    """The client's X-Request-ID if it is safe to log, else a random one."""
    sent = header(scope, b"x-request-id")
    if sent is not None and REQUEST_ID.fullmatch(sent):
        return sent.decode()
    return (
        f"{random.getrandbits(128):032x}"  # identifies log lines, is no secret: secrets.token_hex costs more
    )


async def _disconnected() -> Message:
    return {"type": "http.disconnect"}


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # policy violation (RFC 6455, section 7.4.1)
