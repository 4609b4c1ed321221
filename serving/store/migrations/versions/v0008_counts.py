"""Counts of the open scored leads by their values and by their rank, and the group of each lead."""

import json
import struct
from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = ("owner", "stage", "source", "grade")
KEYS = ("owner_key", "stage_key", "source_key")
ROWS_PER_UPDATE = 5_000


def upgrade() -> None:
    """Adds the tables and the column, and counts the stored scores."""
    op.create_table(
        "worklist_groups",
        sa.Column("group_no", Number, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *(sa.Column(name, sa.Text) for name in (*VALUES, *KEYS)),
        sa.Column("leads", sa.BigInteger, nullable=False),
        sa.Column("wins", sa.Double, nullable=False),
        sa.Column("priced", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.Double, nullable=False),
    )
    op.create_table(
        "rank_counts",
        sa.Column("rank_range", Number, primary_key=True, autoincrement=False),
        sa.Column("leads", sa.BigInteger, nullable=False),
    )
    op.add_column("scores", sa.Column("group_no", Number))
    _count(op.get_bind())
    op.create_index("ix_scores_group_no", "scores", ["group_no"])


def _count(connection: sa.Connection) -> None:
    names = ", ".join(("lead_no", "probability", "revenue_rank", *VALUES, *KEYS))
    page = sa.text(
        f"SELECT {names} FROM scores WHERE is_open = 1 AND lead_no > :after ORDER BY lead_no LIMIT :count"
    )
    update = sa.text("UPDATE scores SET group_no = :group_no WHERE lead_no = :lead_no")
    groups: dict[str, dict[str, Any]] = {}
    ranges: Counter[int] = Counter()
    after = 0
    while rows := connection.execute(page, {"after": after, "count": ROWS_PER_UPDATE}).mappings().all():
        after = rows[-1]["lead_no"]
        numbers = [{"lead_no": row["lead_no"], "group_no": _add(groups, row)} for row in rows]
        ranges.update(_range(row["revenue_rank"]) for row in rows)
        connection.execute(update, numbers)
    if not groups:
        return
    columns = ("group_no", "key", *VALUES, *KEYS, "leads", "wins", "priced", "revenue")
    places = ", ".join(f":{name}" for name in columns)
    connection.execute(
        sa.text(f"INSERT INTO worklist_groups ({', '.join(columns)}) VALUES ({places})"),
        list(groups.values()),
    )
    connection.execute(
        sa.text("INSERT INTO rank_counts (rank_range, leads) VALUES (:rank_range, :leads)"),
        [{"rank_range": number, "leads": leads} for number, leads in ranges.items()],
    )
    connection.execute(
        sa.text("INSERT INTO settings (name, value) VALUES ('group_no', :following)"),
        {"following": str(len(groups) + 1)},
    )


def _add(groups: dict[str, dict[str, Any]], row: Any) -> int:
    """Adds a score to its group; returns the group's number."""
    key = json.dumps([row[name] for name in VALUES], ensure_ascii=False, separators=(",", ":"))
    if key not in groups:
        values = {name: row[name] for name in (*VALUES, *KEYS)}
        nothing = {"leads": 0, "wins": 0.0, "priced": 0, "revenue": 0.0}
        groups[key] = {"group_no": len(groups) + 1, "key": key, **values, **nothing}
    group = groups[key]
    group["leads"] += 1
    group["wins"] += row["probability"]
    if row["revenue_rank"] >= 0:
        group["priced"] += 1
        group["revenue"] += row["revenue_rank"]
    return int(group["group_no"])


def _range(rank: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", rank + 0.0))  # -0.0 becomes 0.0
    return int((bits if bits >= 0 else ~(bits & ((1 << 63) - 1))) >> 46)
