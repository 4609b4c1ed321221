"""The tables of the store: facts as they came, grouped by lead, and the scores derived from them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")


def _lead_column(primary: bool = True) -> Column[int]:
    return Column(
        "lead_no",
        Number,
        ForeignKey("leads.lead_no"),
        primary_key=primary,
        autoincrement=False,
        nullable=False,
    )


def _fact_table(name: str, *columns: Column[object]) -> Table:
    """A table of dated rows: clustered by lead, then by row_no, the order of arrival over all tables."""
    return Table(
        name,
        metadata,
        _lead_column(),
        Column("row_no", Number, primary_key=True, autoincrement=False),
        *columns,
        Column("event_key", LargeBinary),
        sqlite_with_rowid=False,
    )


leads = Table(
    "leads",
    metadata,
    Column("lead_no", Number, primary_key=True, autoincrement=False),
    Column("lead_id", Text, nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
    Column("attributes", Text, nullable=False),  # JSON object: the values at creation, owner and the like too
)

interactions = _fact_table(
    "interactions",
    Column("time_us", BigInteger, nullable=False),
    Column("known_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text),
    Column("direction", SmallInteger, nullable=False),
    Column("value", Double),
    Column("interaction_id", Text),
)
Index("interactions_once", interactions.c.lead_no, interactions.c.interaction_id, unique=True,
      sqlite_where=interactions.c.interaction_id.is_not(None),
      postgresql_where=interactions.c.interaction_id.is_not(None))  # fmt: skip

stages = _fact_table(
    "stages",
    Column("time_us", BigInteger, nullable=False),
    Column("known_us", BigInteger, nullable=False),
    Column("stage", Text, nullable=False),
)

outcomes = _fact_table(
    "outcomes",
    Column("time_us", BigInteger),  # closed_at; empty where no column gave it
    Column("known_us", BigInteger),  # the later of closed_at and recorded_at; empty where neither is given
    Column("state", SmallInteger, nullable=False),
    Column("amount", Double),
    Column("reason", Text),
)

attribute_changes = _fact_table(
    "attribute_changes",
    Column("time_us", BigInteger, nullable=False),
    Column("known_us", BigInteger, nullable=False),
    Column("attribute", Text, nullable=False),
    Column("value", Text),  # JSON scalar; empty clears the attribute
)

FACTS = (interactions, stages, outcomes, attribute_changes)

event_ids = Table(
    "event_ids",
    metadata,
    Column("event_key", LargeBinary, primary_key=True),  # 16 bytes of hash of the event_id
    sqlite_with_rowid=False,
)

costs = Table(
    "costs",
    metadata,
    Column("cost_no", Number, primary_key=True, autoincrement=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("amount", Double, nullable=False),
    Column("channel", Text),
    Column("source", Text),
)

dirty = Table(
    "dirty",
    metadata,
    _lead_column(),
    Column("row_no", Number, nullable=False),  # the last row that waits for a score
    Column("is_bulk", SmallInteger, nullable=False),  # 1: from a load, after what happens live
)

scores = Table(
    "scores",
    metadata,
    _lead_column(),
    Column("is_open", SmallInteger, nullable=False),
    Column("revenue_rank", Double, nullable=False),  # expected_revenue, -1 where unknown
    Column("probability", Double, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("grade", Text),
    Column("stage", Text),
    Column("owner", Text),
    Column("search", Text, nullable=False),  # case-folded text that q looks in
    Column("as_of_us", BigInteger, nullable=False),
    Column("through_row", Number, nullable=False),  # rows up to this one are in the score
    Column("model_version", Text, nullable=False),
    Column("told_probability", Double, nullable=False),  # told_: as the last row of history has it
    Column("told_status", Text, nullable=False),
    Column("told_as_of_us", BigInteger, nullable=False),
    Column("told_through_row", Number, nullable=False),
    Column("told_version", Text, nullable=False),
    Column("record", Text, nullable=False),  # JSON: the worklist's entry
)
for _order in ("revenue_rank", "probability", "created_us"):
    Index(f"scores_by_{_order}", scores.c.is_open, scores.c[_order], scores.c.lead_no)

score_history = Table(
    "score_history",
    metadata,
    _lead_column(),
    Column("entry_no", Number, primary_key=True, autoincrement=False),
    Column("as_of_us", BigInteger, nullable=False),
    Column("probability", Double, nullable=False),
    Column("delta", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("causes", Text, nullable=False),  # JSON list
    sqlite_with_rowid=False,
)

DERIVED = (dirty, scores, score_history)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),  # counters and the funnel's configuration
    Column("value", Text, nullable=False),
)
