"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(name: str) -> "sa.Column[Any]":
    return sa.Column(name, Number, primary_key=True, autoincrement=False)


def _lead() -> "sa.Column[Any]":
    return sa.Column("lead_no", Number, sa.ForeignKey("leads.lead_no"), primary_key=True, autoincrement=False)


def _required(name: str, kind: Any) -> "sa.Column[Any]":
    return sa.Column(name, kind, nullable=False)


def _dated() -> "tuple[sa.Column[Any], ...]":
    return _lead(), _key("row_no"), _required("time_us", sa.BigInteger), _required("known_us", sa.BigInteger)


def _event() -> "sa.Column[Any]":
    return sa.Column("event_key", sa.LargeBinary)


def upgrade() -> None:
    """Creates all tables."""
    _facts()
    _derived()
    op.create_table("settings", sa.Column("name", sa.Text, primary_key=True), _required("value", sa.Text))


def _facts() -> None:
    op.create_table(
        "leads",
        _key("lead_no"),
        sa.Column("lead_id", sa.Text, nullable=False, unique=True),
        _required("created_us", sa.BigInteger),
        _required("attributes", sa.Text),
    )
    op.create_table(
        "interactions",
        *_dated(),
        _required("kind", sa.Text),
        sa.Column("channel", sa.Text),
        _required("direction", sa.SmallInteger),
        sa.Column("value", sa.Double),
        sa.Column("interaction_id", sa.Text),
        _event(),
        sqlite_with_rowid=False,
    )
    has_id = sa.text("interaction_id IS NOT NULL")
    op.create_index(
        "interactions_once",
        "interactions",
        ["lead_no", "interaction_id"],
        unique=True,
        sqlite_where=has_id,
        postgresql_where=has_id,
    )
    op.create_table("stages", *_dated(), _required("stage", sa.Text), _event(), sqlite_with_rowid=False)
    op.create_table(
        "outcomes",
        _lead(),
        _key("row_no"),
        sa.Column("time_us", sa.BigInteger),
        sa.Column("known_us", sa.BigInteger),
        _required("state", sa.SmallInteger),
        sa.Column("amount", sa.Double),
        sa.Column("reason", sa.Text),
        _event(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attribute_changes",
        *_dated(),
        _required("attribute", sa.Text),
        sa.Column("value", sa.Text),
        _event(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_ids", sa.Column("event_key", sa.LargeBinary, primary_key=True), sqlite_with_rowid=False
    )
    op.create_table(
        "costs",
        _key("cost_no"),
        _required("start_us", sa.BigInteger),
        _required("end_us", sa.BigInteger),
        _required("amount", sa.Double),
        sa.Column("channel", sa.Text),
        sa.Column("source", sa.Text),
    )


def _derived() -> None:
    op.create_table("dirty", _lead(), _required("row_no", Number), _required("is_bulk", sa.SmallInteger))
    op.create_table(
        "scores",
        _lead(),
        _required("is_open", sa.SmallInteger),
        _required("revenue_rank", sa.Double),
        _required("probability", sa.Double),
        _required("created_us", sa.BigInteger),
        _required("status", sa.Text),
        sa.Column("grade", sa.Text),
        sa.Column("stage", sa.Text),
        sa.Column("owner", sa.Text),
        _required("search", sa.Text),
        _required("as_of_us", sa.BigInteger),
        _required("through_row", Number),
        _required("model_version", sa.Text),
        _required("told_probability", sa.Double),
        _required("told_status", sa.Text),
        _required("told_as_of_us", sa.BigInteger),
        _required("told_through_row", Number),
        _required("told_version", sa.Text),
        _required("record", sa.Text),
    )
    for order in ("revenue_rank", "probability", "created_us"):
        op.create_index(f"scores_by_{order}", "scores", ["is_open", order, "lead_no"])
    op.create_table(
        "score_history",
        _lead(),
        _key("entry_no"),
        _required("as_of_us", sa.BigInteger),
        _required("probability", sa.Double),
        _required("delta", sa.Double),
        _required("status", sa.Text),
        _required("model_version", sa.Text),
        _required("causes", sa.Text),
        sqlite_with_rowid=False,
    )
