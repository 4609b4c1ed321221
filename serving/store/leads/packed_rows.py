"""The interactions of a lead with many of them as one value beside its rows: columns up to a row, as arrays.

10,000 rows take 20 ms to read one by one, and their columns 1 ms. Rescoring writes the columns of a lead, and again
once an eighth more has arrived; what has arrived since is read as rows. A correction drops the columns in its
transaction, an erasure deletes them with the lead. They are read only if their digest and the lead's last correction
are those with which they were written; else the rows are.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from sqlalchemy import Connection, bindparam, select

from history.history import Factor
from serving.base.json_logs import LOGGER
from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery, in_parts
from serving.store.database.transaction import Transaction
from serving.store.leads.history import factor
from serving.store.leads.lead_rows import LeadRow, LeadRows, fact_query, rows_of
from serving.store.schema import CONTENT, KNOWN_US, LEAD_NO, ROW_NO, TIME_US

LEAST_ROWS: Final = 500
LAG_SHARE: Final = 1 / 8  # of rows that have arrived since, from which columns are written again
DIGEST_BYTES: Final = 16
LEADS_PER_QUERY: Final = 500
KIND, CHANNEL, DIRECTION, VALUE = range(CONTENT, CONTENT + 4)
_NUMBERS: Final = {ROW_NO: "i8", TIME_US: "i8", KNOWN_US: "i8", DIRECTION: "i1", VALUE: "f8"}
_TEXTS: Final = (KIND, CHANNEL)
Columns = Sequence[Any]

_PACKED = db.packed_rows.c
_BODY = PreparedQuery(
    select(_PACKED.through_row, _PACKED.corrected_row, _PACKED.body).where(
        _PACKED.lead_no == bindparam("lead_no")
    )
)
_ROWS = db.interactions.c
_TAIL = PreparedQuery(
    fact_query(db.interactions, with_ids=False).where(
        _ROWS.lead_no == bindparam("lead_no"), _ROWS.row_no > bindparam("after")
    )
)
_THROUGH = PreparedQuery(select(_PACKED.lead_no, _PACKED.through_row), among=_PACKED.lead_no)
_INSERT = PreparedInsert(db.packed_rows, "lead_no", ("through_row", "corrected_row", "body"))
_CORRECTED = PreparedQuery(
    select(db.leads.c.lead_no, db.corrections.c.row_no).outerjoin(
        db.corrections, db.corrections.c.lead_no == db.leads.c.lead_no
    ),
    among=db.leads.c.lead_no,
)


class PackedLead(NamedTuple):
    """The columns of a lead up to a row, as they were with its last correction (0: none)."""

    lead_no: int
    through_row: int
    corrected_row: int
    body: bytes


def pack(columns: Columns) -> bytes:
    """The columns of one lead's interactions, but its number and the ids, with a digest."""
    texts = [_compact(columns[at]) for at in _TEXTS]
    arrays = [np.array(columns[at], dtype=dtype) for at, dtype in _NUMBERS.items()]
    head = msgspec.json.encode({"rows": len(columns[ROW_NO]), "texts": [list(text.values) for text in texts]})
    parts = [len(head).to_bytes(4, "little"), head, *(text.codes.tobytes() for text in texts)]
    content = b"".join([*parts, *(array.tobytes() for array in arrays)])
    return blake2b(content, digest_size=DIGEST_BYTES).digest() + content


def _compact(column: Sequence[str | None] | Factor) -> Factor:
    return column.compact() if isinstance(column, Factor) else factor(column)


def unpack(lead_no: int, body: bytes) -> Columns | None:
    """The columns (LeadRows) that were packed, as arrays and Factors and without ids; None for a damaged body."""
    if blake2b(body[DIGEST_BYTES:], digest_size=DIGEST_BYTES).digest() != body[:DIGEST_BYTES]:
        return None
    at = DIGEST_BYTES + 4 + int.from_bytes(body[DIGEST_BYTES : DIGEST_BYTES + 4], "little")
    head = msgspec.json.decode(body[DIGEST_BYTES + 4 : at])
    count = head["rows"]
    columns: list[Any] = [np.full(count, lead_no, dtype=np.int64), *[()] * (VALUE + 1)]
    for place, values in zip(_TEXTS, head["texts"], strict=True):
        columns[place] = Factor(np.frombuffer(body, np.int32, count, at), values)
        at += 4 * count
    for place, dtype in _NUMBERS.items():
        columns[place] = np.frombuffer(body, dtype, count, at)
        at += count * np.dtype(dtype).itemsize
    return columns


