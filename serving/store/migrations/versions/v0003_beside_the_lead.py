"""Notes and snoozes beside a lead, and the text of each event id, by which a timeline names its entries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _lead_column() -> sa.Column[int]:
    return sa.Column("lead_no", Number, sa.ForeignKey("leads.lead_no"), primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Adds event_ids.event_id, unknown for the events stored so far, and the tables notes and snoozes."""
    op.add_column("event_ids", sa.Column("event_id", sa.Text))
    op.create_table(
        "notes",
        _lead_column(),
        sa.Column("note_no", Number, primary_key=True, autoincrement=False),
        sa.Column("written_us", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("snoozes", _lead_column(), sa.Column("until_us", sa.BigInteger, nullable=False))
