"""`leadcast serve`: one listening socket and any number of worker processes."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from history.base.errors import InvalidInput
from history.base.locked_tempdir import locked_tempdir
from serving.base.json_logs import LOGGER
from serving.base.settings import Settings
from serving.http.access import is_loopback
from serving.process.forking import ForkedProcess, can_fork, fork
from serving.process.preload import preload

BACKLOG = 2048
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # SIGHUP: the terminal was closed
POLL_SECONDS = 0.2
DRAIN_POLL_SECONDS = 0.05
DRAIN_SECONDS = 30.0
ACCEPT_SECONDS = 0.2  # for workers to accept the connections that the system has already queued
QUICK_DEATH_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
MEMORY = Path("/dev/shm")
RUN_FOLDER = "leadcast-run-"
_CODE = Path(__file__).resolve().parents[2]


def listen(host: str, port: int, settings: Settings) -> socket.socket:
    """The bound socket; raises InvalidInput for a foreign interface without keys, or an unavailable address."""
    if not settings.api_keys and not is_loopback(host):
        raise InvalidInput(
            f"Refusing to listen on {host} without API keys: anybody who reaches it could read every lead. "
            "Set LEADCAST_API_KEYS (KEY or KEY:scope+scope, split by commas), or listen on 127.0.0.1."
        )
    try:
        bound = _bind(host, port)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            f"Cannot listen on {host}:{port}: {reason}. Choose another --host or --port."
        ) from None
    bound.set_inheritable(True)
    return bound


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _run_parent() -> Path:
    """The parent of the workers' shared folder: in memory if the system has a memory file system.

    Workers map files of that folder; a write to a mapped file on a full disk kills the process (SIGBUS).
    """
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """The variables of workers and of their children, in this process's environment for a while."""
    counters = folder / "metrics"
    counters.mkdir(exist_ok=True)
    before = dict(os.environ)
    os.environ["LEADCAST_RUN_FOLDER"] = str(folder)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counters)  # read by the import of prometheus_client
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_CODE), before.get("PYTHONPATH")]))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass
class _Worker:
    process: ForkedProcess | subprocess.Popen[bytes]
    started: float
    place: int  # from 0, that of no other worker that runs


class Supervisor:
    """Starts workers on a socket, replaces dead ones, and drains all of them on a signal of ENDS.

    Workers are forked from this process, which has imported their code; if they cannot be, each starts on its own.
    """

    def __init__(self, bound: socket.socket, workers: int, home: Path) -> None:
        self.bound = bound
        self.home = home
        self.count = workers
        self.workers: dict[int, _Worker] = {}
        self.stopping = False
        self.pause = 0.0
        self._resources = ExitStack()
        self._is_importing = False
        self._is_preloaded = False

    def run(self) -> int:
        """Serves until a signal of ENDS; 0 after a clean end."""
        for number in ENDS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # ignored under nohup
                signal.signal(number, self._stop)
        with self._resources as resources:
            resources.callback(self.bound.close)
            # Workers share the folder's lock: it stays while one of them drains, even if this process is killed.
            folder = resources.enter_context(locked_tempdir(_run_parent(), RUN_FOLDER))
            resources.enter_context(_environment(folder))
            self._preload()
            trial = resources.enter_context(self._first_trial(folder))
            self._start_missing()
            while not self.stopping:
                time.sleep(POLL_SECONDS)
                self._forget_dead(folder)
                if trial is not None:
                    trial.poll()
                self._start_missing()
            return self._drain(folder)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        is_first = not self.stopping
        self.stopping = True
        if is_first and self._is_importing:
            self._end_imports()

    def _preload(self) -> None:
        self._is_importing = True
        if self.stopping:
            self._end_imports()
        self._is_preloaded = preload()
        self._is_importing = False

    def _end_imports(self) -> NoReturn:
        """Ends the process at once: imports take seconds, half a minute if kernels have to be compiled.

        An exception would not do: modules catch what is raised while they import others.
        """
        self._resources.close()
        os._exit(0)

    def _can_fork(self) -> bool:
        return self._is_preloaded and can_fork()

    @contextmanager
    def _first_trial(self, folder: Path) -> Iterator[ForkedProcess | None]:
        """The champion's trial beside the start of the workers, if it can be forked."""
        own_pid = os.getpid()

        def work() -> None:
            from serving.model import first_trial

            self.bound.close()
            first_trial.run(self.home, folder, own_pid)

        trial = fork("leadcast-trial", work) if self._can_fork() else None
        try:
            yield trial
        finally:
            if trial is not None:
                trial.kill()
                trial.wait()

    def _start_missing(self) -> None:
        while len(self.workers) < self.count and not self.stopping:
            place = min(set(range(self.count)) - {worker.place for worker in self.workers.values()})
            process = self._fork(place) if self._can_fork() else self._spawn(place)
            self.workers[process.pid] = _Worker(process, time.monotonic(), place)

    def _fork(self, number: int) -> ForkedProcess:
        own_pid = os.getpid()

        def work() -> None:
            from serving.process import worker

            worker.main(self.bound.detach(), own_pid, worker.Place(number, self.count))

        return fork("leadcast-worker", work)

    def _spawn(self, number: int) -> subprocess.Popen[bytes]:
        numbers = (self.bound.fileno(), os.getpid(), number, self.count)
        command = [sys.executable, "-m", "serving.process.worker", *map(str, numbers)]
        return subprocess.Popen(command, pass_fds=[self.bound.fileno()])

    def _forget_dead(self, folder: Path) -> None:
        """Forgets workers that ended; a worker that died young delays the next start (back-off up to 10 s)."""
        from prometheus_client import multiprocess

        for pid, worker in list(self.workers.items()):
            code = worker.process.poll()
            if code is None:
                continue
            del self.workers[pid]
            multiprocess.mark_process_dead(pid, str(folder / "metrics"))  # type: ignore[no-untyped-call]
            if self.stopping:
                continue
            LOGGER.error("worker ended", extra={"fields": {"worker": pid, "code": code}})
            died_young = time.monotonic() - worker.started < QUICK_DEATH_SECONDS
            self.pause = min(LONGEST_PAUSE_SECONDS, 2 * self.pause + 0.5) if died_young else 0.0
            self._wait(self.pause)

    def _wait(self, seconds: float) -> None:
        """Waits, but no longer than until a signal."""
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            time.sleep(POLL_SECONDS / 2)

    def _drain(self, folder: Path) -> int:
        """Lets workers answer the requests in progress; kills those that take longer than `DRAIN_SECONDS`.

        The backlog closes first, then queued connections are accepted: closing the socket would reset them.
        """
        self.bound.listen(0)
        time.sleep(ACCEPT_SECONDS)
        self.bound.close()
        for worker in self.workers.values():
            worker.process.terminate()
        end = time.monotonic() + DRAIN_SECONDS
        while self.workers and time.monotonic() < end:
            time.sleep(DRAIN_POLL_SECONDS)
            self._forget_dead(folder)
        for worker in self.workers.values():
            worker.process.kill()
            worker.process.wait()
        return 0
