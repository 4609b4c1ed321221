"""The other leads of the accounts of some leads: features of account scope read their rows too."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Text, cast, func, select

from history.schema import ACCOUNT
from history.values import value_text
from models.bundle import Bundle
from serving.store import schema as db
from serving.store.database.statements import in_parts, is_sqlite
from serving.store.lead_rows import LeadRow, lead_row, scalar_text

VALUES_PER_QUERY = 500


def mates_of(connection: Connection, bundle: Bundle, leads: Sequence[LeadRow]) -> list[LeadRow]:
    """The stored leads that share an account with one of these at some time; none unless the model reads accounts."""
    if not bundle.vocabulary.reads_accounts:
        return []
    known = {lead.lead_no for lead in leads}
    mates: dict[int, LeadRow] = {}
    for part in in_parts(sorted(_accounts_of(connection, leads)), VALUES_PER_QUERY):
        created_with = _account_at_creation(connection).in_(part)
        changed_to = select(db.attribute_changes.c.lead_no).where(
            db.attribute_changes.c.attribute == ACCOUNT,
            db.attribute_changes.c.value.in_([json.dumps(account, ensure_ascii=False) for account in part]),
        )
        query = select(db.leads).where(created_with | db.leads.c.lead_no.in_(changed_to))
        mates |= {row.lead_no: lead_row(row) for row in connection.execute(query) if row.lead_no not in known}
    return [mates[lead_no] for lead_no in sorted(mates)]


def _accounts_of(connection: Connection, leads: Sequence[LeadRow]) -> set[str]:
    """Every account that one of the leads ever had."""
    accounts = {value_text(lead.attributes.get(ACCOUNT)) for lead in leads}
    for part in in_parts([lead.lead_no for lead in leads], VALUES_PER_QUERY):
        changes = select(db.attribute_changes.c.value).where(
            db.attribute_changes.c.lead_no.in_(part), db.attribute_changes.c.attribute == ACCOUNT
        )
        accounts |= {scalar_text(stored) for stored in connection.execute(changes).scalars()}
    return {account for account in accounts if account}


def _account_at_creation(connection: Connection) -> ColumnElement[Any]:
    """account_id in the JSON text of a lead's attributes, as text."""
    if is_sqlite(connection):
        return cast(func.json_extract(db.leads.c.attributes, f"$.{ACCOUNT}"), Text)
    account: ColumnElement[Any] = cast(db.leads.c.attributes, JSON)[ACCOUNT].as_string()
    return account
