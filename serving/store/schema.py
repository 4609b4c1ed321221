"""The tables of the store: facts in their order of arrival, grouped by lead, and the scores derived from them.

The columns of facts derive from the records in history/config/schema.py. A new field needs a migration: a test
compares the migrated schema with this one.
"""

from collections.abc import Iterator
from typing import Any

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
    literal_column,
)

from history.config.schema import ACCOUNT, NAME, NUMBER, SCALAR, TABLES, TEXT, TableLayout

metadata = MetaData()
SQL_TYPES = {NUMBER: Double, TEXT: Text, NAME: Text, SCALAR: Text}
# Fields of records whose codes are stored under another name.
CODE_COLUMNS = {"outcome": "state"}
ROW_ID = "interaction_id"
# On SQLite only an INTEGER primary key is the row's own number, without an index beside it.
Number = BigInteger().with_variant(Integer, "sqlite")


def _lead_column() -> Column[int]:
    return Column("lead_no", Number, ForeignKey("leads.lead_no"), primary_key=True, autoincrement=False)


def _fact_table(name: str) -> Table:
    """A table of dated rows with the fields of the record `name`.

    Clustered by lead, then by row_no, the order of arrival over all fact tables. time_us is the record's own time and
    known_us the later of it and recorded_at; both are NULL if no column of a folder gave them.
    """
    layout = TABLES[name]
    has_time = layout.fields[layout.own_time].required
    return Table(
        name,
        metadata,
        _lead_column(),
        Column("row_no", Number, primary_key=True, autoincrement=False),
        Column("time_us", BigInteger, nullable=not has_time),
        Column("known_us", BigInteger, nullable=not has_time),
        *_content_columns(layout),
        Column("event_key", LargeBinary),
        sqlite_with_rowid=False,
    )


def _content_columns(layout: TableLayout) -> Iterator[Column[Any]]:
    """The fields of a record beside its lead and times; the id of a row comes last."""
    dates = ("lead_id", layout.own_time, "recorded_at")
    names = [name for name, field in layout.fields.items() if name not in dates and not field.in_folders_only]
    for name in sorted(names, key=lambda name: name == ROW_ID):
        field = layout.fields[name]
        if field.choices:  # a word stored as its code
            yield Column(CODE_COLUMNS.get(name, name), SmallInteger, nullable=False)
        else:  # a scalar is stored as JSON, and NULL clears the attribute
            is_nullable = field.kind == SCALAR or not field.required
            yield Column(name, SQL_TYPES[field.kind], nullable=is_nullable)


