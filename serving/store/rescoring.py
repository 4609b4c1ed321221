"""Scores kept fresh: leads that something happened to within a second, all open ones when time has passed."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from history.history import OPEN
from history.snapshot import Snapshot, state_at
from models.bundle import Bundle
from models.scorer import score as score_snapshot
from serving.store import schema as db
from serving.store.causes import Moved, Score, causes_of, has_moved
from serving.store.leads import current_attributes
from serving.store.locks import Election
from serving.store.reading import LeadRow, LeadRows, history_of, lead_row, rows_of
from serving.store.scores import (
    OPEN_STATUS,
    NewScore,
    Stored,
    save_scores,
    score_row,
    stored_scores,
    with_history,
)
from serving.store.store import Store
from serving.store.writer import read_setting

REASONS_KEPT = 3
LEADS_AT_ONCE = 60  # of one commit: some 250 leads a second
LEADS_AT_A_STRETCH = 8
REST_S = 0.01  # after each stretch, so that requests do not wait for all of them
LONGEST_REST_S = 0.1  # while many rows wait for their commit
MANY_ROWS = 16
PAGE = 2_000
LOOK_EVERY_S = 0.15
WAIT_AFTER_OUTAGE_S = 2.0
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class _View:
    """Leads with their rows and stored scores as of one moment; through_row is the last row stored by then."""

    rows: LeadRows
    stored: dict[int, Stored]
    through_row: int


def _view(connection: Connection, leads: Sequence[LeadRow]) -> _View:
    rows = rows_of(connection, leads)
    through = int(read_setting(connection, "row_no") or 1) - 1
    return _View(rows, stored_scores(connection, [lead.lead_no for lead in leads]), through)


def score_view(
    bundle: Bundle, view: _View, chosen: Sequence[int], as_of_us: int, score: Score
) -> list[NewScore]:
    """The scores of the chosen positions at as_of_us, with a row of history for those that moved.

    A lead whose creation lies a little ahead is scored at its creation.
    """
    if not len(chosen):
        return []
    rows = view.rows
    at = np.array([max(as_of_us, rows.leads[i].created_us) for i in chosen], dtype=np.int64)
    history = history_of(rows, bundle.config, int(at.max()))
    snapshot = Snapshot(history, np.array(chosen, dtype=np.int64), at)
    records = score(bundle, snapshot, REASONS_KEPT).records()
    attributes = current_attributes(rows, as_of_us)
    kept: list[tuple[dict[str, Any], Stored | None]] = []
    moved: list[Moved] = []
    for position, record in zip(chosen, records, strict=True):
        lead = rows.leads[position]
        stored = view.stored.get(lead.lead_no)
        told = None if stored is None else stored.told
        kept.append((score_row(lead, attributes[position], record, as_of_us, view.through_row), stored))
        if has_moved(told, record["probability"], record["status"], bundle.version):
            moved.append(Moved(position, record["probability"], told))
    causes = dict(
        zip((one.position for one in moved), causes_of(bundle, rows, moved, as_of_us, score), strict=True)
    )
    return [
        with_history(row, stored, causes.get(position))
        for position, (row, stored) in zip(chosen, kept, strict=True)
    ]


def rescore_dirty(
    store: Store,
    bundle: Bundle,
    limit: int = LEADS_AT_ONCE,
    score: Score = score_snapshot,
    rest: Callable[[], object] = lambda: None,
) -> int:
    """Scores the leads that wait for it, at most `limit`, oldest change first; how many were there.

    Calls `rest` after each few of them.
    """
    with store.engine.reading() as connection:
        dirty = db.dirty.c
        first = select(dirty.lead_no).order_by(dirty.is_bulk, dirty.row_no, dirty.lead_no).limit(limit)
        query = select(db.leads).where(db.leads.c.lead_no.in_(first)).order_by(db.leads.c.lead_no)
        leads = [lead_row(row) for row in connection.execute(query)]
    if not leads:
        return 0
    scores: list[NewScore] = []
    for start in range(0, len(leads), LEADS_AT_A_STRETCH):
        with store.engine.reading() as connection:
            view = _view(connection, leads[start : start + LEADS_AT_A_STRETCH])
        scores += score_view(bundle, view, range(len(view.rows.leads)), store.now_us(), score)
        rest()
    store.writer.write(save_scores, scores, weight=len(scores) + 1)
    return len(leads)


def rescore_all(
    store: Store, bundle: Bundle, as_of_us: int, progress: Progress, score: Score = score_snapshot
) -> int:
    """Scores every lead that is open at as_of_us or whose stored score does not know that it closed; how many."""
    done, seen, last, total = 0, 0, 0, max(1, store.count_leads())
    while True:
        with store.engine.reading() as connection:
            view = _page(connection, last, as_of_us)
        if view is None:
            progress("rescoring", 1.0)
            return done
        last = view.rows.leads[-1].lead_no
        chosen = _worth_scoring(view, bundle, as_of_us)
        scores = score_view(bundle, view, chosen, as_of_us, score)
        done += int(store.writer.write(save_scores, scores, weight=len(scores) + 1))
        seen += len(view.rows.leads)
        progress("rescoring", min(1.0, seen / total))


def _page(connection: Connection, last: int, as_of_us: int) -> _View | None:
    query = select(db.leads).where(db.leads.c.lead_no > last, db.leads.c.created_us <= as_of_us)
    leads = [lead_row(row) for row in connection.execute(query.order_by(db.leads.c.lead_no).limit(PAGE))]
    return _view(connection, leads) if leads else None


def _worth_scoring(view: _View, bundle: Bundle, as_of_us: int) -> list[int]:
    history = history_of(view.rows, bundle.config, as_of_us)
    everyone = np.arange(len(history), dtype=np.int64)
    state = state_at(history, everyone, np.full(len(history), as_of_us, dtype=np.int64))
    shown_open = {number for number, stored in view.stored.items() if stored.status in OPEN_STATUS}
    return [
        i
        for i, (lead, now) in enumerate(zip(view.rows.leads, state.tolist(), strict=True))
        if now == OPEN or lead.lead_no in shown_open
    ]


def count_waiting(connection: Connection) -> int:
    """How many leads wait for a score."""
    return int(connection.execute(select(func.count()).select_from(db.dirty)).scalar() or 0)


class Rescorer:
    """The thread that keeps scores fresh; of all processes of a home the elected one works."""

    def __init__(
        self, store: Store, bundle: Callable[[], Bundle | None], score: Score = score_snapshot
    ) -> None:
        self._store = store
        self._bundle = bundle
        self._score = score
        self._election = Election(store.engine.home / "rescore.lock")
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rescorer", daemon=True)
        self.on_failure: Callable[[Exception], None] = lambda _error: None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends after the leads in hand."""
        self.ending.set()
        if self._thread.is_alive():
            self._thread.join()
        self._election.close()

    def _run(self) -> None:
        pause = LOOK_EVERY_S
        while not self.ending.wait(pause):
            try:
                self._step()
                pause = LOOK_EVERY_S
            except Exception as error:
                self.on_failure(error)
                pause = WAIT_AFTER_OUTAGE_S

    def _step(self) -> int:
        bundle = self._bundle()
        if bundle is None or not self._election.won():
            return 0
        return rescore_dirty(self._store, bundle, LEADS_AT_ONCE, self._score, self._rest)

    def _rest(self) -> None:
        """Longer while many rows wait: their callers go first, and leads that they touch again are scored once."""
        for _ in range(round(LONGEST_REST_S / REST_S)):
            if self.ending.wait(REST_S) or self._store.waiting < MANY_ROWS:
                return
