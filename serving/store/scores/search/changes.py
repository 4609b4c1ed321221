"""Which leads changed in what a search looks at, in order: processes keep that in memory and follow it."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select

from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery, PreparedUpdate
from serving.store.database.transaction import FIRST_NUMBER, RESTORED, Transaction, read_setting

CHANGE: Final = "search_no"  # the counter of changes
KEPT: Final = 50_000  # changes; who is further behind reads all leads

_CHANGES = db.search_changes.c
_INSERT = PreparedInsert(db.search_changes)
_FORGET = PreparedUpdate(delete(db.search_changes).where(_CHANGES.change_no < bindparam("oldest")))
_OLDEST = PreparedQuery(select(func.min(_CHANGES.change_no)))
_SINCE = PreparedQuery(
    select(_CHANGES.lead_no).where(_CHANGES.change_no >= bindparam("following")).distinct()
)


class Mark(NamedTuple):
    """A state of the store for searches: the number of its next change, and what a restoration of a backup changes."""

    following: int
    restored: str | None


def note_changes(transaction: Transaction, numbers: Sequence[int]) -> None:
    """Notes leads whose searched text, group or openness changes in this transaction, or that are erased."""
    if not numbers:
        return
    change_numbers = transaction.numbers(CHANGE, len(numbers))
    rows = [
        {"change_no": change_no, "lead_no": lead_no}
        for change_no, lead_no in zip(change_numbers, numbers, strict=True)
    ]
    _INSERT.run(transaction.connection, rows)
    _FORGET.run(transaction.connection, [{"oldest": change_numbers[-1] - KEPT + 1}])


def mark_now(connection: Connection) -> Mark:
    """The state that a connection sees."""
    following = int(read_setting(connection, CHANGE) or FIRST_NUMBER)
    return Mark(following, read_setting(connection, RESTORED))


def changed_since(connection: Connection, mark: Mark, now: Mark) -> Collection[int] | None:
    """The leads that changed from `mark` to `now`; None if that is not known any more."""
    if mark.restored != now.restored:
        return None
    if mark.following >= now.following:
        return ()
    ((oldest,),) = _OLDEST.rows(connection)
    if oldest is None or oldest > mark.following:
        return None
    return [lead_no for (lead_no,) in _SINCE.rows(connection, following=mark.following)]