leads = Table(
    "leads",
    metadata,
    Column("lead_no", Number, primary_key=True, autoincrement=False),
    Column("lead_id", Text, nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
    # JSON object of the values at creation, with owner, source and account_id.
    Column("attributes", Text, nullable=False),
    Column("account", Text),  # account_id among them, as a History holds it
)
_has_account = leads.c.account.is_not(None)
Index("leads_by_account", leads.c.account, sqlite_where=_has_account, postgresql_where=_has_account)

interactions = _fact_table("interactions")
_has_id = interactions.c.interaction_id.is_not(None)
Index(
    "interactions_once",
    interactions.c.lead_no,
    interactions.c.interaction_id,
    unique=True,
    sqlite_where=_has_id,
    postgresql_where=_has_id,
)

stages = _fact_table("stages")
outcomes = _fact_table("outcomes")
attribute_changes = _fact_table("attribute_changes")
# A literal, as in the queries: SQLite takes a partial index only if the statement's text shows that it fits.
OF_ACCOUNT = attribute_changes.c.attribute == literal_column(f"'{ACCOUNT}'")
Index("changes_of_account", attribute_changes.c.value, sqlite_where=OF_ACCOUNT, postgresql_where=OF_ACCOUNT)

FACTS = (interactions, stages, outcomes, attribute_changes)
KEY_COLUMNS = ("lead_no", "row_no")
# The columns of each fact table beside its keys, in the order in which rows are read and loaded.
FACT_COLUMNS = {
    table.name: tuple(c.name for c in table.columns if c.name not in (*KEY_COLUMNS, "event_key"))
    for table in FACTS
}
# Positions in a fact row as it is read: KEY_COLUMNS, then FACT_COLUMNS.
LEAD_NO, ROW_NO, TIME_US, KNOWN_US, CONTENT = range(5)

event_ids = Table(
    "event_ids",
    metadata,
    Column("event_key", LargeBinary, primary_key=True),  # 16-byte digest of the event_id
    Column("lead_no", Number),
    Column("event_id", Text),  # NULL for events that an older version stored
    sqlite_with_rowid=False,
)

# The audit log of corrections: never the content that was wrong, only its digest.
corrections = Table(
    "corrections",
    metadata,
    _lead_column(),
    Column("row_no", Number, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("action", Text, nullable=False),  # retract or replace
    Column("corrected_us", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of the replaced rows
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

# Leads that need a new score.
dirty = Table(
    "dirty",
    metadata,
    _lead_column(),
    Column("row_no", Number, nullable=False),  # the lead's last row that is not yet scored
    Column(
        "is_bulk", SmallInteger, nullable=False
    ),  # LIVE, LOAD or FOLLOWING of serving/store/leads/leads.py
)

# Of each scored lead what the worklist orders, filters and adds up; score_records holds what it only shows.
scores = Table(
    "scores",
    metadata,
    _lead_column(),
    Column("is_open", SmallInteger, nullable=False),
    Column("revenue_rank", Double, nullable=False),  # expected_revenue; probability - 2 if unknown
    Column("amount_rank", Double, nullable=False),  # expected_amount, -1 if unknown
    Column("probability", Double, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("touch_us", BigInteger, nullable=False),  # the last touch, 0 without one
    Column("entered_us", BigInteger, nullable=False),  # begin of the stay in the current stage
    # The probability 7 days ago, which holds until base_until_us, and how far it moved since, 0 if unknown.
    Column("base_probability", Double),
    Column("base_until_us", BigInteger),
    Column("change", Double, nullable=False),
    # The instants after which a rule of attention holds (funnel/state/attention/due.py), NULL for never.
    Column("unanswered_us", BigInteger),
    Column("silent_us", BigInteger),
    Column("stuck_us", BigInteger),
    Column("untouched_us", BigInteger),
    Column("status", Text, nullable=False),
    Column("grade", Text),
    Column("stage", Text),
    Column("owner", Text),
    Column("source", Text),
    # Folded, for filters.
    Column("stage_key", Text),
    Column("owner_key", Text),
    Column("source_key", Text),
    Column("search", Text, nullable=False),  # case-folded text for the worklist's q
    Column("as_of_us", BigInteger, nullable=False),
    Column("through_row", Number, nullable=False),  # the score includes rows up to this one
    Column("model_version", Text, nullable=False),
    # told_: the last entry of the lead's score history.
    Column("told_probability", Double, nullable=False),
    Column("told_status", Text, nullable=False),
    Column("told_as_of_us", BigInteger, nullable=False),
    Column("told_through_row", Number, nullable=False),
    Column("told_version", Text, nullable=False),
    Column("group_no", Number, index=True),  # of worklist_groups, NULL unless open
)
ORDER_COLUMNS = ("revenue_rank", "probability", "amount_rank", "created_us", "touch_us", "change")
for _order in ORDER_COLUMNS:
    Index(f"scores_by_{_order}", scores.c.is_open, scores.c[_order], scores.c.lead_no)
Index("scores_by_base_until_us", scores.c.is_open, scores.c.base_until_us)
# The most valuable leads of an owner, and the sums of a summary: 100,000 leads are grouped in one pass without sorting.
Index("scores_by_owner", scores.c.is_open, scores.c.owner_key, scores.c.revenue_rank)
SUMMED = ("owner", "stage", "source", "grade")
Index(
    "scores_summed",
    *(scores.c[_name] for _name in ("is_open", *SUMMED, "probability", "revenue_rank")),
)

# The open scored leads of each combination of values, kept current with every score
# (serving/store/scores/worklist/counts.py).
worklist_groups = Table(
    "worklist_groups",
    metadata,
    Column("group_no", Number, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # JSON list of SUMMED
    *(Column(_name, Text) for _name in (*SUMMED, "owner_key", "stage_key", "source_key")),
    Column("leads", BigInteger, nullable=False),
    Column("wins", Double, nullable=False),
    Column("priced", BigInteger, nullable=False),  # leads whose expected revenue is known
    Column("revenue", Double, nullable=False),
)

# The open scored leads by ranges of revenue_rank.
rank_counts = Table(
    "rank_counts",
    metadata,
    Column("rank_range", Number, primary_key=True, autoincrement=False),
    Column("leads", BigInteger, nullable=False),
)

COUNTS = (worklist_groups, rank_counts)

# Leads whose searched text, group or openness changed, or that were erased, the last changes in their order
# (serving/store/scores/search/changes.py).
search_changes = Table(
    "search_changes",
    metadata,
    Column("change_no", Number, primary_key=True, autoincrement=False),
    Column("lead_no", Number, nullable=False),
)

score_records = Table(
    "score_records",
    metadata,
    _lead_column(),
    Column(
        "record", Text, nullable=False
    ),  # JSON: the worklist's entry, but for what depends on the time of reading
)

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

# The interactions of a lead with many of them, as columns up to a row (serving/store/leads/packed_rows.py).
packed_rows = Table(
    "packed_rows",
    metadata,
    _lead_column(),
    Column("through_row", Number, nullable=False),
    Column("corrected_row", Number, nullable=False),  # the lead's last correction then, 0: none
    Column("body", LargeBinary, nullable=False),
)

DERIVED = (dirty, scores, score_records, score_history, packed_rows)

# What people write beside a lead: erased with it, never read by features, not exported.
notes = Table(
    "notes",
    metadata,
    _lead_column(),
    Column("note_no", Number, primary_key=True, autoincrement=False),
    Column("written_us", BigInteger, nullable=False),
    Column("author", Text),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Leads that the worklist leaves out until an instant.
snoozes = Table(
    "snoozes",
    metadata,
    _lead_column(),
    Column("until_us", BigInteger, nullable=False),
)

# What managers expect in place of the model's figures: of a whole period, or of one lead in it. Never read by models.
adjustments = Table(
    "adjustments",
    metadata,
    Column("adjustment_no", Number, primary_key=True, autoincrement=False),
    Column("lead_no", Number, ForeignKey("leads.lead_no"), index=True),  # NULL: of the whole period
    Column("period", Text, nullable=False),  # week, month or quarter
    Column("period_start", Text, nullable=False),  # date
    Column("revenue", Double),
    Column("wins", Double),
    Column("note", Text),
    Column("author", Text),
    Column("made_us", BigInteger, nullable=False),
)

BESIDE = (notes, snoozes, adjustments)

# Funnels and forecasts of a large store, by their query: asked for, and as prepared last (serving/store/reports).
reports = Table(
    "reports",
    metadata,
    Column("key", Text, primary_key=True),  # SHA-256 of the query
    Column("query", Text, nullable=False),  # JSON
    Column("asked_us", BigInteger, nullable=False),
    Column("made_us", BigInteger),  # NULL: not prepared yet
    Column("version", Text),  # of the store that it was made of
    Column("model_version", Text),
    Column("refused", Text),  # JSON list of messages, in place of a body
    Column("body", Text),  # JSON
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),  # counters, the funnel's configuration, attribute names
    Column("value", Text, nullable=False),
)
