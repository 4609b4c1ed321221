"""Manual adjustments of forecasts, of a period or of a lead in it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the table adjustments."""
    op.create_table(
        "adjustments",
        sa.Column("adjustment_no", Number, primary_key=True, autoincrement=False),
        sa.Column("lead_no", Number, sa.ForeignKey("leads.lead_no")),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("period_start", sa.Text, nullable=False),
        sa.Column("revenue", sa.Double),
        sa.Column("wins", sa.Double),
        sa.Column("note", sa.Text),
        sa.Column("author", sa.Text),
        sa.Column("made_us", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_adjustments_lead_no", "adjustments", ["lead_no"])
