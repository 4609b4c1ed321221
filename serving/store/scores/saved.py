"""Stored scores: the row of the worklist's table for each scored lead, and the entries of its score history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from history.display import Seen
from history.schema import OWN_ATTRIBUTES
from history.times import format_time
from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery, PreparedUpdate, in_parts
from serving.store.database.transaction import Transaction
from serving.store.lead_rows import LeadRow
from serving.store.leads import CurrentAttributes
from serving.store.scores.causes import Cause, HistoryEntry

LEADS_PER_QUERY = 500
LONGEST_SEARCH_TEXT = 1_000
LONGEST_SEARCHED_VALUE = 100
OPEN_STATUS = ("scored", "insufficient_data")


class Stamp(NamedTuple):
    """Identifies a lead's stored score among all others it ever had.

    Scoring takes place outside of the write transaction. A score replaces only the one that was stored when the lead
    was read (optimistic locking), so that a slow scorer does not undo a newer score.
    """

    as_of_us: int
    through_row: int
    model_version: str


@dataclass(frozen=True)
class StoredScore:
    """A lead's stored score: its stamp, its status, and the last entry of its history."""

    stamp: Stamp
    status: str
    last_entry: HistoryEntry


@dataclass(frozen=True)
class NewScore:
    """A score to be stored: the row of `scores`, the stamp that it replaces, and its history entry, if it has one."""

    row: Mapping[str, Any]
    replaces: Stamp | None
    entry: Mapping[str, Any] | None

    @property
    def lead_no(self) -> int:
        """The scored lead."""
        lead_no: int = self.row["lead_no"]
        return lead_no


_SCORE_COLUMNS = (
    *("lead_no", "as_of_us", "through_row", "model_version", "status"),
    *("told_probability", "told_status", "told_as_of_us", "told_through_row", "told_version"),
)
_STORED_SCORES = PreparedQuery(
    select(*(db.scores.c[name] for name in _SCORE_COLUMNS)), among=db.scores.c.lead_no
)
_STORED_LEADS = PreparedQuery(select(db.leads.c.lead_no), among=db.leads.c.lead_no)
_INSERT_ENTRIES = PreparedInsert(db.score_history)
_REPLACED_COLUMNS = [column.name for column in db.scores.columns if column.name != "lead_no"]
_REPLACE_SCORES = PreparedInsert(db.scores, "lead_no", _REPLACED_COLUMNS)
# A lead with rows after those of its score stays queued.
_UNMARK_DIRTY = PreparedUpdate(
    delete(db.dirty).where(
        db.dirty.c.lead_no == bindparam("scored_lead"), db.dirty.c.row_no <= bindparam("through_row")
    )
)


def stored_scores(connection: Connection, numbers: Sequence[int]) -> dict[int, StoredScore]:
    """lead_no -> stored score, of those that have one."""
    scores = {}
    for part in in_parts(numbers, LEADS_PER_QUERY):
        for row in _STORED_SCORES.rows(connection, some=part):
            lead_no, as_of_us, through_row, version, status, *last_entry = row
            stamp = Stamp(as_of_us, through_row, version)
            scores[lead_no] = StoredScore(stamp, status, HistoryEntry(*last_entry))
    return scores


@dataclass(frozen=True)
class ScoredLead:
    """A lead with its current values, its score record, and how people see it."""

    lead: LeadRow
    current: CurrentAttributes
    record: Mapping[str, Any]
    seen: Seen


