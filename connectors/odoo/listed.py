"""Rows of linked records in list exports: the first stands in the lead's own row, the others in rows below it."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.odoo.objects import LEAD, TRACKED_PATH
from connectors.reading.export import OWN_COLUMNS, ROW, SOURCE, Export, column
from history.base.arrays import Ints

LINKED: Final = ("tag_ids.", "message_ids.")
COLUMNS: Final = tuple(field.name for field in LEAD.fields if field.name.startswith(LINKED))
DATE: Final = "message_ids.date"
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


def message_rows(children: pa.Table, lead: Ints) -> Ints:
    """The row of each linked row's message (m,): the last one with a date at or above it, -1 without one.

    A message with several tracked changes has its date in the row of the first.
    """
    dated = column(children, DATE).is_valid().to_numpy(zero_copy_only=False)
    rows = np.arange(len(children))
    last = np.maximum.accumulate(np.where(dated, rows, -1)) if len(children) else rows
    return np.where((last >= 0) & (lead[last] == lead), last, -1)


def tracked_rows(children: pa.Table) -> pa.Table:
    """The rows (k,) with a tracked change under the names of mail.tracking.value; `row`: places among `children`."""
    names = [name for name in children.column_names if name.startswith(TRACKED_PATH)]
    filled = np.zeros(len(children), dtype=np.bool_)
    for name in names:
        filled |= column(children, name).is_valid().to_numpy(zero_copy_only=False)
    table = {name.removeprefix(TRACKED_PATH): column(children, name) for name in names}
    table |= {name: column(children, name) for name in OWN_COLUMNS}
    return pa.table({**table, "row": np.arange(len(children))}).filter(pa.array(filled))


def _keys(table: pa.Table) -> pa.Array:
    """A number that tells the rows of all files apart."""
    source = table.column(SOURCE).to_numpy().astype(np.int64)
    return pa.array((source << ROW_BITS) + table.column(ROW).to_numpy())
