"""Changes in audit rows: one change of one column each, from the JSON of the API or the columns of a view."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from connectors.deals.interactions import SeenIds
from connectors.dynamics.guids import Text, guid, guids, labels, links
from connectors.dynamics.objects import PROCESS
from connectors.dynamics.org import Org, without_deleted
from connectors.reading.export import column
from connectors.reading.recognise import key_of
from connectors.reading.versions import version_changes

# Columns of opportunities whose changes between versions count, besides those of the organisation's own.
VERSIONED: Final = (
    "statecode", "stepname", "salesstage", "salesstagecode", "statuscode", "ownerid", "customerid", "parentaccountid",
    "estimatedvalue", "estimatedclosedate",
)  # fmt: skip
CHANGES: Final = "changedAttributes"
# Labels of the columns that this module's readers ask for; a column's own label is its logical name otherwise.
COLUMN_OF_LABEL: Final = {
    "status": "statecode", "estrevenue": "estimatedvalue", "estclosedate": "estimatedclosedate", "owner": "ownerid",
    "pipelinephase": "stepname", "activestage": "activestageid", "salesstage": "salesstage",
    "statusreason": "statuscode", "processcode": "salesstagecode", "actualrevenue": "actualvalue",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A column of an opportunity changes; old and new are texts as audited: codes, ids, labels."""

    deal: int
    us: int
    column: str
    old: Text
    new: Text


def read_changes(org: Org, owners: Mapping[str, int]) -> list[Change]:
    """The audited changes in order of deal, time and file; owners: ids of further records (processes) -> deal.

    Rows of other tables, creations and deletions, and rows whose changes cannot be read are set aside.
    """
    export = org.export
    table = without_deleted(export, export.table("audit"))
    table = export.leave(table, "same_id_again", ~SeenIds().are_new(column(table, "auditid").to_pylist()))
    keys = links(table, "objectid").record_keys()
    known = org.places(keys)
    deal = np.array(
        [
            place if place >= 0 else owners.get(key or "", -1)
            for place, key in zip(known.tolist(), keys, strict=True)
        ],
        dtype=np.int64,
    )
    table, deal = export.leave(table, org.foreign, deal < 0), deal[deal >= 0]
    read = export.times(table, "createdon")
    table, deal = export.leave(table, "no_time", ~read.known), deal[read.known]
    us = export.times(table, "createdon").us
    names = _names_of_labels(org)
    found = [list(_row_changes(row, names)) for row in _rows(table)]
    empty = np.array([not entries for entries in found], dtype=np.bool_)
    export.use(export.leave(table, "no_change_of_a_column", empty))
    order = np.lexsort((us, deal)).tolist()
    return [
        Change(int(deal[row]), int(us[row]), name, old, new) for row in order for name, old, new in found[row]
    ]


def changes_of_versions(org: Org) -> list[Change]:
    """The changes between a loader's versions of each opportunity, where an export has no audit."""
    versions = org.versions
    record = org.places(guids(column(versions, f"{org.kind.name}id")).to_pylist())
    names = [*VERSIONED, *org.attribute_columns()]
    values = {name: column(versions, name).to_pylist() for name in names}
    return [
        Change(
            change.record, change.us, change.column, _text(values[change.column][change.before]),
            _text(values[change.column][change.after]),
        )
        for change in version_changes(org.export, versions, record, names)
    ]  # fmt: skip


Row = Mapping[str, Text]


def _rows(table: pa.Table) -> Iterator[Row]:
    names = ("changedata", "attribute", "oldvalue", "newvalue")
    columns = [column(table, name).to_pylist() for name in names]
    actions = labels(table, "action")
    for values in zip(*columns, actions, strict=True):
        yield dict(zip((*names, "action"), values, strict=True))


def _names_of_labels(org: Org) -> dict[str, str]:
    """The name of a column by the key of its label in the export's views, in whatever language they are."""
    names = {key_of(name): name for name in org.attribute_columns()}
    for known in org.export.sources:
        if known.kind.name in (org.kind.name, PROCESS.name):
            names |= {key_of(label): name.removesuffix(".label") for name, label in known.columns.items()}
    return names


def _row_changes(row: Row, names: Mapping[str, str]) -> Iterator[tuple[str, Text, Text]]:
    """(column, old, new) of one row; names: of columns by the keys of their labels."""
    if row["changedata"]:
        for entry in _entries(row["changedata"]):
            yield (
                str(entry["logicalName"]).lower(),
                _text(entry.get("oldValue")),
                _text(entry.get("newValue")),
            )
    elif row["attribute"]:
        key = key_of(row["attribute"])
        name = COLUMN_OF_LABEL.get(key) or names.get(key) or row["attribute"].lower()
        yield name, row["oldvalue"], row["newvalue"]


def _entries(text: str) -> list[dict[str, Any]]:
    """The changes in `changedata`; none in the form of older versions, which have no names of columns."""
    try:
        document = json.loads(text)
    except ValueError:
        return []
    entries = document.get(CHANGES) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return []
    return [entry for entry in entries if isinstance(entry, dict) and entry.get("logicalName")]


def _text(value: Any) -> Text:
    if value is None or value == "":
        return None
    text = str(value)
    return guid(text) or text
