"""Tables of a data folder whose leads get other ids: several records become one lead."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def with_other_ids(tables: Mapping[str, pa.Table], ids: Mapping[str, str]) -> dict[str, pa.Table]:
    """The tables with other ids of leads (old -> new); of leads that become one, the first created stays.

    A stage that one of them has been in is entered by another of them no more: their paths ran side by side.
    """
    if not ids:
        return dict(tables)
    renamed = {name: _renamed(table, ids) for name, table in tables.items()}
    if "stages" in renamed:
        renamed["stages"] = _first_entries(renamed["stages"], tables["stages"].column("lead_id").to_pylist())
    if "leads" in renamed:
        renamed["leads"] = _first_created(renamed["leads"])
    return renamed


def _renamed(table: pa.Table, ids: Mapping[str, str]) -> pa.Table:
    column = table.column("lead_id")
    place = pc.index_in(column, value_set=pa.array(list(ids), pa.string()))
    new = pc.coalesce(pa.array(list(ids.values()), pa.string()).take(place), column)
    return table.set_column(table.schema.get_field_index("lead_id"), "lead_id", new)


def _first_entries(stages: pa.Table, before: Sequence[str]) -> pa.Table:
    """The entries (n,) without those into a stage that another record of the lead was in by then.

    before (n,): the records' own ids.
    """
    us = stages.column("entered_at").cast(pa.int64()).to_numpy()
    leads, names = (stages.column(name).to_pylist() for name in ("lead_id", "stage"))
    first: dict[tuple[str, str], str] = {}
    kept = np.ones(len(us), dtype=np.bool_)
    for row in np.argsort(us, kind="stable").tolist():
        kept[row] = first.setdefault((leads[row], names[row]), before[row]) == before[row]
    return stages.filter(pa.array(kept))


def _first_created(leads: pa.Table) -> pa.Table:
    """One row a lead: that of its first creation."""
    codes = leads.column("lead_id").combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.lexsort((leads.column("created_at").cast(pa.int64()).to_numpy(), codes))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = codes[order[1:]] != codes[order[:-1]]
    return leads.take(pa.array(order[first]))
