"""Corrections of events: the lead of each event id, and the log of what was corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("interactions", "stages", "outcomes", "attribute_changes")


def upgrade() -> None:
    """Adds event_ids.lead_no, filled from the rows that the events added, and the table corrections."""
    op.add_column("event_ids", sa.Column("lead_no", Number))
    for table in FACTS:
        op.execute(
            f"UPDATE event_ids SET lead_no = added.lead_no FROM "
            f"(SELECT DISTINCT event_key, lead_no FROM {table} WHERE event_key IS NOT NULL) AS added "
            f"WHERE added.event_key = event_ids.event_key"
        )
    op.create_table(
        "corrections",
        sa.Column("lead_no", Number, sa.ForeignKey("leads.lead_no"), primary_key=True, autoincrement=False),
        sa.Column("row_no", Number, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("corrected_us", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
