"""An earlier import of the same persons as the first rows of a log: ids, creations and decisions that are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.persons.identities import ADDRESS, LATEST, USER, VISITOR
from connectors.persons.rows import PersonRows, Role
from history.base.arrays import Ints

IDENTITIES: Final = "identities"  # the table of a folder that keeps the ids of its leads
# A reopening is a stage entry without a name.
ROLES: Final = {"won": Role.WON, "lost": Role.LOST, "open": Role.STAGE}


def earlier_rows(tables: Mapping[str, pa.Table]) -> list[PersonRows]:
    """Rows that stand for an earlier import; none if there is none."""
    if "leads" not in tables or IDENTITIES not in tables:
        return []
    leads, ids = tables["leads"], tables[IDENTITIES]
    levels = _Levels(ids.column("id").combine_chunks(), ids.column("level").combine_chunks())
    created = _us(leads, "created_at")
    first_us = np.full(len(ids), created.min(initial=LATEST))
    rows = [
        levels.rows(leads.column("lead_id"), created, makes_lead=True),
        levels.rows(ids.column("id"), first_us),
        _links(ids, levels),
    ]
    if "outcomes" in tables:
        rows.append(_decisions(tables["outcomes"], levels))
    return rows


def known_earlier(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """Ids of all records that an earlier import knows, merged ones too."""
    if IDENTITIES not in tables:
        return frozenset()
    ids = tables[IDENTITIES]
    return frozenset(ids.filter(pc.equal(ids.column("level"), USER)).column("id").to_pylist())


def merged_earlier(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """Ids of records that an earlier import merged into another: their deletion erases nobody."""
    if IDENTITIES not in tables:
        return frozenset()
    ids = tables[IDENTITIES]
    is_user = pc.equal(ids.column("level"), USER)
    is_other = pc.and_(is_user, pc.not_equal(ids.column("id"), ids.column("lead_id")))
    return frozenset(ids.filter(is_other).column("id").to_pylist())


@dataclass(frozen=True)
class _Levels:
    """The level of each known id."""

    ids: pa.Array
    level: pa.Array

    def rows(
        self, column: pa.ChunkedArray, us: Ints, makes_lead: bool = False, **columns: pa.Array
    ) -> PersonRows:
        """Statements about the persons of ids."""
        array = column.combine_chunks()
        level = pc.fill_null(self.level.take(pc.index_in(array, value_set=self.ids)), VISITOR)
        nothing, count = pa.scalar(None, pa.string()), len(array)
        named = {
            name: pc.if_else(pc.equal(level, place), array, nothing)
            for name, place in (("known", USER), ("address", ADDRESS), ("visitor", VISITOR))
        }
        return PersonRows(
            pa.table({"id": array}), us, np.full(count, NO_TIME), np.full(count, Role.STATEMENT, np.int8),
            np.full(count, makes_lead), {**named, **columns},
        )  # fmt: skip


def _links(ids: pa.Table, levels: _Levels) -> PersonRows:
    others = ids.filter(pc.not_equal(ids.column("id"), ids.column("lead_id")))
    joined = np.asarray(pc.fill_null(others.column("joined_at"), NO_TIME).to_numpy(), dtype=np.int64)
    return levels.rows(others.column("lead_id"), joined, other=others.column("id").combine_chunks())


def _decisions(outcomes: pa.Table, levels: _Levels) -> PersonRows:
    dated = outcomes.filter(
        pc.and_(
            pc.is_valid(outcomes.column("closed_at")),
            pc.is_in(outcomes.column("outcome"), value_set=pa.array(list(ROLES))),
        )
    )
    role = [ROLES[word] for word in dated.column("outcome").to_pylist()]
    base = levels.rows(dated.column("lead_id"), _us(dated, "closed_at"))
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
