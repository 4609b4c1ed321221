"""One worker of `leadcast serve`: the BentoML service's application under uvicorn, on an inherited socket.

Run as `python -m serving.process.worker SOCKET_FD PARENT_PID`; dies with its parent.
"""

import signal
import socket
import sys
from typing import Any

import uvicorn

from serving.base.parent_death import die_with_parent
from serving.http.connection import Connection
from serving.service import Leadcast

KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 25  # less than the supervisor's 30, after which it kills


def main(descriptor: int, parent_pid: int) -> None:
    """Serves until SIGTERM, then answers the requests in progress."""
    die_with_parent(parent_pid)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the supervisor sends SIGTERM
    service: Any = Leadcast
    config = uvicorn.Config(
        service.to_asgi(),
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
