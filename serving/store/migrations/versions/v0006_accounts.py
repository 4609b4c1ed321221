"""The account of each lead in a column of its own, and indexes for the other leads of an account."""

import json

import sqlalchemy as sa
from alembic import op

from history.config.schema import ACCOUNT
from history.text.values import value_text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROWS_PER_UPDATE = 5_000


def upgrade() -> None:
    """Adds the column, fills it from the attributes, and adds the indexes."""
    op.add_column("leads", sa.Column("account", sa.Text))
    _fill(op.get_bind())
    is_account, has_account = sa.text(f"attribute = '{ACCOUNT}'"), sa.text("account IS NOT NULL")
    op.create_index(
        "leads_by_account", "leads", ["account"], sqlite_where=has_account, postgresql_where=has_account
    )
    op.create_index(
        "changes_of_account",
        "attribute_changes",
        ["value"],
        sqlite_where=is_account,
        postgresql_where=is_account,
    )


def _fill(connection: sa.Connection) -> None:
    named = sa.text(
        "SELECT lead_no, attributes FROM leads WHERE lead_no > :after AND attributes LIKE :named "
        "ORDER BY lead_no LIMIT :count"
    )
    update = sa.text("UPDATE leads SET account = :account WHERE lead_no = :lead_no")
    after = 0
    while True:
        rows = connection.execute(
            named, {"after": after, "named": f'%"{ACCOUNT}"%', "count": ROWS_PER_UPDATE}
        ).all()
        if not rows:
            return
        after = rows[-1].lead_no
        accounts = [(row.lead_no, value_text(json.loads(row.attributes).get(ACCOUNT))) for row in rows]
        changed = [{"lead_no": lead_no, "account": account} for lead_no, account in accounts if account]
        if changed:
            connection.execute(update, changed)
