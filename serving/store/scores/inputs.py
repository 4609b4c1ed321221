"""Inputs of a model that the stored open leads lack."""

from dataclasses import replace
from typing import Final

import numpy as np
from sqlalchemy import select

from history.base.warnings import Warning
from models.bundle import Bundle
from models.inputs import InputCheck
from serving.store import schema as db
from serving.store.leads.history import history_of
from serving.store.scores.rescoring.open_leads import leads_to_score
from serving.store.scores.rescoring.view import view_leads
from serving.store.store import Store

NEWEST_LEADS: Final = 2_000


def stored_input_warnings(store: Store, bundle: Bundle, as_of_us: int) -> list[Warning]:
    """The warnings of models.inputs about the newest stored leads that are open at as_of_us."""
    newest = select(db.leads).where(db.leads.c.created_us <= as_of_us)
    newest = newest.order_by(db.leads.c.lead_no.desc()).limit(NEWEST_LEADS)
    end_us = store.data_end_us(store.now_us()) or 0
    with store.engine.reading() as connection:
        page = connection.execute(newest).all()
        leads = leads_to_score(connection, page, bundle.config, as_of_us, end_us)
        if not leads:
            return []
        view = view_leads(connection, leads, bundle)
    history = history_of(replace(view.rows, end_us=end_us), bundle.config, as_of_us)
    check = InputCheck(bundle)
    check.add(history, np.arange(view.count, dtype=np.int64))
    return check.warnings()
