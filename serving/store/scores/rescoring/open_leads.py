"""Which leads of a page a rescoring reads: by stages and outcomes alone, since most leads of a store are closed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from history.base.arrays import Mask
from history.config.config import FunnelConfig
from history.history import OPEN, History
from history.snapshot import state_at
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery, in_parts
from serving.store.leads.history import StoredLeads, history_of_leads
from serving.store.leads.lead_rows import LEADS_PER_QUERY, LeadRow, fact_columns, lead_row
from serving.store.scores.saved import OPEN_STATUS

CLOSING_TABLES = (db.stages.name, db.outcomes.name)

_STATUS = PreparedQuery(select(db.scores.c.lead_no, db.scores.c.status), among=db.scores.c.lead_no)


def leads_to_score(
    connection: Connection, page: Sequence[Sequence[Any]], config: FunnelConfig, as_of_us: int, end_us: int
) -> list[LeadRow]:
    """The leads of a page, rows of the table `leads`, that are open at as_of_us or open by their stored score.

    end_us: the end of the data.
    """
    numbers = [row[0] for row in page]
    leads = StoredLeads(
        lead_no=np.array(numbers, dtype=np.int64),
        lead_ids=[row[1] for row in page],
        created_us=np.array([row[2] for row in page], dtype=np.int64),
        attributes={},  # they do not tell whether a lead is open
        tables=fact_columns(connection, numbers, CLOSING_TABLES),
        end_us=end_us,
    )
    open_now = are_open(history_of_leads(leads, config, as_of_us), as_of_us)
    closed = [number for number, is_open in zip(numbers, open_now, strict=True) if not is_open]
    shown_as_open = {
        lead_no
        for part in in_parts(closed, LEADS_PER_QUERY)
        for lead_no, status in _STATUS.rows(connection, some=part)
        if status in OPEN_STATUS
    }
    return [
        lead_row(row)
        for row, is_open in zip(page, open_now, strict=True)
        if is_open or row[0] in shown_as_open
    ]


def are_open(history: History, as_of_us: int) -> Mask:
    """Whether each lead (n,) is open at as_of_us."""
    all_leads = np.arange(len(history), dtype=np.int64)
    states = state_at(history, all_leads, np.full(len(history), as_of_us, dtype=np.int64))
    return np.asarray(states == OPEN)
