"""The version of what a store holds: reports of equal versions are equal."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from serving.store import schema as db
from serving.store.database.transaction import FIRST_NUMBER, read_setting
from serving.store.leads.leads import ERASURES


@dataclass(frozen=True)
class StoreState:
    """version changes with every write, load and erasure of facts; rows: leads and their rows, also erased ones."""

    version: str
    rows: int
    erasures: int


def store_state(connection: Connection) -> StoreState:
    """The state of the store in this transaction, from its counters."""
    # The next number of each counter.
    counters = [
        int(read_setting(connection, name) or FIRST_NUMBER) for name in ("row_no", "lead_no", ERASURES)
    ]
    config = read_setting(connection, "config") or ""
    costs = connection.execute(select(func.count(), func.sum(db.costs.c.amount))).one()
    digest = hashlib.sha256("\n".join(map(str, (*counters, config, *costs))).encode()).hexdigest()
    return StoreState(digest, counters[0] + counters[1] - 2 * FIRST_NUMBER, counters[2])
