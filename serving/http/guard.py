"""What stands around every request: id, access, limits, headers, one error shape, metrics and a log line."""

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
from serving.http.bodies import GONE, Disconnected, header
from serving.http.rate_limit import RateLimit
from serving.http.responses import problem_answer

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


class Guard:
    """ASGI middleware: lets a request in or answers with a problem, and accounts for it either way."""

    def __init__(
        self, app: ASGIApp, settings: Settings, translate: Callable[[Exception], Problem | None]
    ) -> None:
        self.app = app
        self.translate = translate
        self.access = Access(settings.api_keys)
        self.limit = (
            RateLimit(settings.rate_limit, settings.api_keys, settings.run_folder)
            if settings.rate_limit
            else None
        )
        self.concurrency = settings.concurrency
        self.logged = settings.logged
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _refuse_socket(scope, receive, send)
            return
        started = time.perf_counter()
        answer = _Answer(scope, send, self._leave)
        key: ApiKey | None = None
        try:
            key = self.access.admit(scope)
            self._enter(scope, key, answer)
            await self.app(scope, receive, answer)
        except Disconnected:
            answer.status = GONE
        except Exception as raised:
            problem = raised if isinstance(raised, Problem) else self.translate(raised)
            if problem is None:
                _log_error(answer.request_id, raised)
                problem = unexpected_problem(raised)
            await answer.problem(problem)
        finally:
            answer.leave()
            self._account(scope, answer, key, time.perf_counter() - started)

    def _enter(self, scope: Scope, key: ApiKey | None, answer: "_Answer") -> None:
        """Counts a request among those at work until its answer begins: how long a caller takes to read is its own."""
        if scope["path"] in UNLIMITED:
            return
        if self.limit is not None:
            self.limit.take(key)
        if self.running >= self.concurrency:
            raise unavailable("overloaded", "Too many requests at once; try again.", 1)
        self.running += 1
        answer.is_at_work = True

    def _leave(self) -> None:
        self.running -= 1

    def _account(self, scope: Scope, answer: "_Answer", key: ApiKey | None, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        metrics.count_request(method, route, answer.status, seconds)
        if self.logged == "off" or (self.logged == "errors" and answer.status < 400):
            return
        fields = {
            "request_id": answer.request_id,
            "method": method,
            "route": route,
            "status": answer.status,
            "ms": round(seconds * 1e3, 3),
            "key": key.label if key else None,
        }
        LOGGER.info("request", extra={"fields": fields})


def unexpected_problem(raised: Exception) -> Problem:
    """503 if the process ran out of memory or files, which passes; 500 for every other exception."""
    if isinstance(raised, MemoryError) or (isinstance(raised, OSError) and raised.errno in EXHAUSTED):
        return unavailable("overloaded", "Too much is going on at once; try again.", 1)
    return Problem(500, "internal", "Something went wrong here; the log says what.")


def route_of(scope: Scope) -> str:
    """The template of the path that matched, such as /v1/leads/{lead_id}; never the path itself."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


class _Answer:
    """The `send` of a request: adds the headers of every answer and remembers its status."""

    def __init__(self, scope: Scope, send: Send, left: Callable[[], None]) -> None:
        self.scope = scope
        self.send = send
        self.left = left
        self.status = 0
        self.is_at_work = False
        self.request_id = _request_id(scope)
        scope["leadcast.request_id"] = self.request_id

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.leave()
            message["headers"] = _complete(list(message.get("headers", ())), self.request_id)
        await self.send(message)

    def leave(self) -> None:
        """Tells once that the work is done."""
        if self.is_at_work:
            self.is_at_work = False
            self.left()

    async def problem(self, problem: Problem) -> None:
        """Answers with a problem, unless an answer has begun."""
        if self.status == 0:
            await problem_answer(self.scope, problem)(self.scope, _nothing, self)


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
    given = header(scope, b"x-request-id")
    if given is not None and REQUEST_ID.fullmatch(given):
        return given.decode()
    return f"{random.getrandbits(128):032x}"


def _log_error(request_id: str, error: Exception) -> None:
    fields = {"request_id": request_id, **described(error)}
    LOGGER.log(logging.ERROR, "unexpected error", extra={"fields": fields})


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
