"""New scores of all open leads, page by page, in this process or in those of an engine."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, literal_column, select

from history.base.engine import Engine
from history.base.progress import Progress
from models.bundle import Bundle
from models.scorer import score_with_numbers as score_snapshot
from serving.base.collector import no_collections
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery
from serving.store.database.transaction import Transaction
from serving.store.leads.packed_rows import PackedLead, keep_packed
from serving.store.scores.causes import Score
from serving.store.scores.rescoring.open_leads import leads_to_score
from serving.store.scores.rescoring.view import LeadView, score_view, view_leads
from serving.store.scores.saved import NewScore, save_scores
from serving.store.store import Store

LEADS_PER_PAGE = 1_000
SPANS_A_PART = 4  # of an engine, for the progress

_LEADS = db.leads.c
_PAGE = PreparedQuery(
    select(db.leads)
    .where(
        _LEADS.lead_no > bindparam("after"),
        _LEADS.lead_no <= bindparam("last"),
        _LEADS.created_us <= bindparam("as_of_us"),
    )
    .order_by(_LEADS.lead_no)
    .limit(bindparam("count"))
    .offset(literal_column("0"))
)


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
    scored: _Scored | None = None
    while True:
        with no_collections():
            # Before the page before it is written: a reader during its commit would keep the checkpoint from emptying
            # the write-ahead log, which would grow by 8 KiB a lead.
            with store.engine.reading() as connection:
                page = _next_page(connection, _Span(after, span.last), job)
            saving = None if scored is None else _Saving(store, scored)
            if page is not None:
                after = page.last
                scored = _score_page(page, job)
            rescored = None if saving is None else saving.result()
        if rescored is not None:
            yield rescored
        if page is None:
            return
        del page


class _Page(NamedTuple):
    """The number of leads of a page, that of its last lead, and the view of those to be scored; None if none are."""

    read: int
    last: int
    view: LeadView | None


class _Scored(NamedTuple):
    """The scores of a page, its number of leads, and those whose packed interactions lag behind."""

    scores: Sequence[NewScore]
    read: int
    lagging: Sequence[PackedLead]


def _score_page(page: _Page, job: _Job) -> _Scored:
    if page.view is None:
        return _Scored((), page.read, ())
    view = replace(page.view, rows=replace(page.view.rows, end_us=job.end_us))
    scores = score_view(job.bundle, view, range(view.count), job.as_of_us, job.score)
    return _Scored(scores, page.read, view.lagging)


class _Saving:
    """Stores the scores of a page: it exists once they are written, and is committed while the next page is scored.

    The commit waits for the disk and needs no Python; the writing before it does, and would wait for the scoring thread
    after every row.
    """

    def __init__(self, store: Store, page: _Scored) -> None:
        self._count = page.read
        written = threading.Event()
        self._saved = store.writer.submit(_save, (page.scores, written), weight=len(page.scores) + 1)
        self._saved.add_done_callback(lambda _: written.set())  # of a failure too
        written.wait()
        lagging = page.lagging
        self._packed = store.writer.submit(keep_packed, lagging, weight=len(lagging)) if lagging else None

    def result(self) -> _Rescored:
        """The number of leads, once they are durable."""
        scored = int(self._saved.result())
        if self._packed is not None:
            self._packed.result()
        return _Rescored(self._count, scored)


def _save(transaction: Transaction, pages: Sequence[tuple[Sequence[NewScore], threading.Event]]) -> list[int]:
    numbers = save_scores(transaction, [scores for scores, _ in pages])
    for _, written in pages:
        written.set()
    return numbers


def _next_page(connection: Connection, span: _Span, job: _Job) -> _Page | None:
    rows = _PAGE.rows(
        connection, after=span.after, last=span.last, as_of_us=job.as_of_us, count=LEADS_PER_PAGE
    )
    if not rows:
        return None
    leads = leads_to_score(connection, rows, job.bundle.config, job.as_of_us, job.end_us)
    return _Page(len(rows), rows[-1][0], view_leads(connection, leads, job.bundle) if leads else None)
