"""Interactions of leads with many of them as columns; those leads wait for a score, which writes them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LEAST_ROWS = 500
LOAD = 1


def upgrade() -> None:
    """Adds the table, and queues the leads that it is for."""
    op.create_table(
        "packed_rows",
        sa.Column("lead_no", Number, sa.ForeignKey("leads.lead_no"), primary_key=True, autoincrement=False),
        sa.Column("through_row", Number, nullable=False),
        sa.Column("corrected_row", Number, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.get_bind().execute(
        sa.text(
            "INSERT INTO dirty (lead_no, row_no, is_bulk) SELECT lead_no, 0, :load FROM interactions "
            "WHERE lead_no NOT IN (SELECT lead_no FROM dirty) GROUP BY lead_no HAVING count(*) >= :least"
        ),
        {"load": LOAD, "least": LEAST_ROWS},
    )
