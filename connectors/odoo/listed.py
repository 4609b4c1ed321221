"""Rows of linked records in list exports: the first stands in the lead's own row, the others in rows below it."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.export import OWN_COLUMNS, ROW, SOURCE, Export, column
from history.base.arrays import Ints

COLUMNS: Final = ("tag_ids.name", "message_ids.date", "message_ids.message_type", "message_ids.subtype",
                  "message_ids.activity")  # fmt: skip
PATH: Final = "/"  # in the name of a column of linked records
ROW_BITS: Final = 40  # of the key of a row: more rows than any file has


def head_rows(table: pa.Table) -> Ints:
    """The place of the own row of each row's lead (n,): itself, unless it only has linked records of the row above."""
    own = np.zeros(len(table), dtype=np.bool_)
    linked = np.zeros(len(table), dtype=np.bool_)
    for name in table.column_names:
        if name not in OWN_COLUMNS:
            filled = pc.is_valid(column(table, name)).to_numpy(zero_copy_only=False)
            if name in COLUMNS or PATH in name:
                linked |= filled
            else:
                own |= filled
    source = table.column(SOURCE).to_numpy()
    starts = np.ones(len(table), dtype=np.bool_)
    starts[1:] = own[1:] | ~linked[1:] | (source[1:] != source[:-1])
    return np.maximum.accumulate(np.where(starts, np.arange(len(table)), 0))


def listed_rows(export: Export, table: pa.Table, heads: Ints, leads: pa.Table) -> tuple[pa.Table, Ints]:
    """The rows with linked records of the leads, and the place of each row's lead; other rows are set aside."""
    place = pc.index_in(_keys(table).take(pa.array(heads)), value_set=_keys(leads))
    lead = np.asarray(pc.fill_null(place, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    continued = heads != np.arange(len(table))
    export.leave(table, "of_no_lead_of_the_export", continued & (lead < 0))
    export.use(table.filter(pa.array(continued & (lead >= 0))))
    known = np.zeros(len(table), dtype=np.bool_)
    for name in COLUMNS:
        known |= pc.is_valid(column(table, name)).to_numpy(zero_copy_only=False)
    known &= lead >= 0
    return table.filter(pa.array(known)), lead[known]


def _keys(table: pa.Table) -> pa.Array:
    """A number that tells the rows of all files apart."""
    source = table.column(SOURCE).to_numpy().astype(np.int64)
    return pa.array((source << ROW_BITS) + table.column(ROW).to_numpy())
