"""Scores kept for the worklist, and the history of each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from history.schema import OWN_ATTRIBUTES
from history.times import format_time
from serving.store import schema as db
from serving.store.causes import Told
from serving.store.leads import Current
from serving.store.reading import LeadRow
from serving.store.statements import Change, Insertion, Query
from serving.store.writer import Transaction

AT_ONCE = 500
LONGEST_SEARCH = 1_000
LONGEST_SEARCHED_VALUE = 100
OPEN_STATUS = ("scored", "insufficient_data")
_SCORED = tuple(column.name for column in db.scores.columns)


@dataclass(frozen=True)
class Stored:
    """What is stored of a lead's score: its mark tells it from any other; what history told last."""

    mark: tuple[int, int, str]
    status: str
    told: Told


@dataclass(frozen=True)
class NewScore:
    """A lead's score to be stored: the row of `scores`, the mark of the one it replaces, its row of history if any."""

    row: Mapping[str, Any]
    replaces: tuple[int, int, str] | None
    entry: Mapping[str, Any] | None


_STORED_SCORES = Query(
    select(
        *(
            db.scores.c[name]
            for name in (
                "lead_no",
                "as_of_us",
                "through_row",
                "model_version",
                "status",
                "told_probability",
                "told_status",
                "told_as_of_us",
                "told_through_row",
                "told_version",
            )
        )
    ),
    among=db.scores.c.lead_no,
)
_STORED = Query(select(db.leads.c.lead_no), among=db.leads.c.lead_no)
_CLEAN = Change(
    delete(db.dirty).where(
        db.dirty.c.lead_no == bindparam("of_lead"), db.dirty.c.row_no <= bindparam("through")
    )
)
_TELL = Insertion(db.score_history)
_REPLACE = Insertion(db.scores, "lead_no", [name for name in _SCORED if name != "lead_no"])


def stored_scores(connection: Connection, numbers: Sequence[int]) -> dict[int, Stored]:
    """lead_no -> the stored score of those that have one."""
    found = {}
    for some in _parts(numbers):
        for number, as_of_us, through, version, status, *told in _STORED_SCORES.rows(connection, some=some):
            found[number] = Stored((as_of_us, through, version), status, Told(*told))
    return found


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE))


def score_row(
    lead: LeadRow, now: Current, record: Mapping[str, Any], as_of_us: int, through: int
) -> dict[str, Any]:
    """The row of `scores` for a score record; its `record` is the worklist's entry."""
    told = {name: now.text(name) for name in OWN_ATTRIBUTES}
    entry = {**record, "created_at": format_time(lead.created_us), **told}
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
        "owner": told["owner"],
        "search": search_text(lead.lead_id, now),
        "as_of_us": as_of_us,
        "through_row": through,
        "model_version": record["model_version"],
        "record": msgspec.json.encode(entry).decode(),
    }


def search_text(lead_id: str, now: Current) -> str:
    """What q looks in: the id and every short text among the attributes, case-folded, one a line."""
    values = (value for value in now.scalars().values() if isinstance(value, str))
    texts = [lead_id, *(value for value in values if len(value) <= LONGEST_SEARCHED_VALUE)]
    return "\n".join(texts)[:LONGEST_SEARCH].casefold()


def with_history(row: Mapping[str, Any], stored: Stored | None, causes: Any | None) -> NewScore:
    """The score to be stored; causes None where it has not moved enough for a row of history."""
    told = None if stored is None else stored.told
    replaces = None if stored is None else stored.mark
    if told is not None and causes is None:
        return NewScore({**row, **_told(told)}, replaces, None)
    now = Told(row["probability"], row["status"], row["as_of_us"], row["through_row"], row["model_version"])
    entry = {
        "lead_no": row["lead_no"],
        "as_of_us": now.as_of_us,
        "probability": now.probability,
        "delta": 0.0 if told is None else now.probability - told.probability,
        "status": now.status,
        "model_version": now.model_version,
        "causes": json.dumps(causes or [], ensure_ascii=False),
    }
    return NewScore({**row, **_told(now)}, replaces, entry)


def _told(told: Told) -> dict[str, Any]:
    return {
        "told_probability": told.probability,
        "told_status": told.status,
        "told_as_of_us": told.as_of_us,
        "told_through_row": told.through_row,
        "told_version": told.model_version,
    }


def save_scores(transaction: Transaction, payloads: Sequence[Sequence[NewScore]]) -> list[int]:
    """Stores each batch's scores but for leads that are gone or were scored by somebody else meanwhile; counts."""
    return [_save(transaction, scores) for scores in payloads]


def _save(transaction: Transaction, scores: Sequence[NewScore]) -> int:
    connection = transaction.connection
    numbers = [score.row["lead_no"] for score in scores]
    there = {row[0] for some in _parts(numbers) for row in _STORED.rows(connection, some=some)}
    marks = {number: stored.mark for number, stored in stored_scores(connection, numbers).items()}
    current = [s for s in scores if s.row["lead_no"] in there and marks.get(s.row["lead_no"]) == s.replaces]
    if not current:
        return 0
    _REPLACE.run(connection, [dict(s.row) for s in current])
    entries = [s.entry for s in current if s.entry is not None]
    if entries:
        fresh = transaction.numbers("entry_no", len(entries))
        values = [{**entry, "entry_no": number} for number, entry in zip(fresh, entries, strict=True)]
        _TELL.run(connection, values)
    done = [{"of_lead": s.row["lead_no"], "through": s.row["through_row"]} for s in current]
    _CLEAN.run(connection, done)
    return len(current)
