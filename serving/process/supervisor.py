"""`leadcast serve`: one listening socket, any number of worker processes, none of them left behind."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from prometheus_client import multiprocess

from history.errors import InvalidInput
from serving.base.json_logs import LOGGER
from serving.base.locked_tempdir import scratch
from serving.base.settings import Settings
from serving.http.access import is_loopback

BACKLOG = 2048
DRAIN_SECONDS = 30.0
LAST_CALL_SECONDS = 0.2
QUICK_DEATH_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
MEMORY = Path("/dev/shm")
RUN_FOLDER = "leadcast-run-"
_CODE = Path(__file__).resolve().parents[2]


def _run_place() -> Path:
    """Where what workers share is kept while they run: in memory, where the system has files there.

    They map these files, and a disk without room ends whoever writes to a mapped file on it.
    """
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    started: float


def listen(host: str, port: int, settings: Settings) -> socket.socket:
    """The bound socket; raises InvalidInput for a foreign interface without keys, or an address that can't be had."""
    if not settings.api_keys and not is_loopback(host):
        raise InvalidInput(
            f"Refusing to listen on {host} without API keys: anybody who reaches it could read every lead. "
            "Set LEADCAST_API_KEYS (KEY or KEY:scope+scope, split by commas), or listen on 127.0.0.1."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)
        except OSError:
            bound.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            f"Cannot listen on {host}:{port}: {reason}. Choose another --host or --port."
        ) from None
    bound.set_inheritable(True)
    return bound


class Supervisor:
    """Starts workers on a socket, replaces those that die, ends them all when told to."""

    def __init__(self, bound: socket.socket, workers: int) -> None:
        self.bound = bound
        self.count = workers
        self.workers: dict[int, _Worker] = {}
        self.stopping = False
        self.pause = 0.0

    def run(self) -> int:
        """Serves until SIGTERM or SIGINT; 0 after a clean end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            with scratch(_run_place(), RUN_FOLDER) as folder:
                while not self.stopping:
                    self._fill(folder)
                    self._reap(folder, timeout=0.2)
                return self._drain(folder)
        finally:
            self.bound.close()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _fill(self, folder: Path) -> None:
        while len(self.workers) < self.count and not self.stopping:
            process = subprocess.Popen(
                self._command(), env=self._environment(folder), pass_fds=[self.bound.fileno()]
            )
            self.workers[process.pid] = _Worker(process, time.monotonic())

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "serving.process.worker", str(self.bound.fileno()), str(os.getpid())]

    def _environment(self, folder: Path) -> dict[str, str]:
        counters = folder / "metrics"
        counters.mkdir(exist_ok=True)
        return {
            **os.environ,
            "LEADCAST_RUN_FOLDER": str(folder),
            "PROMETHEUS_MULTIPROC_DIR": str(counters),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(_CODE), os.environ.get("PYTHONPATH")])),
        }

    def _reap(self, folder: Path, timeout: float) -> None:
        """Waits a moment and forgets the workers that ended; one that dies young makes the next start wait."""
        time.sleep(timeout)
        for pid, worker in list(self.workers.items()):
            code = worker.process.poll()
            if code is None:
                continue
            del self.workers[pid]
            multiprocess.mark_process_dead(pid, str(folder / "metrics"))  # type: ignore[no-untyped-call]
            if self.stopping:
                continue
            LOGGER.error("worker ended", extra={"fields": {"worker": pid, "code": code}})
            young = time.monotonic() - worker.started < QUICK_DEATH_SECONDS
            self.pause = min(LONGEST_PAUSE_SECONDS, 2 * self.pause + 0.5) if young else 0.0
            self._rest(self.pause)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            time.sleep(0.1)

    def _drain(self, folder: Path) -> int:
        """Lets every worker answer what it has begun; ends those that don't.

        Callers whom the system has let in are taken before the socket closes, which would hang up on them.
        """
        self.bound.listen(0)
        time.sleep(LAST_CALL_SECONDS)
        self.bound.close()
        for worker in self.workers.values():
            worker.process.terminate()
        until = time.monotonic() + DRAIN_SECONDS
        while self.workers and time.monotonic() < until:
            self._reap(folder, timeout=0.05)
        for worker in self.workers.values():
            worker.process.kill()
            worker.process.wait()
        return 0
