"""Inputs of a model that the stored open leads lack."""

from dataclasses import replace
from typing import Final

import numpy as np
from sqlalchemy import select

from history.base.warnings import Warning
from models.bundle import Bundle
from models.inputs import InputCheck
from serving.store import schema as db
from serving.store.leads.lead_rows import lead_row
from serving.store.scores.rescoring.view import open_positions, view_leads
from serving.store.store import Store

NEWEST_LEADS: Final = 2_000


def stored_input_warnings(store: Store, bundle: Bundle, as_of_us: int) -> list[Warning]:
    """The warnings of models.inputs about the newest stored leads that are open at as_of_us."""
    newest = select(db.leads).where(db.leads.c.created_us <= as_of_us)
    newest = newest.order_by(db.leads.c.lead_no.desc()).limit(NEWEST_LEADS)
    with store.engine.reading() as connection:
        leads = [lead_row(row) for row in connection.execute(newest)]
        if not leads:
            return []
        view = view_leads(connection, leads, bundle)
    view = replace(view, rows=replace(view.rows, end_us=store.data_end_us(store.now_us()) or 0))
    check = InputCheck(bundle)
    positions = np.array(open_positions(view, bundle, as_of_us), dtype=np.int64)
    check.add(view.history(bundle.config, as_of_us), positions)
    return check.warnings()
