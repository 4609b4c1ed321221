"""The thread that keeps the scores of changed leads fresh."""

import threading
from collections.abc import Callable

from models.bundle import Bundle
from models.scorer import score_with_numbers as score_snapshot
from serving.store.database.locks import LeaderElection
from serving.store.scores.causes import Score
from serving.store.scores.rescoring.changed_leads import LEADS_PER_ROUND, refresh_changes, rescore_dirty
from serving.store.store import Store

# Requests share the processor with this thread: it rests after a few leads, longer while many rows wait for their
# commit.
REST_S = 0.01
LONGEST_REST_S = 0.1
BUSY_ROWS = 16  # rows in the writer's queue from which the rest is the longest one
POLL_INTERVAL_S = 0.15
WAIT_AFTER_FAILURE_S = 2.0


class Rescorer:
    """The thread that scores queued leads; among the processes of a home, the leader's does the work."""

    def __init__(
        self, store: Store, bundle: Callable[[], Bundle | None], score: Score = score_snapshot
    ) -> None:
        self._store = store
        self._bundle = bundle
        self._score = score
        self._election = LeaderElection(store.engine.home / "rescore.lock")
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rescorer", daemon=True)
        self.on_failure: Callable[[Exception], None] = lambda _error: None

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after its current leads."""
        self.ending.set()
        if self._thread.is_alive():
            self._thread.join()
        self._election.close()

    def _run(self) -> None:
        pause = POLL_INTERVAL_S
        while not self.ending.wait(pause):
            try:
                self._step()
                pause = POLL_INTERVAL_S
            except Exception as error:
                self.on_failure(error)
                pause = WAIT_AFTER_FAILURE_S

    def _step(self) -> int:
        bundle = self._bundle()
        if bundle is None or not self._election.is_leader():
            return 0
        refresh_changes(self._store, LEADS_PER_ROUND)
        return rescore_dirty(self._store, bundle, LEADS_PER_ROUND, self._score, self._rest)

    def _rest(self) -> None:
        """Rests until few rows wait for their commit: their callers go first, and changes to one lead add up."""
        for _ in range(round(LONGEST_REST_S / REST_S)):
            if self.ending.wait(REST_S) or self._store.waiting < BUSY_ROWS:
                return
