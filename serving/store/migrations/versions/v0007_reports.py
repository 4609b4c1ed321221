"""Prepared funnels and forecasts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table reports."""
    op.create_table(
        "reports",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger),
        sa.Column("version", sa.Text),
        sa.Column("model_version", sa.Text),
        sa.Column("refused", sa.Text),
        sa.Column("body", sa.Text),
    )
