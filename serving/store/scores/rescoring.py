"""Keeps scores fresh: changed leads within a second, all open leads on request."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from history.base.engine import Engine
from history.base.progress import Progress
from history.config.config import FunnelConfig
from history.history import OPEN, History
from history.snapshot import Snapshot, state_at
from models.bundle import Bundle
from models.scorer import score_with_numbers as score_snapshot
from serving.base.collector import no_collections
from serving.store import schema as db
from serving.store.config import stored_display
from serving.store.corrections import last_corrections
from serving.store.database.locks import LeaderElection
from serving.store.database.transaction import read_setting
from serving.store.leads.account_mates import mates_of
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import LeadRow, LeadRows, lead_row, rows_of
from serving.store.leads.leads import FOLLOWING, current_attributes, seen_lead
from serving.store.leads.packed_rows import PackedLead, keep_packed, lagging_leads
from serving.store.scores.causes import Move, Score, causes_of, has_moved
from serving.store.scores.facts import facts_of
from serving.store.scores.followers import Followers, followers_of, queue_followers
from serving.store.scores.saved import (
    OPEN_STATUS,
    NewScore,
    ScoredLead,
    StoredScore,
    outdated,
    refresh_bases,
    save_scores,
    score_row,
    stored_scores,
    with_history,
)
from serving.store.store import Store

STORED_REASONS = 3
# Requests share the processor with the rescoring thread: it scores a few leads at a time and rests in between, longer
# while many rows wait for their commit. Scoring sixty leads in one go held requests up for their whole time.
LEADS_PER_COMMIT = 60  # about 250 leads a second
LEADS_PER_STRETCH = 8
REST_S = 0.01
LONGEST_REST_S = 0.1
BUSY_ROWS = 16  # rows in the writer's queue from which the rest is the longest one
LEADS_PER_PAGE = 1_000
SPANS_A_PART = 4  # of an engine, for the progress
POLL_INTERVAL_S = 0.15
WAIT_AFTER_FAILURE_S = 2.0


@dataclass(frozen=True)
class LeadView:
    """Leads with their rows and stored scores in one view of the store; through_row is its last fact row.

    The first `count` leads of rows are those asked for, the others share their accounts. corrected maps a lead_no to
    the row_no of its last correction; display is `[display]` of the folder loaded last.
    """

    rows: LeadRows
    count: int
    stored: dict[int, StoredScore]
    through_row: int
    corrected: dict[int, int]
    display: Mapping[str, Any]
    lagging: Sequence[PackedLead] = ()
    _histories: list[History] = field(default_factory=list, init=False, compare=False, repr=False)

    def history(self, config: FunnelConfig, as_of_us: int) -> History:
        """The rows as a History; the last one is kept, for who looks which leads are open and then scores them."""
        if not self._histories or (self._histories[0].config, self._histories[0].as_of_us) != (
            config,
            as_of_us,
        ):
            self._histories[:] = [history_of(self.rows, config, as_of_us)]
        return self._histories[0]


def view_leads(connection: Connection, leads: Sequence[LeadRow], bundle: Bundle) -> LeadView:
    """Reads the rows and scores of these leads, and the rows of other leads that the model's features need."""
    rows = rows_of(connection, [*leads, *mates_of(connection, bundle, leads)], with_ids=False)
    through_row = int(read_setting(connection, "row_no") or 1) - 1
    numbers = [lead.lead_no for lead in leads]
    stored, corrected = stored_scores(connection, numbers), last_corrections(connection, numbers)
    lagging = lagging_leads(connection, rows, leads, corrected)
    return LeadView(rows, len(leads), stored, through_row, corrected, stored_display(connection), lagging)


def score_view(
    bundle: Bundle, view: LeadView, positions: Sequence[int], as_of_us: int, score: Score
) -> list[NewScore]:
    """The scores of these leads at as_of_us; those that moved get a history entry.

    A lead that is created a little later than as_of_us is scored at its creation.
    """
    if not len(positions):
        return []
    leads = [view.rows.leads[position] for position in positions]
    times_us = np.array([max(as_of_us, lead.created_us) for lead in leads], dtype=np.int64)
    history = view.history(bundle.config, int(times_us.max()))
    snapshot = Snapshot(history, np.array(positions, dtype=np.int64), times_us)
    records = score(bundle, snapshot, STORED_REASONS).records()
    attributes = current_attributes(view.rows, as_of_us)
    stored = [view.stored.get(lead.lead_no) for lead in leads]
    corrected = [view.corrected.get(lead.lead_no, 0) for lead in leads]
    moves = _moves(positions, records, stored, corrected, bundle.version)
    causes = causes_of(bundle, view.rows, moves, as_of_us, score)
    causes_at = {move.position: of_move for move, of_move in zip(moves, causes, strict=True)}
    scores = []
    facts = facts_of(bundle, history, positions)
    display, searched = view.display or bundle.config.display, _searched(bundle)
    for position, lead, record, before in zip(positions, leads, records, stored, strict=True):
        current = attributes[position]
        seen = seen_lead(display, lead.lead_id, current)
        scored = ScoredLead(lead, current, record, seen, facts.get(position), searched)
        row = score_row(scored, as_of_us, view.through_row)
        scores.append(with_history(row, before, causes_at.get(position)))
    return scores


