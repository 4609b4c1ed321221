"""The opportunities of an export that are leads, and what the other tables need to know of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.records import (
    RecordKind,
    are_deleted,
    exported_at,
    latest_closing,
    names_by_id,
    read_records,
    refuse_blank_states,
)
from connectors.dynamics.guids import Text, guid, guids
from connectors.dynamics.objects import OPPORTUNITY
from connectors.reading.declare import ObjectKind
from connectors.reading.export import OWN_COLUMNS, Export, column
from history.base.arrays import Ints
from history.base.errors import InvalidInput

RECORDS: Final = RecordKind(
    "opportunity", "opportunityid", "createdon", ("modifiedon",), ("IsDelete",), key=guids
)
TIMES: Final = ("createdon", "modifiedon")
# What the Web API and loaders write beside a column: its label, the table of a link, marks.
FORMATTED: Final = re.compile(
    r"[@_x]+o_?data[._]community[._]display[._]v1[._]formatted_?value$", re.IGNORECASE
)
ANNOTATION: Final = re.compile(
    r"@|microsoft[._]dynamics[._]crm|^odata|_o_data_|_base$|_entitytype$", re.IGNORECASE
)


@dataclass(frozen=True)
class Org:
    """The records (n,) that are leads, one row each: opportunities, or rows of the table of another kind.

    users and accounts map an id to a name. versions: rows of a loader's history, in any order.
    """

    export: Export
    opportunities: pa.Table
    versions: pa.Table
    erased: tuple[str, ...]
    created_us: Ints
    exported_us: int
    ids: list[str]
    users: dict[str, str]
    accounts: dict[str, str]
    by_id: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, int] = field(default_factory=dict)
    kind: ObjectKind = OPPORTUNITY

    @property
    def foreign(self) -> str:
        """The reason for which rows of other records are set aside."""
        return f"of_no_{self.kind.name}_of_the_export"

    def places(self, keys: Sequence[Text]) -> Ints:
        """The place of each record by its id or, as in views, by a name that only one has; -1 without one."""
        found = [self.by_id.get(key or "", self.by_name.get(key or "", -1)) for key in keys]
        return np.array(found, dtype=np.int64)

    def attribute_columns(self) -> list[str]:
        """The columns of no field that hold values of their own: not those beside a column, and no ids."""
        known = {declared.name for declared in self.kind.fields}
        names = [n for n in self.opportunities.column_names if n not in known and n not in OWN_COLUMNS]
        names = [n for n in names if not ANNOTATION.search(n)]
        return [n for n in names if not _are_ids(column(self.opportunities, n))]

    def label_column(self, name: str) -> str | None:
        """The column with the labels of another one, None without one."""
        for other in self.opportunities.column_names:
            base = FORMATTED.sub("", other)
            if base != other and base.strip("_") == name.strip("_"):
                return str(other)
        return None


def _are_ids(array: pa.Array) -> bool:
    values = array.drop_null().unique().to_pylist()
    return bool(values) and all(guid(value) is not None for value in values)


def read_org(export: Export) -> Org:
    """The opportunities of an export; raises InvalidInput."""
    _refuse_incomplete(export)
    records = read_records(export, export.table("opportunity"), RECORDS)
    current = records.current
    refuse_blank_states(export, current, "statecode", "Status")
    ids = guids(column(current, "opportunityid")).to_pylist()
    names = column(current, "name").to_pylist()
    by_name: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        by_name.setdefault(name or "", []).append(place)
    return Org(
        export=export,
        opportunities=current,
        versions=records.versions,
        erased=tuple(guids(pa.array(records.erased, pa.string())).to_pylist()),
        created_us=export.times(current, "createdon").us,
        exported_us=max(
            exported_at(export, [(current, TIMES)]), latest_closing(export, current, "actualclosedate")
        ),
        ids=ids,
        users=read_users(export),
        accounts=_names(export, "account", "accountid", "name"),
        by_id={id_: place for place, id_ in enumerate(ids)},
        by_name={name: places[0] for name, places in by_name.items() if name and len(places) == 1},
    )


def _refuse_incomplete(export: Export) -> None:
    """Raises InvalidInput without a table of opportunities, or for one without creation times."""
    problems = [
        f"{known.source.file} holds opportunities without createdon (in views 'Created On'): add that column."
        for known in export.sources
        if known.kind is OPPORTUNITY and "createdon" not in known.columns
    ]
    if not export.has("opportunity"):
        files = ", ".join(f"{known.source.file} ({known.kind.name})" for known in export.sources)
        problems.append(
            f"the export has no table of opportunities with their ids: export opportunity beside {files}. In a view "
            "use Export to Excel > Static Worksheet, which has the hidden column '(Do Not Modify) Opportunity'."
        )
    if export.options.pipeline is not None:
        problems.append(
            f"--pipeline {export.options.pipeline}: opportunities of Dynamics are in no pipelines; omit it."
        )
    if problems:
        raise InvalidInput(problems)


def without_deleted(export: Export, table: pa.Table) -> pa.Table:
    """The rows that neither the loader nor Synapse Link marks as deleted."""
    return export.leave(table, "deleted", are_deleted(table, RECORDS))


def read_users(export: Export) -> dict[str, str]:
    users = _names(export, "systemuser", "systemuserid", "fullname")
    return users | _names(export, "team", "teamid", "name")


def _names(export: Export, kind: str, id_: str, name: str) -> dict[str, str]:
    table = export.table(kind)
    export.use(table)
    return {guid(key) or key: text for key, text in names_by_id(table, id_, (name,)).items()}


def is_given(export: Export, name: str) -> bool:
    """Whether a table of opportunities has this column."""
    return export.has_field("opportunity", name)
