"""What the worklist orders, filters and adds up, in columns of its own; the shown record in a table of its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ORDERS = ("revenue_rank", "probability", "amount_rank", "created_us", "touch_us", "change")
# Kept from the old table; the leads are scored again for the others.
KEPT = (
    *("lead_no", "is_open", "revenue_rank", "probability", "created_us", "status", "grade", "stage", "owner"),
    *("search", "as_of_us", "through_row", "model_version", "told_probability", "told_status"),
    *("told_as_of_us", "told_through_row", "told_version"),
)
UNTIL_SCORED = {
    "amount_rank": "-1",
    "touch_us": "0",
    "entered_us": "created_us",
    "change": "0",
    "stage_key": "lower(stage)",
    "owner_key": "lower(owner)",
}


def _lead() -> "sa.Column[int]":
    return sa.Column("lead_no", Number, sa.ForeignKey("leads.lead_no"), primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Replaces scores and moves its records to score_records; open leads wait for a new score."""
    op.execute("CREATE TABLE old_scores AS SELECT * FROM scores")
    op.drop_table("scores")
    _create_scores()
    op.create_table("score_records", _lead(), sa.Column("record", sa.Text, nullable=False))
    names = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("old_scores")}
    if {*KEPT, "record"} <= names:  # the first commits wrote other columns under revision 0001
        targets, values = ", ".join((*KEPT, *UNTIL_SCORED)), ", ".join((*KEPT, *UNTIL_SCORED.values()))
        op.execute(f"INSERT INTO scores ({targets}) SELECT {values} FROM old_scores")
        op.execute("INSERT INTO score_records (lead_no, record) SELECT lead_no, record FROM old_scores")
    op.drop_table("old_scores")
    if "is_bulk" in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("dirty")}:
        op.execute(
            "INSERT INTO dirty (lead_no, row_no, is_bulk) SELECT lead_no, 0, 1 FROM scores "
            "WHERE is_open = 1 AND lead_no NOT IN (SELECT lead_no FROM dirty)"
        )


def _create_scores() -> None:
    required, optional = False, True  # nullable
    columns: tuple[tuple[str, Any, bool], ...] = (
        ("is_open", sa.SmallInteger, required),
        ("revenue_rank", sa.Double, required),
        ("amount_rank", sa.Double, required),
        ("probability", sa.Double, required),
        ("created_us", sa.BigInteger, required),
        ("touch_us", sa.BigInteger, required),
        ("entered_us", sa.BigInteger, required),
        ("base_probability", sa.Double, optional),
        ("base_until_us", sa.BigInteger, optional),
        ("change", sa.Double, required),
        *(
            (name, sa.BigInteger, optional)
            for name in ("unanswered_us", "silent_us", "stuck_us", "untouched_us")
        ),
        ("status", sa.Text, required),
        *((name, sa.Text, optional) for name in ("grade", "stage", "owner", "source")),
        *((name, sa.Text, optional) for name in ("stage_key", "owner_key", "source_key")),
        ("search", sa.Text, required),
        ("as_of_us", sa.BigInteger, required),
        ("through_row", Number, required),
        ("model_version", sa.Text, required),
        ("told_probability", sa.Double, required),
        ("told_status", sa.Text, required),
        ("told_as_of_us", sa.BigInteger, required),
        ("told_through_row", Number, required),
        ("told_version", sa.Text, required),
    )
    op.create_table(
        "scores", _lead(), *(sa.Column(name, kind, nullable=nullable) for name, kind, nullable in columns)
    )
    for order in ORDERS:
        op.create_index(f"scores_by_{order}", "scores", ["is_open", order, "lead_no"])
    op.create_index("scores_by_base_until_us", "scores", ["is_open", "base_until_us"])
    op.create_index("scores_by_owner", "scores", ["is_open", "owner_key", "revenue_rank"])
    summed = ["is_open", "owner", "stage", "source", "grade", "probability", "revenue_rank"]
    op.create_index("scores_summed", "scores", summed)