def score_row(scored: ScoredLead, as_of_us: int, through_row: int) -> dict[str, Any]:
    """The row of `scores` for a lead, without its last history entry; its `record` is the worklist's entry."""
    lead, current, record = scored.lead, scored.current, scored.record
    own = {name: current.text(name) for name in OWN_ATTRIBUTES}
    entry = {**record, "created_at": format_time(lead.created_us), **own}
    entry |= {"name": scored.seen.name, "detail": scored.seen.detail}
    revenue = record["expected_revenue"]
    return {
        "lead_no": lead.lead_no,
        "is_open": int(record["status"] in OPEN_STATUS),
        "revenue_rank": -1.0 if revenue is None else revenue,
        "probability": record["probability"],
        "created_us": lead.created_us,
        "status": record["status"],
        "grade": record["grade"],
        "stage": record["stage"],
        "owner": own["owner"],
        "search": search_text(lead.lead_id, current),
        "as_of_us": as_of_us,
        "through_row": through_row,
        "model_version": record["model_version"],
        "record": msgspec.json.encode(entry).decode(),
    }


def search_text(lead_id: str, current: CurrentAttributes) -> str:
    """The text that the worklist's q searches: the id and every short text attribute, case-folded, one a line."""
    values = (value for value in current.scalars().values() if isinstance(value, str))
    texts = [lead_id, *(value for value in values if len(value) <= LONGEST_SEARCHED_VALUE)]
    return "\n".join(texts)[:LONGEST_SEARCH_TEXT].casefold()


def with_history(
    row: Mapping[str, Any], stored: StoredScore | None, causes: Sequence[Cause] | None
) -> NewScore:
    """The score to be stored; causes None if it has not moved enough for a history entry."""
    before = None if stored is None else stored.last_entry
    replaces = None if stored is None else stored.stamp
    if before is not None and causes is None:
        return NewScore({**row, **_last_entry_columns(before)}, replaces, None)
    now = HistoryEntry(
        row["probability"], row["status"], row["as_of_us"], row["through_row"], row["model_version"]
    )
    entry = {
        "lead_no": row["lead_no"],
        "as_of_us": now.as_of_us,
        "probability": now.probability,
        "delta": 0.0 if before is None else now.probability - before.probability,
        "status": now.status,
        "model_version": now.model_version,
        "causes": json.dumps(causes or [], ensure_ascii=False),
    }
    return NewScore({**row, **_last_entry_columns(now)}, replaces, entry)


def _last_entry_columns(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "told_probability": entry.probability,
        "told_status": entry.status,
        "told_as_of_us": entry.as_of_us,
        "told_through_row": entry.through_row,
        "told_version": entry.model_version,
    }


def save_scores(transaction: Transaction, batches: Sequence[Sequence[NewScore]]) -> list[int]:
    """Stores each batch's scores and returns their numbers.

    Leaves out leads that were erased, or scored by another process, since they were read.
    """
    return [_save(transaction, scores) for scores in batches]


def _save(transaction: Transaction, scores: Sequence[NewScore]) -> int:
    connection = transaction.connection
    current = _still_current(connection, scores)
    if not current:
        return 0
    _REPLACE_SCORES.run(connection, [dict(score.row) for score in current])
    entries = [score.entry for score in current if score.entry is not None]
    if entries:
        numbers = transaction.numbers("entry_no", len(entries))
        rows = [{**entry, "entry_no": entry_no} for entry_no, entry in zip(numbers, entries, strict=True)]
        _INSERT_ENTRIES.run(connection, rows)
    scored = [{"scored_lead": score.lead_no, "through_row": score.row["through_row"]} for score in current]
    _UNMARK_DIRTY.run(connection, scored)
    return len(current)


def _still_current(connection: Connection, scores: Sequence[NewScore]) -> list[NewScore]:
    """The scores whose lead is stored and whose predecessor is the stored one."""
    numbers = [score.lead_no for score in scores]
    existing: set[int] = set()
    for part in in_parts(numbers, LEADS_PER_QUERY):
        existing.update(lead_no for (lead_no,) in _STORED_LEADS.rows(connection, some=part))
    stamps = {lead_no: stored.stamp for lead_no, stored in stored_scores(connection, numbers).items()}
    return [
        score for score in scores if score.lead_no in existing and stamps.get(score.lead_no) == score.replaces
    ]
