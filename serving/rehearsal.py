"""A worker's rehearsal: before it takes requests, it answers some of its own, through its whole application.

Much of a worker's first request is what runs or is written for the first time since the fork: pages of memory are
copied, counters made, caches filled, and the interpreter has not yet specialised its code.
"""

import msgspec
from starlette.types import ASGIApp, Message, Scope

from models.bundle import Bundle
from serving.base.metrics import uncounted
from serving.http.bodies import IS_WHOLE
from serving.model.invented import invented_lead

TIMES = 10  # 20 ms; after five a second request still meets pages that nobody has touched


async def rehearse(app: ASGIApp, bundle: Bundle) -> list[int]:
    """Statuses of the application's answers to requests that score an invented lead, none of which is counted."""
    body = msgspec.json.encode(invented_lead(bundle))
    with uncounted():
        return [await _status(app, body) for _ in range(TIMES)]


async def _status(app: ASGIApp, body: bytes) -> int:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(_scope(len(body)), receive, send)
    status: int = messages[0]["status"]
    return status


def _scope(length: int) -> Scope:
    """The scope of a request for a score, as uvicorn makes it of a client on this machine."""
    headers = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(length)}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/score",
        "raw_path": b"/v1/score",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
        IS_WHOLE: True,
    }
