"""Changes of what searches look at, for processes that keep it in memory."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the table; searches begin with all leads."""
    op.create_table(
        "search_changes",
        sa.Column("change_no", Number, primary_key=True, autoincrement=False),
        sa.Column("lead_no", Number, nullable=False),
    )
