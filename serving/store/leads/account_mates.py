"""The other leads of the accounts of some leads: features of account scope read their rows too."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from history.config.schema import ACCOUNT
from history.text.values import value_text
from models.bundle import Bundle
from serving.store import schema as db
from serving.store.database.statements import in_parts
from serving.store.leads.lead_rows import LeadRow, lead_row, scalar_text

VALUES_PER_QUERY = 500


def mates_of(connection: Connection, bundle: Bundle, leads: Sequence[LeadRow]) -> list[LeadRow]:
    """The stored leads that share an account with one of these at some time; none unless the model reads accounts."""
    return account_mates(connection, leads) if bundle.vocabulary.reads_accounts else []


def account_mates(connection: Connection, leads: Sequence[LeadRow]) -> list[LeadRow]:
    """The stored leads that share an account with one of these at some time, in the order of their arrival."""
    known = {lead.lead_no for lead in leads}
    mates: dict[int, LeadRow] = {}
    for part in in_parts(sorted(_accounts_of(connection, leads)), VALUES_PER_QUERY):
        changed_to = select(db.attribute_changes.c.lead_no).where(
            db.OF_ACCOUNT, db.attribute_changes.c.value.in_([form for name in part for form in _stored(name)])
        )
        # Two queries: an index answers each, and none answers their union on every server.
        for is_mate in (db.leads.c.account.in_(part), db.leads.c.lead_no.in_(changed_to)):
            rows = connection.execute(select(db.leads).where(is_mate))
            mates |= {row.lead_no: lead_row(row) for row in rows if row.lead_no not in known}
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


def _stored(account: str) -> Sequence[str]:
    """The JSON scalars of a change to this account: the text, and the number or truth value of this text."""
    text = json.dumps(account, ensure_ascii=False)
    try:
        is_other = scalar_text(account) == account
    except (ValueError, TypeError):  # not JSON, or a list
        return (text,)
    return (text, account) if is_other else (text,)