def read_packed(connection: Connection, lead: LeadRow, corrected_row: int) -> LeadRows | None:
    """The rows of one lead with its interactions as arrays, without ids; None without columns that hold.

    corrected_row: the lead's last correction, 0 without one.
    """
    found = _BODY.rows(connection, lead_no=lead.lead_no)
    if not found:
        return None
    through_row, packed_with, body = found[0]
    columns = unpack(lead.lead_no, body) if packed_with == corrected_row else None
    if columns is None or columns[ROW_NO][-1] != through_row:
        LOGGER.warning(
            f"the packed rows of lead number {lead.lead_no} do not match its rows, which are read instead"
        )
        return None
    rows = rows_of(connection, [lead], but=db.interactions.name)
    tail = _TAIL.rows(connection, lead_no=lead.lead_no, after=through_row)
    if tail:
        columns = [_extended(*pair) for pair in zip(columns, zip(*tail, strict=True), strict=True)]
    return LeadRows(rows.leads, {**rows.tables, db.interactions.name: columns}, rows.end_us)


def _extended(column: Any, more: Sequence[Any]) -> Any:
    if isinstance(column, Factor):
        return column.and_then(factor(more))
    if isinstance(column, np.ndarray):
        return np.concatenate([column, np.array(more, dtype=column.dtype)])
    return column


def lagging_leads(
    connection: Connection, rows: LeadRows, leads: Sequence[LeadRow], corrected: Mapping[int, int]
) -> list[PackedLead]:
    """The columns of those of these leads, the first in `rows`, whose columns are missing or lag behind.

    rows: as they are stored now; corrected: lead_no -> the row of its last correction.
    """
    numbers = rows.tables[db.interactions.name][LEAD_NO]
    if len(numbers) < LEAST_ROWS:
        return []
    wanted = np.array([lead.lead_no for lead in leads], dtype=np.int64)
    starts, ends = (np.searchsorted(numbers, wanted, side) for side in ("left", "right"))
    large = {place: leads[place] for place in np.flatnonzero(ends - starts >= LEAST_ROWS).tolist()}
    through: dict[int, int] = {}
    for part in in_parts([lead.lead_no for lead in large.values()], LEADS_PER_QUERY):
        through |= dict(_THROUGH.rows(connection, some=part))
    packed = []
    for place, lead in large.items():
        columns = rows.only(place).tables[db.interactions.name]
        row_no = columns[ROW_NO]
        since = len(row_no) - bisect_right(row_no, through.get(lead.lead_no, -1))
        if since >= LAG_SHARE * len(row_no):
            corrected_row = corrected.get(lead.lead_no, 0)
            packed.append(PackedLead(lead.lead_no, int(row_no[-1]), corrected_row, pack(columns)))
    return packed


def keep_packed(transaction: Transaction, batches: Sequence[Sequence[PackedLead]]) -> list[int]:
    """Writes the columns of each batch, but of leads that were corrected or erased since; returns their numbers."""
    counts = []
    for leads in batches:
        corrected: dict[int, int] = {}
        for part in in_parts([lead.lead_no for lead in leads], LEADS_PER_QUERY):
            for lead_no, row_no in _CORRECTED.rows(transaction.connection, some=part):
                corrected[lead_no] = max(corrected.get(lead_no, 0), row_no or 0)
        current = [lead for lead in leads if corrected.get(lead.lead_no) == lead.corrected_row]
        if current:
            _INSERT.run(transaction.connection, [lead._asdict() for lead in current])
        counts.append(len(current))
    return counts