def _searched(bundle: Bundle) -> Sequence[str]:
    """The attributes that identify a lead: they are searched, never learned."""
    return tuple(dict.fromkeys(("account_id", *bundle.config.identity, *bundle.vocabulary.identity)))


def _moves(
    positions: Sequence[int],
    records: Sequence[dict[str, Any]],
    stored: Sequence[StoredScore | None],
    corrected: Sequence[int],
    model_version: str,
) -> list[Move]:
    """The leads whose score moved enough for a history entry; corrected: the row_no of a last correction, or 0."""
    moves = []
    for position, record, score, row_no in zip(positions, records, stored, corrected, strict=True):
        before = None if score is None else score.last_entry
        if has_moved(before, record["probability"], record["status"], model_version):
            is_corrected = before is not None and row_no > before.through_row
            moves.append(Move(position, record["probability"], before, is_corrected))
    return moves


def rescore_dirty(
    store: Store,
    bundle: Bundle,
    limit: int = LEADS_PER_COMMIT,
    score: Score = score_snapshot,
    rest: Callable[[], object] = lambda: None,
) -> int:
    """Scores up to `limit` queued leads, oldest change first; returns their number.

    The other leads of their accounts are queued if the model reads accounts. Calls `rest` after every few leads.
    """
    with store.engine.reading() as connection:
        queued = _queued_leads(connection, limit)
    if not queued:
        return 0
    scores: list[NewScore] = []
    lagging: list[PackedLead] = []
    for stretch in _stretches(queued):
        with store.engine.reading() as connection:
            view = view_leads(connection, [entry.lead for entry in stretch], bundle)
            followers = _followers(connection, view, stretch)
        scores += score_view(bundle, view, range(view.count), store.now_us(), score)
        lagging += view.lagging
        if followers is not None:
            # Before the scores: they take their leads off the queue, and with them the cause to follow.
            store.writer.write(queue_followers, followers, weight=len(followers.last_rows) + 1)
        rest()
    store.writer.write(save_scores, scores, weight=len(scores) + 1)
    if lagging:
        store.writer.write(keep_packed, lagging, weight=len(lagging))
    return len(queued)


class _Queued(NamedTuple):
    """A lead that waits for a new score, its last row that is not yet scored, and whether it only follows another."""

    lead: LeadRow
    row_no: int
    is_following: bool


def _queued_leads(connection: Connection, limit: int) -> list[_Queued]:
    """Those that follow others come last."""
    dirty = db.dirty.c
    oldest = select(db.dirty).order_by(dirty.is_bulk, dirty.row_no, dirty.lead_no).limit(limit).subquery()
    query = select(db.leads, oldest.c.row_no, oldest.c.is_bulk).join(
        oldest, oldest.c.lead_no == db.leads.c.lead_no
    )
    rows = connection.execute(query.order_by(db.leads.c.lead_no))
    queued = [_Queued(lead_row(row), row.row_no, row.is_bulk == FOLLOWING) for row in rows]
    return sorted(queued, key=lambda entry: entry.is_following)


def _stretches(queued: Sequence[_Queued]) -> Iterator[Sequence[_Queued]]:
    """The leads a few at a time; those that follow others apart."""
    for is_following in (False, True):
        entries = [entry for entry in queued if entry.is_following == is_following]
        for start in range(0, len(entries), LEADS_PER_STRETCH):
            yield entries[start : start + LEADS_PER_STRETCH]


def _followers(connection: Connection, view: LeadView, stretch: Sequence[_Queued]) -> Followers | None:
    """The leads whose scores follow these; None without any. A lead that follows another has no followers."""
    mates = view.rows.leads[view.count :]
    if not mates or stretch[0].is_following:
        return None
    followers = followers_of(connection, mates, max(entry.row_no for entry in stretch))
    return followers if followers.last_rows else None


class _Span(NamedTuple):
    """The leads whose numbers come after `after`, up to and with `last`."""

    after: int
    last: int


class _Rescored(NamedTuple):
    """Leads that were read, and those of them that were scored."""

    read: int
    scored: int


