"""What people keep beside a lead: notes, and until when the worklist leaves it out. Features never read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select

from history.text.times import format_time
from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery
from serving.store.database.transaction import Transaction
from serving.store.leads.lead_rows import find_leads

MOST_NOTES = 500  # of a lead
UNKNOWN_LEAD: Final = "unknown_lead"
TOO_MANY: Final = "too_many"

_INSERT_NOTES = PreparedInsert(db.notes)
_SET_SNOOZES = PreparedInsert(db.snoozes, "lead_no", ("until_us",))
_NOTES = PreparedQuery(
    select(db.notes.c.note_no, db.notes.c.written_us, db.notes.c.author, db.notes.c.text)
    .where(db.notes.c.lead_no == bindparam("lead_no"))
    .order_by(db.notes.c.note_no.desc())
)
_SNOOZE = PreparedQuery(select(db.snoozes.c.until_us).where(db.snoozes.c.lead_no == bindparam("lead_no")))


@dataclass(frozen=True)
class NewNote:
    """A note to keep."""

    lead_id: str
    text: str
    author: str | None = None


@dataclass(frozen=True)
class NoteKey:
    """A note to delete."""

    lead_id: str
    note_no: int


@dataclass(frozen=True)
class Snooze:
    """The worklist leaves the lead out until until_us, microseconds UTC; None ends a snooze."""

    lead_id: str
    until_us: int | None


def add_notes(transaction: Transaction, notes: Sequence[NewNote]) -> list[dict[str, Any] | str]:
    """Keeps each note; its record, UNKNOWN_LEAD, or TOO_MANY if the lead has MOST_NOTES."""
    return [_add_note(transaction, note) for note in notes]


def _add_note(transaction: Transaction, note: NewNote) -> dict[str, Any] | str:
    lead = find_leads(transaction.connection, [note.lead_id]).get(note.lead_id)
    if lead is None:
        return UNKNOWN_LEAD
    count = select(func.count()).select_from(db.notes).where(db.notes.c.lead_no == lead.lead_no)
    if int(transaction.connection.execute(count).scalar() or 0) >= MOST_NOTES:
        return TOO_MANY
    (note_no,) = transaction.numbers("note_no", 1)
    row = {
        "lead_no": lead.lead_no,
        "note_no": note_no,
        "written_us": transaction.now_us,
        "author": note.author,
        "text": note.text,
    }
    _INSERT_NOTES.run(transaction.connection, [row])
    return _note(note_no, transaction.now_us, note.author, note.text)


def delete_notes(transaction: Transaction, keys: Sequence[NoteKey]) -> list[bool]:
    """Deletes each note; False for an unknown one."""
    results = []
    for key in keys:
        lead = find_leads(transaction.connection, [key.lead_id]).get(key.lead_id)
        lead_no = -1 if lead is None else lead.lead_no
        is_note = (db.notes.c.lead_no == lead_no) & (db.notes.c.note_no == key.note_no)
        results.append(transaction.connection.execute(delete(db.notes).where(is_note)).rowcount > 0)
    return results


def set_snoozes(transaction: Transaction, snoozes: Sequence[Snooze]) -> list[bool]:
    """Sets or ends the snooze of each lead; False for an unknown lead."""
    leads = find_leads(transaction.connection, list({snooze.lead_id for snooze in snoozes}))
    for snooze in snoozes:
        lead = leads.get(snooze.lead_id)
        if lead is None:
            continue
        if snooze.until_us is None:
            ended = delete(db.snoozes).where(db.snoozes.c.lead_no == lead.lead_no)
            transaction.connection.execute(ended)
        else:
            row = {"lead_no": lead.lead_no, "until_us": snooze.until_us}
            _SET_SNOOZES.run(transaction.connection, [row])
    # Kept figures of the worklist are stale (serving/store/scores/saved.py).
    transaction.numbers("act_no", 1)
    return [snooze.lead_id in leads for snooze in snoozes]


def read_beside(connection: Connection, lead_id: str, now_us: int) -> dict[str, Any] | None:
    """{notes, snoozed_until} of a lead, notes newest first, a snooze that is over None; None for an unknown lead."""
    lead = find_leads(connection, [lead_id]).get(lead_id)
    if lead is None:
        return None
    notes = [_note(*row) for row in _NOTES.rows(connection, lead_no=lead.lead_no)]
    until = _SNOOZE.rows(connection, lead_no=lead.lead_no)
    snoozed_until = format_time(until[0][0]) if until and until[0][0] > now_us else None
    return {"notes": notes, "snoozed_until": snoozed_until}


def _note(note_no: int, written_us: int, author: str | None, text: str) -> dict[str, Any]:
    return {"note_id": note_no, "written_at": format_time(written_us), "author": author, "text": text}
