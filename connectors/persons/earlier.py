"""An earlier import of the same persons as the first rows of a log: ids, creations and decisions that are known."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals import NO_TIME
from connectors.persons.rows import PersonRows, Role
from history.arrays import Ints

IDENTITIES: Final = "identities"  # the table of a folder that keeps the ids of its leads
# A reopening is a stage entry without a name.
ROLES: Final = {"won": Role.WON, "lost": Role.LOST, "open": Role.STAGE}


def earlier_rows(tables: Mapping[str, pa.Table]) -> list[PersonRows]:
    """Rows that stand for an earlier import; none if there is none."""
    if "leads" not in tables or IDENTITIES not in tables:
        return []
    leads, ids = tables["leads"], tables[IDENTITIES]
    place = pc.index_in(leads.column("lead_id"), value_set=ids.column("id").combine_chunks())
    lead_is_known = pc.fill_null(ids.column("is_known").take(place), False)
    known_leads = leads.column("lead_id").filter(lead_is_known).combine_chunks()
    created = _us(leads, "created_at")
    rows = [_rows(leads.column("lead_id"), known_leads, created, makes_lead=True), _links(ids, known_leads)]
    own = pc.if_else(ids.column("is_known"), ids.column("id"), pa.scalar(None, pa.string()))
    rows.append(
        _rows(ids.column("id"), own.combine_chunks().drop_null(), np.full(len(ids), created.min(initial=0)))
    )
    if "outcomes" in tables:
        rows.append(_decisions(tables["outcomes"], known_leads))
    return rows


def _rows(
    ids: pa.ChunkedArray, known: pa.Array, us: Ints, makes_lead: bool = False, **columns: pa.Array
) -> PersonRows:
    """Statements about persons, whose ids are known ones or visitors'."""
    array = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    is_known = pc.is_in(array, value_set=known)
    nothing = pa.scalar(None, pa.string())
    named = {
        "known": pc.if_else(is_known, array, nothing),
        "visitor": pc.if_else(is_known, nothing, array),
        **columns,
    }
    count = len(array)
    return PersonRows(
        pa.table({"id": array}), us, np.full(count, NO_TIME), np.full(count, Role.STATEMENT, np.int8),
        np.full(count, makes_lead), named,
    )  # fmt: skip


def _links(ids: pa.Table, known: pa.Array) -> PersonRows:
    others = ids.filter(pc.not_equal(ids.column("id"), ids.column("lead_id")))
    joined = np.asarray(pc.fill_null(others.column("joined_at"), NO_TIME).to_numpy(), dtype=np.int64)
    return _rows(others.column("lead_id"), known, joined, other=others.column("id").combine_chunks())


def _decisions(outcomes: pa.Table, known: pa.Array) -> PersonRows:
    dated = outcomes.filter(
        pc.and_(
            pc.is_valid(outcomes.column("closed_at")),
            pc.is_in(outcomes.column("outcome"), value_set=pa.array(list(ROLES))),
        )
    )
    role = [ROLES[word] for word in dated.column("outcome").to_pylist()]
    base = _rows(dated.column("lead_id"), known, _us(dated, "closed_at"))
    amount = np.asarray(pc.fill_null(dated.column("amount"), float("nan")).to_numpy(), dtype=np.float64)
    return PersonRows(
        base.table,
        base.us,
        base.recorded_us,
        np.array(role, dtype=np.int8),
        base.makes_lead,
        base.columns,
        amount,
    )


def _us(table: pa.Table, name: str) -> Ints:
    return np.asarray(table.column(name).cast(pa.int64()).to_numpy(), dtype=np.int64)
