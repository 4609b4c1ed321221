"""New scores of the leads that changed, oldest change first."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from models.bundle import Bundle
from models.scorer import score_with_numbers as score_snapshot
from serving.store import schema as db
from serving.store.leads.lead_rows import LeadRow, lead_row
from serving.store.leads.leads import FOLLOWING
from serving.store.leads.packed_rows import PackedLead, keep_packed
from serving.store.scores.causes import Score
from serving.store.scores.rescoring.followers import Followers, followers_of, queue_followers
from serving.store.scores.rescoring.view import LeadView, score_view, view_leads
from serving.store.scores.saved import NewScore, outdated, refresh_bases, save_scores
from serving.store.store import Store

# Requests share the processor with the rescoring thread: it scores a few leads at a time. Scoring sixty leads in one go
# held requests up for their whole time.
LEADS_PER_ROUND = 60  # about 250 leads a second
LEADS_PER_STRETCH = 8
# Events that arrive wait for a commit before theirs: that of sixty scores writes 4 MB, each score into twenty pages.
LEADS_PER_COMMIT = 16
MOST_REFRESHED = 1_000


def rescore_dirty(
    store: Store,
    bundle: Bundle,
    limit: int = LEADS_PER_ROUND,
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
        if len(scores) >= LEADS_PER_COMMIT:
            store.writer.write(save_scores, scores, weight=len(scores) + 1)
            scores = []
        rest()
    if scores:
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


def refresh_changes(store: Store, limit: int = MOST_REFRESHED) -> int:
    """Renews up to `limit` probabilities of a week ago that time has outdated; returns their number."""
    with store.engine.reading() as connection:
        if connection.execute(outdated(store.now_us()).limit(1)).first() is None:
            return 0
    return int(store.writer.write(refresh_bases, limit))


def count_waiting(connection: Connection) -> int:
    """Number of leads that are queued for a new score."""
    return int(connection.execute(select(func.count()).select_from(db.dirty)).scalar() or 0)
