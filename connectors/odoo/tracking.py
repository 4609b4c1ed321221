"""Changes of tracked fields: rows of mail.tracking.value, dated by their messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.export import column
from connectors.interactions import SeenIds
from connectors.odoo.crm import Crm
from connectors.odoo.fields import TrackedField, tracked_fields
from connectors.odoo.messages import Posted
from connectors.odoo.relations import Text, record_id, references, texts
from connectors.odoo.stage_table import StageTable
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
    return _changes(table, posted.lead[place], posted.us[place], [field for field in fields if field])


def _changes(table: pa.Table, lead: Ints, us: Ints, fields: Sequence[TrackedField]) -> list[Change]:
    old_ids, new_ids = (_integers(table, side) for side in ("old", "new"))
    old, new = (_values(table, side, fields) for side in ("old", "new"))
    order = np.lexsort((_numbers(table, "id"), us, lead)).tolist()
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


def _values(table: pa.Table, side: str, fields: Sequence[TrackedField]) -> list[Text]:
    """The old or new values: from the column of each field's type, else from the first that is filled."""
    columns = {kind: texts(table, f"{side}_value_{kind}") for kind in UNTYPED}
    values: list[Text] = []
    for row, field in enumerate(fields):
        if field.type == BOOLEAN:
            values.append("false" if (columns["integer"][row] or "0") in ZERO else "true")
            continue
        kinds = TYPES.get(field.type, UNTYPED)
        cells = [cell for kind in kinds if (cell := columns[kind][row]) is not None]
        values.append(next((cell for cell in cells if cell not in ZERO), cells[0] if cells else None))
    return values
