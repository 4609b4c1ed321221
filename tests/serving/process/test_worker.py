"""One worker: dies with its parent, ignores Ctrl-C, and serves the guarded application on the inherited socket."""

import os
import signal
import socket
from typing import Any

import pytest

from serving.http.connection import Connection


# The import of BentoML warns of names that its own libraries have deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_worker_serves_on_the_socket_it_inherits(monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.process import worker  # imports the service, which is slow

    calls: dict[str, Any] = {}
    monkeypatch.setattr(worker, "die_with_parent", lambda pid: calls.update(parent=pid))
    monkeypatch.setattr("signal.signal", lambda number, action: calls.update({str(number): action}))
    monkeypatch.setattr("serving.service.Leadcast.to_asgi", lambda: "the application")
    monkeypatch.setattr("gc.disable", lambda: calls.update(collects=False))

    class FakeServer:
        def __init__(self, config: Any) -> None:
            calls["config"] = config

        def run(self, sockets: list[socket.socket]) -> None:
            calls["address"] = sockets[0].getsockname()
            sockets[0].close()

    monkeypatch.setattr("uvicorn.Server", FakeServer)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        worker.main(os.dup(listening.fileno()), 1234, worker.Place(0, 1))
        assert calls["address"] == listening.getsockname()
    config = calls["config"]
    assert calls["parent"] == 1234
    assert calls["collects"] is False, "until the heap is frozen"
    assert calls[str(signal.SIGINT)] == signal.SIG_IGN
    assert (config.app, config.http_protocol_class if config.loaded else config.http) == (
        "the application",
        Connection,
    )
    assert (config.proxy_headers, config.server_header, config.access_log) == (False, False, False)
    assert config.timeout_graceful_shutdown < 30, "the supervisor kills after 30 seconds"
