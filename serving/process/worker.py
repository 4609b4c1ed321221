"""One worker of `leadcast serve`: the BentoML service's application under uvicorn, on an inherited socket.

Run as `python -m serving.process.worker SOCKET_FD PARENT_PID`; ends when the parent does.
"""

import signal
import socket
import sys
from typing import Any

import uvicorn

from serving.base.parent_death import end_with
from serving.http.connection import Connection
from serving.service import Leadcast

KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 25


def main(descriptor: int, parent: int) -> None:
    """Serves until SIGTERM, then answers what it has begun."""
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent sends SIGTERM
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