@dataclass(frozen=True)
class _Job:
    """What all parts of a rescoring share: where the store is, the model, the instant, and the end of the data."""

    home: Path
    url: str | None
    bundle: Bundle
    as_of_us: int
    end_us: int
    score: Score


def rescore_all(
    store: Store,
    bundle: Bundle,
    as_of_us: int,
    progress: Progress,
    score: Score = score_snapshot,
    engine: Engine | None = None,
) -> int:
    """Scores every lead that is open at as_of_us, or open by its stored score; returns their number.

    engine: processes of this machine, each of which reads, scores and writes spans of the leads; None: this one alone.
    """
    end_us = store.data_end_us(store.now_us()) or 0
    lead_count, last = max(1, store.count_leads()), store.last_lead_no()
    job = _Job(store.engine.home, store.url, bundle, as_of_us, end_us, score)
    rescored = (
        _pages(store, job, _Span(0, last))
        if engine is None
        else engine.map(_rescore_span, job, _spans(last, SPANS_A_PART * engine.n_parts))
    )
    read = scored = 0
    for page in rescored:
        read, scored = read + page.read, scored + page.scored
        progress("rescoring", min(1.0, read / lead_count))
    progress("rescoring", 1.0)
    return scored


def _spans(last: int, count: int) -> Iterator[_Span]:
    """About `count` spans of at least a page that together hold the leads up to `last`."""
    size = max(LEADS_PER_PAGE, -(-last // count))
    return (_Span(after, min(after + size, last)) for after in range(0, last, size))


def _rescore_span(job: _Job, span: _Span) -> _Rescored:
    """Rescores a span in a process of an engine."""
    store = Store(job.home, job.url)
    try:
        pages = list(_pages(store, job, span))
    finally:
        store.close()
    return _Rescored(sum(page.read for page in pages), sum(page.scored for page in pages))


def _pages(store: Store, job: _Job, span: _Span) -> Iterator[_Rescored]:
    """Rescores a span, page by page."""
    after = span.after
    while True:
        with no_collections():
            with store.engine.reading() as connection:
                view = _next_page(connection, _Span(after, span.last), job)
            if view is None:
                return
            view = replace(view, rows=replace(view.rows, end_us=job.end_us))
            after = view.rows.leads[view.count - 1].lead_no
            scores = score_view(
                job.bundle, view, open_positions(view, job.bundle, job.as_of_us), job.as_of_us, job.score
            )
            scored = int(store.writer.write(save_scores, scores, weight=len(scores) + 1))
            if view.lagging:
                store.writer.write(keep_packed, view.lagging, weight=len(view.lagging))
            count = view.count
            del view, scores
        yield _Rescored(count, scored)


def _next_page(connection: Connection, span: _Span, job: _Job) -> LeadView | None:
    number = db.leads.c.lead_no
    query = select(db.leads).where(number > span.after, number <= span.last)
    page = query.where(db.leads.c.created_us <= job.as_of_us).order_by(number).limit(LEADS_PER_PAGE)
    leads = [lead_row(row) for row in connection.execute(page)]
    return view_leads(connection, leads, job.bundle) if leads else None


def open_positions(view: LeadView, bundle: Bundle, as_of_us: int) -> list[int]:
    """Positions of the leads that are open at as_of_us or open by their stored score."""
    history = view.history(bundle.config, as_of_us)
    all_leads = np.arange(len(history), dtype=np.int64)
    states = state_at(history, all_leads, np.full(len(history), as_of_us, dtype=np.int64))
    stored_open = {lead_no for lead_no, stored in view.stored.items() if stored.status in OPEN_STATUS}
    return [
        position
        for position, (lead, state) in enumerate(zip(view.rows.leads, states.tolist(), strict=True))
        if position < view.count and (state == OPEN or lead.lead_no in stored_open)
    ]


def refresh_changes(store: Store, limit: int = LEADS_PER_PAGE) -> int:
    """Renews up to `limit` probabilities of a week ago that time has outdated; returns their number."""
    with store.engine.reading() as connection:
        if connection.execute(outdated(store.now_us()).limit(1)).first() is None:
            return 0
    return int(store.writer.write(refresh_bases, limit))


def count_waiting(connection: Connection) -> int:
    """Number of leads that are queued for a new score."""
    return int(connection.execute(select(func.count()).select_from(db.dirty)).scalar() or 0)


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
        refresh_changes(self._store, LEADS_PER_COMMIT)
        return rescore_dirty(self._store, bundle, LEADS_PER_COMMIT, self._score, self._rest)

    def _rest(self) -> None:
        """Rests until few rows wait for their commit: their callers go first, and changes to one lead add up."""
        for _ in range(round(LONGEST_REST_S / REST_S)):
            if self.ending.wait(REST_S) or self._store.waiting < BUSY_ROWS:
                return
