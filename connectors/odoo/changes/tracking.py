"""Changes of tracked fields: rows of mail.tracking.value, dated by their messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.interactions import SeenIds
from connectors.odoo.changes.fields import ISO, TrackedField, tracked_fields
from connectors.odoo.crm import Crm
from connectors.odoo.listed import DATE, message_rows, tracked_rows
from connectors.odoo.messages import Posted, of_merged
from connectors.odoo.relations import Text, record_id, references, texts
from connectors.odoo.stage_table import StageTable
from connectors.reading.export import Export, column
from connectors.reading.values import days_in
from history.base.arrays import Ints

ZERO: Final = frozenset(("0", "0.0"))
BOOLEAN: Final = "boolean"
TYPES: Final = {
    "date": ("datetime",), "datetime": ("datetime",), "integer": ("integer",), "float": ("float",),
    "monetary": ("float", "monetary"), "char": ("char",), "selection": ("char",), "text": ("text", "char"),
    "html": ("text",), "many2one": ("char",), "many2many": ("char",),
}  # fmt: skip
UNTYPED: Final = ("char", "text", "datetime", "float", "monetary", "integer")


@dataclass(frozen=True)
class Change:
    """One field of a lead changes from one value to another; old_id and new_id are linked records'."""

    lead: int
    us: int
    field: str
    old: Text
    new: Text
    old_id: Text = None
    new_id: Text = None


def read_changes(crm: Crm, table: pa.Table, posted: Posted, stages: StageTable) -> list[Change]:
    """Changes of leads in order of lead, time and id, from the rows of mail.tracking.value; others are set aside."""
    export = crm.export
    table = export.leave(table, "same_id_again", ~SeenIds().are_new(column(table, "id").to_pylist()))
    messages = references(table, "mail_message_id").record_keys()
    place = np.array([posted.place.get(id_ or "", -1) for id_ in messages], dtype=np.int64)
    table, place = export.leave(table, "of_no_message_of_a_lead", place < 0), place[place >= 0]
    merged = posted.of_merged[place]
    table, place = export.leave(table, "of_a_merged_lead", merged), place[~merged]
    fields = tracked_fields(crm, table, stages)
    unknown = np.array([field is None for field in fields], dtype=np.bool_)
    table, place = export.leave(table, "field_that_is_no_attribute", unknown), place[~unknown]
    export.use(table)
    return _changes(export, table, posted.lead[place], posted.us[place], [field for field in fields if field])


def read_listed_changes(crm: Crm, stages: StageTable) -> list[Change]:
    """Changes in a list export of leads (`Messages/Tracking values/...`), in order of lead and time.

    Odoo lists the newest message first; changes have no ids there.
    """
    table, export = tracked_rows(crm.children), crm.export
    row = table.column("row").to_numpy()
    message = message_rows(crm.children, crm.child_of)[row]
    read = export.times(crm.children, DATE)
    subjects = texts(crm.children, "message_ids.subject")
    merged = np.array(
        [of_merged(subjects[place]) if place >= 0 else False for place in message.tolist()], np.bool_
    )
    undated = (message < 0) | ~read.known[message]
    fields = tracked_fields(crm, table, stages)
    unknown = np.array([field is None for field in fields], np.bool_)
    for what, out in (("of merged leads", merged), ("without a time", undated), ("of no attribute", unknown)):
        export.tally(f"tracked changes {what} in a list export are left out", int(out.sum()))
    kept = np.flatnonzero(~merged & ~undated & ~unknown)
    lead, us = crm.child_of[row][kept], read.us[message[kept]]
    return _changes(export, table.take(kept), lead, us, [field for place in kept if (field := fields[place])])


def _changes(
    export: Export, table: pa.Table, lead: Ints, us: Ints, fields: Sequence[TrackedField]
) -> list[Change]:
    old_ids, new_ids = (_integers(table, side) for side in ("old", "new"))
    old, new = (_values(export, table, side, fields) for side in ("old", "new"))
    listed = -np.arange(len(table)) if "id" not in table.column_names else _numbers(table, "id")
    order = np.lexsort((listed, us, lead)).tolist()
    return [
        Change(int(lead[row]), int(us[row]), fields[row].name, old[row], new[row], old_ids[row], new_ids[row])
        for row in order
    ]


def _numbers(table: pa.Table, name: str) -> Ints:
    """Ids as numbers, so that 9 comes before 10; 0 for others."""
    ids = [record_id(text) or "" for text in texts(table, name)]
    return np.array([int(id_) if id_.isdigit() else 0 for id_ in ids], dtype=np.int64)


def _integers(table: pa.Table, side: str) -> list[Text]:
    return [text.removesuffix(".0") if text else None for text in texts(table, f"{side}_value_integer")]


def _values(export: Export, table: pa.Table, side: str, fields: Sequence[TrackedField]) -> list[Text]:
    """The old or new values: from the column of each field's type, else from the first that is filled."""
    columns = {kind: texts(table, f"{side}_value_{kind}") for kind in UNTYPED}
    columns["datetime"] = _moments(export, table, f"{side}_value_datetime")
    values: list[Text] = []
    for row, field in enumerate(fields):
        if field.type == BOOLEAN:
            values.append("false" if (columns["integer"][row] or "0") in ZERO else "true")
            continue
        kinds = TYPES.get(field.type, UNTYPED)
        cells = [cell for kind in kinds if (cell := columns[kind][row]) is not None]
        values.append(next((cell for cell in cells if cell not in ZERO), cells[0] if cells else None))
    return values


def _moments(export: Export, table: pa.Table, name: str) -> list[Text]:
    """Dates and times in ISO form; days of other forms, as a spreadsheet writes them."""
    cells = texts(table, name)
    if all(cell is None or ISO.match(cell) for cell in cells):
        return cells
    days = days_in(export.times(table, name), export.options.zone)
    return [cell if cell is None or ISO.match(cell) else day for cell, day in zip(cells, days, strict=True)]
