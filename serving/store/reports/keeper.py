"""Has the reports of a large store prepared: one process of a home starts the child that makes them."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from models.bundle import Bundle
from serving.store.database.locks import LeaderElection
from serving.store.reports.kept import Schedule, due
from serving.store.reports.version import store_state
from serving.store.store import Store

CODE: Final = Path(__file__).resolve().parents[3]
POLL_S: Final = 1.0
WAIT_AFTER_FAILURE_S: Final = 30.0
# One report is many small matrices: threads of BLAS would take the processors of requests and make none of it faster.
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Not for a child: the keys of people, and the shared counters of workers.
WITHHELD: Final = ("LEADCAST_API_KEYS", "LEADCAST_RUN_FOLDER", "PROMETHEUS_MULTIPROC_DIR")


class PreparationFailed(Exception):
    """The child that prepares reports ended with an error."""


class ReportKeeper:
    """The thread that has reports prepared; of the processes of a home, the leader's does."""

    def __init__(
        self, store: Store, url: str | None, bundle: Callable[[], Bundle | None], schedule: Schedule
    ) -> None:
        self._store = store
        self._url = url
        self._bundle = bundle
        self._schedule = schedule
        self.linger_s: float | None = None  # of the child; None for its own default
        self._election = LeaderElection(store.engine.home / "reports.lock")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports-keeper", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None
        self.on_failure: Callable[[Exception], None] = lambda _error: None

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, and the child if one runs."""
        self._ending.set()
        child = self._child
        if child is not None:
            child.terminate()
        if self._thread.is_alive():
            self._thread.join()
        self._election.close()

    def _run(self) -> None:
        pause = POLL_S
        while not self._ending.wait(pause):
            try:
                self.step()
                pause = POLL_S
            except Exception as error:
                self.on_failure(error)
                pause = WAIT_AFTER_FAILURE_S

    def step(self) -> bool:
        """Has what is due prepared and waits for it; False if nothing was. Raises PreparationFailed."""
        if not self._election.is_leader() or not self._is_due():
            return False
        self._child = subprocess.Popen(
            self._command(), env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        if self._ending.is_set():
            self._child.terminate()
        _output, errors = self._child.communicate()
        code, self._child = self._child.returncode, None
        if code and not self._ending.is_set():
            lines = errors.decode("utf-8", "replace").strip().splitlines()
            raise PreparationFailed(f"code {code}: {lines[-1] if lines else 'no message'}")
        return True

    def _is_due(self) -> bool:
        bundle = self._bundle()
        version = None if bundle is None else bundle.version
        with self._store.engine.reading() as connection:
            state = store_state(connection)
            return bool(due(connection, self._schedule, state, version, self._store.now_us()))

    def _command(self) -> list[str]:
        schedule = [str(self._schedule.every_us), str(self._schedule.least_rows)]
        if self.linger_s is not None:
            schedule.append(str(self.linger_s))
        return [sys.executable, "-m", "serving.store.reports.prepare", str(os.getpid()), *schedule]

    def _environment(self, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
        kept = {name: value for name, value in inherited.items() if name not in WITHHELD}
        own = {
            "LEADCAST_HOME": str(self._store.engine.home.absolute()),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), inherited.get("PYTHONPATH")])),
        }
        database = {} if self._url is None else {"LEADCAST_DATABASE_URL": self._url}
        return {**kept, **ONE_THREAD, **own, **database}
