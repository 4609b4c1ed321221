"""Stored scores: the row of the worklist's table for each scored lead, and the entries of its score history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, func, literal_column, select, update

from history.config.display import Seen
from history.config.schema import OWN_ATTRIBUTES
from history.text.folding import fold
from history.text.times import DAY_US, format_time
from serving.store import schema as db
from serving.store.database.statements import (
    PreparedInsert,
    PreparedQuery,
    PreparedRewrite,
    PreparedUpdate,
    in_parts,
)
from serving.store.database.transaction import Transaction
from serving.store.leads.lead_rows import LeadRow
from serving.store.leads.leads import CurrentAttributes
from serving.store.scores.causes import Cause, HistoryEntry
from serving.store.scores.facts import LeadFacts
from serving.store.scores.worklist.counts import count_scores

LEADS_PER_QUERY = 500
LONGEST_SEARCH_TEXT = 1_000
LONGEST_SEARCHED_VALUE = 200
OPEN_STATUS = ("scored", "insufficient_data")
WEEK_US = 7 * DAY_US
VERSION = "score_no"  # the counter that changes with every change of stored scores
ACTS = "act_no"  # and that of what people do to leads: snoozing


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
    """A score to be stored: the row of `scores` with the text of its `record`, and the stamp that it replaces.

    entry: of its history, None if it has not moved enough.
    """

    row: Mapping[str, Any]
    replaces: Stamp | None
    entry: Mapping[str, Any] | None

    @property
    def lead_no(self) -> int:
        """The scored lead."""
        lead_no: int = self.row["lead_no"]
        return lead_no


# Columns with an index that a further score of a lead seldom changes: an update that names a column writes its indexes
# anew, whatever the value.
_STEADY = ("is_open", "created_us", "group_no")
_steady_values = itemgetter(*_STEADY)
_SET_AFTERWARDS = ("base_probability", "base_until_us", "change")  # by set_bases
_STAMP = ("as_of_us", "through_row", "model_version")
_TOLD = ("told_probability", "told_status", "told_as_of_us", "told_through_row", "told_version")


def _stored_query(*names: str) -> PreparedQuery:
    return PreparedQuery(select(*(db.scores.c[name] for name in names)), among=db.scores.c.lead_no)


_STORED_SCORES = _stored_query("lead_no", *_STAMP, "status", *_TOLD)
_BEFORE = _stored_query("lead_no", *_STAMP, "touch_us", *_STEADY)
_STORED_LEADS = PreparedQuery(select(db.leads.c.lead_no), among=db.leads.c.lead_no)
_INSERT_ENTRIES = PreparedInsert(db.score_history)
_REPLACED_COLUMNS = [column.name for column in db.scores.columns if column.name != "lead_no"]
_REPLACE_SCORES = PreparedInsert(db.scores, "lead_no", _REPLACED_COLUMNS)
_MOVING = [name for name in _REPLACED_COLUMNS if name not in (*_STEADY, "touch_us", *_SET_AFTERWARDS)]
_REPLACE_MOVING = PreparedRewrite(db.scores, "lead_no", _MOVING)
_REPLACE_TOUCHED = PreparedRewrite(db.scores, "lead_no", [*_MOVING, "touch_us"])
_REPLACE_RECORDS = PreparedInsert(db.score_records, "lead_no", ("record",))
# Of a lead's history: the last entry known a week ago, and the end of its week.
_ENTRIES = db.score_history.c
_OF_LEAD = _ENTRIES.lead_no == db.scores.c.lead_no


def base_at(week_ago: Any) -> Any:
    """The last probability in the history of a row of `scores` that was known at an instant, as a subquery."""
    is_known = _ENTRIES.as_of_us <= week_ago
    entries = select(_ENTRIES.probability).where(_OF_LEAD, is_known).order_by(_ENTRIES.entry_no.desc())
    # Without parameters of their own, for prepared statements.
    return entries.limit(literal_column("1")).offset(literal_column("0")).scalar_subquery()


_BASE = base_at(bindparam("week_ago"))
_BASE_UNTIL = (
    select(func.min(_ENTRIES.as_of_us) + literal_column(str(WEEK_US)))
    .where(_OF_LEAD, _ENTRIES.as_of_us > bindparam("week_ago"))
    .scalar_subquery()
)
_SET_BASE = PreparedUpdate(
    update(db.scores)
    .where(db.scores.c.lead_no == bindparam("scored_lead"))
    .values(
        base_probability=_BASE,
        base_until_us=_BASE_UNTIL,
        change=db.scores.c.probability - func.coalesce(_BASE, db.scores.c.probability),
    )
)
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
            lead_no, as_of_us, through_row, version, status, *told = row
            scores[lead_no] = StoredScore(Stamp(as_of_us, through_row, version), status, HistoryEntry(*told))
    return scores


@dataclass(frozen=True)
class ScoredLead:
    """A lead with its current values, its score record, how people see it, and its facts, None unless open.

    searched: the attributes whose values are searched beside what people see.
    """

    lead: LeadRow
    current: CurrentAttributes
    record: Mapping[str, Any]
    seen: Seen
    facts: LeadFacts | None = None
    searched: Sequence[str] = ()


def score_row(scored: ScoredLead, as_of_us: int, through_row: int) -> dict[str, Any]:
    """The row of `scores` for a lead with the text of its `record`, without its last history entry and its base."""
    lead, record, facts = scored.lead, scored.record, scored.facts
    own = {name: scored.current.text(name) for name in OWN_ATTRIBUTES}
    entry = {**record, "created_at": format_time(lead.created_us), **own}
    entry |= {"name": scored.seen.name, "detail": scored.seen.detail}
    entry["facts"] = {} if facts is None else facts.to_dict()
    revenue, amount = record["expected_revenue"], record["expected_amount"]
    return {
        "lead_no": lead.lead_no,
        "is_open": int(record["status"] in OPEN_STATUS),
        "revenue_rank": record["probability"] - 2.0 if revenue is None else revenue,
        "amount_rank": -1.0 if amount is None else amount,
        "probability": record["probability"],
        "created_us": lead.created_us,
        **_fact_columns(lead, facts),
        "status": record["status"],
        "grade": record["grade"],
        "stage": record["stage"],
        "owner": own["owner"],
        "source": own["source"],
        "stage_key": filter_key(record["stage"]),
        "owner_key": filter_key(own["owner"]),
        "source_key": filter_key(own["source"]),
        "search": search_text(scored),
        "as_of_us": as_of_us,
        "through_row": through_row,
        "model_version": record["model_version"],
        "record": msgspec.json.encode(entry).decode(),
    }


def _fact_columns(lead: LeadRow, facts: LeadFacts | None) -> dict[str, int | float | None]:
    due = None if facts is None else facts.due
    return {
        "touch_us": facts.last_touch.time_us if facts and facts.last_touch else 0,
        "entered_us": facts.entered_us if facts else lead.created_us,
        "base_probability": None,
        "base_until_us": None,
        "change": 0.0,
        "unanswered_us": due.unanswered_us if due else None,
        "silent_us": due.silent_us if due else None,
        "stuck_us": due.stuck_us if due else None,
        "untouched_us": due.untouched_us if due else None,
    }


def filter_key(text: str | None) -> str | None:
    """The form in which values of owner, stage and source are compared."""
    return None if text is None else fold(text)


def search_text(scored: ScoredLead) -> str:
    """The text that the worklist's q searches, case-folded, one a line.

    The id, what people see of the lead, the phone number's digits too, and attributes that identify it.
    """
    seen = scored.seen
    digits = None if seen.phone is None else "".join(c for c in seen.phone if c.isdecimal())
    further = (scored.current.text(name) for name in scored.searched)
    values = (scored.lead.lead_id, seen.name, seen.detail, seen.email, seen.phone, digits, *further)
    texts = dict.fromkeys(value for value in values if value and len(value) <= LONGEST_SEARCHED_VALUE)
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
    stored = _before(connection, [score.lead_no for score in scores])
    current = _still_current(connection, scores, stored)
    if not current:
        return 0
    groups = count_scores(transaction, [score.row for score in current])
    rows = [{**score.row, "group_no": group_no} for score, group_no in zip(current, groups, strict=True)]
    _replace(connection, rows, stored)
    _REPLACE_RECORDS.run(connection, [score.row for score in current])
    entries = [score.entry for score in current if score.entry is not None]
    if entries:
        numbers = transaction.numbers("entry_no", len(entries))
        rows = [{**entry, "entry_no": entry_no} for entry_no, entry in zip(numbers, entries, strict=True)]
        _INSERT_ENTRIES.run(connection, rows)
    scored = [{"scored_lead": score.lead_no, "through_row": score.row["through_row"]} for score in current]
    _UNMARK_DIRTY.run(connection, scored)
    set_bases(transaction, [score.lead_no for score in current])
    return len(current)


class _Before(NamedTuple):
    """What is replaced: the stamp of a stored score, its last touch, and its values of _STEADY."""

    stamp: tuple[Any, ...]
    touch_us: int
    steady: tuple[Any, ...]


def _before(connection: Connection, numbers: Sequence[int]) -> dict[int, _Before]:
    """lead_no -> the stored score, of those that have one."""
    return {
        row[0]: _Before(row[1 : -len(_STEADY) - 1], row[-len(_STEADY) - 1], row[-len(_STEADY) :])
        for part in in_parts(numbers, LEADS_PER_QUERY)
        for row in _BEFORE.rows(connection, some=part)
    }


def _replace(
    connection: Connection, rows: Sequence[Mapping[str, Any]], stored: Mapping[int, _Before]
) -> None:
    """Inserts rows of `scores`, or updates the stored ones; set_bases must follow."""
    statements: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        statements.setdefault(_statement(stored.get(row["lead_no"]), row), []).append(row)
    for statement, of_statement in statements.items():
        statement.run(connection, of_statement)


def _statement(before: _Before | None, row: Mapping[str, Any]) -> PreparedInsert | PreparedRewrite:
    """The statement that writes least in place of a stored score."""
    if before is None or before.steady != _steady_values(row):
        return _REPLACE_SCORES
    return _REPLACE_MOVING if before.touch_us == row["touch_us"] else _REPLACE_TOUCHED


def set_bases(transaction: Transaction, numbers: Sequence[int]) -> None:
    """Sets the probability a week ago of these leads, and counts a change of stored scores."""
    week_ago = transaction.now_us - WEEK_US
    rows = [{"scored_lead": lead_no, "week_ago": week_ago} for lead_no in numbers]
    _SET_BASE.run(transaction.connection, rows)
    transaction.numbers(VERSION, 1)


def refresh_bases(transaction: Transaction, limits: Sequence[int]) -> list[int]:
    """Sets anew up to `limit` probabilities a week ago whose time is over, for each request; returns their numbers."""
    return [_refresh_bases(transaction, limit) for limit in limits]


def _refresh_bases(transaction: Transaction, limit: int) -> int:
    rows = transaction.connection.execute(outdated(transaction.now_us).limit(limit))
    numbers = [int(lead_no) for lead_no in rows.scalars()]
    if numbers:
        set_bases(transaction, numbers)
    return len(numbers)


def outdated(now_us: int) -> Select[Any]:
    """The open leads whose probability a week ago is another than the stored one."""
    scores = db.scores.c
    return select(scores.lead_no).where(scores.is_open == 1, scores.base_until_us <= now_us)


def _still_current(
    connection: Connection, scores: Sequence[NewScore], stored: Mapping[int, _Before]
) -> list[NewScore]:
    """The scores whose lead is stored and whose predecessor is the stored one."""
    # A lead with a stored score is stored.
    first = [score.lead_no for score in scores if score.lead_no not in stored]
    existing = set(stored)
    for part in in_parts(first, LEADS_PER_QUERY):
        existing.update(lead_no for (lead_no,) in _STORED_LEADS.rows(connection, some=part))
    stamps = {lead_no: score.stamp for lead_no, score in stored.items()}
    return [
        score for score in scores if score.lead_no in existing and stamps.get(score.lead_no) == score.replaces
    ]
