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
from serving.http.access import OPEN_PATHS, SIGN_IN, Access, is_open
from serving.http.bodies import CLIENT_CLOSED_REQUEST, Disconnected, header
from serving.http.rate_limit import RateLimit
from serving.http.responses import ProblemPage, problem_response

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
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)

Translate = Callable[[Exception], Problem | None]


class Guard:
    """Admits a request or answers with a problem; counts and logs it either way.

    `translate` gives the problem of an exception of the application, None for an unexpected one; `problem_page` the
    page of a problem.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, translate: Translate, problem_page: ProblemPage
    ) -> None:
        self.app = app
        self.translate = translate
        self.problem_page = problem_page
        self.frame_ancestors = " ".join(settings.frame_ancestors)
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
        sender = _Sender(scope, send, self)
        key: ApiKey | None = None
        scope["leadcast.access"] = self.access
        try:
            key = scope["leadcast.key"] = self.access.admit(scope)
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
        if self.limit is not None and not is_open(scope["path"]):
            self.limit.take(key)
        if self.running >= self.concurrency:
            raise unavailable("overloaded", "Too many requests at once; try again.", 1)
        self.running += 1
        sender.is_running = True

    def leave(self) -> None:
        """Ends a request's place among the running ones."""
        self.running -= 1

    def policy(self, scope: Scope, is_html: bool) -> bytes:
        """The Content-Security-Policy of an answer: other sites may frame a lead's panel alone, if set so."""
        if not is_html:
            return _POLICY
        ancestors = self.frame_ancestors if self.frame_ancestors and _is_panel(scope) else "'none'"
        return f"{_PAGE_POLICY}{ancestors}".encode()

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

    def __init__(self, scope: Scope, send: Send, guard: Guard) -> None:
        self.scope = scope
        self.send = send
        self.guard = guard
        self.status = 0
        self.is_running = False
        self.request_id = _request_id(scope)
        scope["leadcast.request_id"] = self.request_id

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.leave()
            message["headers"] = self._complete(list(message.get("headers", ())))
        await self.send(message)

    def leave(self) -> None:
        """Ends the request's place among the running ones, once."""
        if self.is_running:
            self.is_running = False
            self.guard.leave()

    async def send_problem(self, problem: Problem) -> None:
        """Sends the problem, unless an answer has begun."""
        if self.status == 0:
            answer = problem_response(self.scope, problem, self.guard.problem_page)
            await answer(self.scope, _disconnected, self)

    def _complete(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = dict(headers)
        headers.append((b"x-request-id", self.request_id.encode()))
        headers.extend(_HEADERS)
        if b"cache-control" not in present:
            headers.append(_NO_STORE)
        is_html = present.get(b"content-type", b"").startswith(b"text/html")
        headers.append((b"content-security-policy", self.guard.policy(self.scope, is_html)))
        return headers


def _is_panel(scope: Scope) -> bool:
    """True for a lead's page inside a CRM, and for signing in on the way to it."""
    is_place = scope["path"].startswith("/leads/") or scope["path"] == SIGN_IN
    return is_place and b"panel=1" in scope["query_string"].split(b"&")


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
