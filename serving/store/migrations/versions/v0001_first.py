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


def _must(name: str, kind: Any) -> "sa.Column[Any]":
    return sa.Column(name, kind, nullable=False)


def _dated() -> "tuple[sa.Column[Any], ...]":
    return _lead(), _key("row_no"), _must("time_us", sa.BigInteger), _must("known_us", sa.BigInteger)


def _event() -> "sa.Column[Any]":
    return sa.Column("event_key", sa.LargeBinary)


def upgrade() -> None:
    _facts()
    _derived()
    op.create_table("settings", sa.Column("name", sa.Text, primary_key=True), _must("value", sa.Text))


def _facts() -> None:
    op.create_table(
        "leads",
        _key("lead_no"),
        sa.Column("lead_id", sa.Text, nullable=False, unique=True),
        _must("created_us", sa.BigInteger),
        _must("attributes", sa.Text),
    )
    op.create_table(
        "interactions",
        *_dated(),
        _must("kind", sa.Text),
        sa.Column("channel", sa.Text),
        _must("direction", sa.SmallInteger),
        sa.Column("value", sa.Double),
        sa.Column("interaction_id", sa.Text),
        _event(),
        sqlite_with_rowid=False,
    )
    given = sa.text("interaction_id IS NOT NULL")
    op.create_index(
        "interactions_once",
        "interactions",
        ["lead_no", "interaction_id"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    op.create_table("stages", *_dated(), _must("stage", sa.Text), _event(), sqlite_with_rowid=False)
    op.create_table(
        "outcomes",
        _lead(),
        _key("row_no"),
        sa.Column("time_us", sa.BigInteger),
        sa.Column("known_us", sa.BigInteger),
        _must("state", sa.SmallInteger),
        sa.Column("amount", sa.Double),
        sa.Column("reason", sa.Text),
        _event(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attribute_changes",
        *_dated(),
        _must("attribute", sa.Text),
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
        _must("start_us", sa.BigInteger),
        _must("end_us", sa.BigInteger),
        _must("amount", sa.Double),
        sa.Column("channel", sa.Text),
        sa.Column("source", sa.Text),
    )


def _derived() -> None:
    op.create_table("dirty", _lead(), _must("row_no", Number), _must("is_bulk", sa.SmallInteger))
    op.create_table(
        "scores",
        _lead(),
        _must("is_open", sa.SmallInteger),
        _must("revenue_rank", sa.Double),
        _must("probability", sa.Double),
        _must("created_us", sa.BigInteger),
        _must("status", sa.Text),
        sa.Column("grade", sa.Text),
        sa.Column("stage", sa.Text),
        sa.Column("owner", sa.Text),
        _must("search", sa.Text),
        _must("as_of_us", sa.BigInteger),
        _must("through_row", Number),
        _must("model_version", sa.Text),
        _must("told_probability", sa.Double),
        _must("told_status", sa.Text),
        _must("told_as_of_us", sa.BigInteger),
        _must("told_through_row", Number),
        _must("told_version", sa.Text),
        _must("record", sa.Text),
    )
    for order in ("revenue_rank", "probability", "created_us"):
        op.create_index(f"scores_by_{order}", "scores", ["is_open", order, "lead_no"])
    op.create_table(
        "score_history",
        _lead(),
        _key("entry_no"),
        _must("as_of_us", sa.BigInteger),
        _must("probability", sa.Double),
        _must("delta", sa.Double),
        _must("status", sa.Text),
        _must("model_version", sa.Text),
        _must("causes", sa.Text),
        sqlite_with_rowid=False,
    )
