"""Takes leads out of the store that an import called gone: deleted ones are erased, merged ones closed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from history.history import GONE
from serving.store import schema as db
from serving.store.database.engine import StoreEngine
from serving.store.database.statements import in_parts
from serving.store.database.transaction import Transaction
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.leads.leads import LOAD, erase_leads, mark_dirty
from serving.store.schema import CONTENT, LEAD_NO
from serving.store.transfer.load import insert_facts

LEADS_PER_TRANSACTION = 500
STATE = CONTENT  # of an outcome


@dataclass
class TakenOut:
    """How many stored leads were erased, and how many were marked as gone."""

    erased: int = 0
    merged: int = 0


def take_out(engine: StoreEngine, gone: Mapping[str, str], now_us: Callable[[], int]) -> TakenOut:
    """Takes out the stored ones of these leads: id -> the lead it was merged into, "" for a deleted one.

    A merged lead keeps its rows and ends with the outcome `gone`; its survivor has them by the folder.
    """
    taken = TakenOut()
    for ids in in_parts(list(gone), LEADS_PER_TRANSACTION):
        with engine.writing() as connection:
            transaction = Transaction(connection, now_us())
            taken.erased += sum(erase_leads(transaction, [id_ for id_ in ids if not gone[id_]]))
            taken.merged += _mark(transaction, [id_ for id_ in ids if gone[id_]])
            transaction.finish()
    if taken.erased:
        engine.erase_traces()
    return taken


def _mark(transaction: Transaction, lead_ids: list[str]) -> int:
    """Ends the stored ones of these leads that have not ended so; returns their number."""
    known = find_leads(transaction.connection, lead_ids)
    if not known:
        return 0
    outcomes = rows_of(transaction.connection, list(known.values())).tables[db.outcomes.name]
    ended = {row[LEAD_NO] for row in zip(*outcomes, strict=True) if row[STATE] == GONE}
    at_us = transaction.now_us
    rows = [
        (lead.lead_no, at_us, at_us, GONE, None, None) for lead in known.values() if lead.lead_no not in ended
    ]
    last_rows: dict[int, int] = {}
    insert_facts(transaction, db.outcomes, rows, last_rows)
    mark_dirty(transaction.connection, last_rows, LOAD)
    return len(rows)
