"""Leads whose scores follow a change of another lead of their account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from serving.store import schema as db
from serving.store.database.statements import PreparedQuery
from serving.store.database.transaction import Transaction
from serving.store.leads.lead_rows import LeadRow
from serving.store.leads.leads import FOLLOWING, MOST_FOLLOWERS, mark_dirty
from serving.store.scores.saved import OPEN_STATUS, stored_scores

_QUEUED = PreparedQuery(select(db.dirty.c.lead_no), among=db.dirty.c.lead_no)


@dataclass(frozen=True)
class Followers:
    """Leads to queue because of others: lead_no -> the last row_no of a lead of their account."""

    last_rows: Mapping[int, int]


def followers_of(connection: Connection, mates: Sequence[LeadRow], row_no: int) -> Followers:
    """The open leads among `mates` whose score has not seen row_no, the newest leads first, at most MOST_FOLLOWERS."""
    numbers = sorted((mate.lead_no for mate in mates), reverse=True)
    stored = stored_scores(connection, numbers)
    behind = [
        lead_no
        for lead_no in numbers
        if lead_no in stored
        and stored[lead_no].status in OPEN_STATUS
        and stored[lead_no].stamp.through_row < row_no
    ]
    return Followers(dict.fromkeys(behind[:MOST_FOLLOWERS], row_no))


def queue_followers(transaction: Transaction, batches: Sequence[Followers]) -> list[int]:
    """Queues the leads of each batch that wait for no new score yet; returns their numbers."""
    return [_queue(transaction.connection, batch.last_rows) for batch in batches]


def _queue(connection: Connection, last_rows: Mapping[int, int]) -> int:
    queued = {lead_no for (lead_no,) in _QUEUED.rows(connection, some=list(last_rows))}
    new = {lead_no: row_no for lead_no, row_no in last_rows.items() if lead_no not in queued}
    mark_dirty(connection, new, FOLLOWING)
    return len(new)
