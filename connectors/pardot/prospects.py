"""Prospects as records of persons: creation, values of the export's day by the columns of `leads`, deletions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.records import RecordKind, names_by_id, newest_records, with_good_ids
from connectors.pardot.objects import ACTIVITY, CAMPAIGNS, EXTERNAL, HISTORY, LINKS, PROSPECT, USER, VISITOR
from connectors.persons.rows import each_word, slug
from connectors.persons.streams import addresses
from connectors.persons.values_today import Persons
from connectors.reading.declare import Trap
from connectors.reading.export import OWN_COLUMNS, SOURCE, Export, column
from connectors.reading.ids import whole_ids
from history.base.errors import InvalidInput

RECORDS: Final = RecordKind(
    PROSPECT.name, "id", "created_at", ("updated_at",), ("is_deleted",), singular="prospect", key=whole_ids
)
IDENTITY: Final = tuple(field.name for field in PROSPECT.trapped(Trap.IDENTITY))
LEFT_OUT: Final = (Trap.TODAY, Trap.OUTCOME, Trap.IGNORE)
# A column of an object within a prospect, such as its last activity; no field of a prospect is named like this.
OF_OBJECT: Final = re.compile(r"^\w+(\.\w+)+$")
UNNAMED: Final = "rows name {} that the export does not have: their numbers stand for their names; export {}"
NOTHING: Final = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class Prospects:
    """The ids of present and deleted prospects, and the present ones as records; None for an export without any."""

    ids: frozenset[str]
    deleted: frozenset[str]
    records: Persons | None


def prospects(export: Export) -> Prospects:
    """The prospects of an export; every row that is none is set aside. Raises InvalidInput for ids that are missing."""
    campaigns, users = _lookup(export, CAMPAIGNS, ("name",)), _lookup(export, USER.name, USER_NAMES)
    table = export.table(PROSPECT.name)
    if not len(table):
        return Prospects(frozenset(), frozenset(), None)
    table = _with_ids(export, table)
    records = newest_records(export, with_good_ids(export, table, RECORDS), RECORDS)
    deleted = frozenset(whole_ids(pa.array(records.erased, pa.string())).to_pylist())
    read = export.times(records.current, RECORDS.created)
    current = export.leave(records.current, "bad_created_date", ~read.known)
    created, modified = export.times(current, RECORDS.created), export.times(current, "updated_at")
    ids, count = whole_ids(column(current, "id")), len(current)
    by_address = any(export.has_field(kind.name, "email") for kind in (ACTIVITY, EXTERNAL))
    _note_numbers(export, current, campaigns, users)
    persons = Persons(
        current, ids, created.us, np.where(modified.known, modified.us, NO_TIME),
        _attributes(current, campaigns, users), frozenset(), np.full(count, not export.options.lead),
        np.zeros(count, np.bool_), addresses(column(current, "email")) if by_address else None,
    )  # fmt: skip
    return Prospects(frozenset(ids.to_pylist()), deleted, persons)


USER_NAMES: Final = ("name", "first_name", "last_name")


def _lookup(export: Export, kind: str, names: tuple[str, ...]) -> dict[str, str]:
    """id -> name of the records of another table."""
    table = export.table(kind)
    export.use(table)
    ids = whole_ids(column(table, "id"))
    table = table.set_column(table.schema.get_field_index("id"), "id", ids) if len(table) else table
    return names_by_id(table, "id", names) if len(table) else {}


def _with_ids(export: Export, table: pa.Table) -> pa.Table:
    """The rows of files without ids by their e-mail address, unless other tables name prospects by their ids."""
    without = [
        place
        for place, source in enumerate(export.sources)
        if source.kind is PROSPECT and "id" not in source.columns
    ]
    if not without:
        return table
    others = [
        export.accounts[place].file
        for place, source in enumerate(export.sources)
        if source.kind.name in (ACTIVITY.name, HISTORY.name, LINKS, VISITOR.name)
        and "prospect_id" in source.columns
    ]
    if others:
        raise InvalidInput(
            f"{export.accounts[without[0]].file} has prospects without their ids, by which {others[0]} names them: "
            "export the prospects with the column id (in the interface: Prospect ID)."
        )
    rows = np.isin(table.column(SOURCE).to_numpy(), without)
    ids = pc.if_else(pa.array(rows), addresses(column(table, "email")), column(table, "id"))
    return table.set_column(table.schema.get_field_index("id"), "id", ids)


def _attributes(
    table: pa.Table, campaigns: Mapping[str, str], users: Mapping[str, str]
) -> dict[str, pa.Array]:
    """Today's values by the names of the columns of `leads`; custom fields count as attributes."""
    campaign = _named(column(table, "campaign"), column(table, "campaign_id"), campaigns)
    first, last = (pc.fill_null(column(table, f"owner_{part}_name"), "") for part in ("first", "last"))
    full = pc.utf8_trim_whitespace(pc.binary_join_element_wise(first, last, " "))
    owner = pc.coalesce(column(table, "owner"), pc.if_else(pc.equal(full, ""), NOTHING, full))
    source, account = column(table, "source"), whole_ids(column(table, "prospect_account_id"))
    columns = {
        # The campaign is the first touch, and the source of whoever has no other.
        "source": campaign if source.null_count == len(source) else source,
        "owner": _named(owner, column(table, "user_id"), users),
        "account_id": column(table, "company") if account.null_count == len(account) else account,
    }
    if source.null_count < len(source):
        columns["campaign"] = campaign
    declared = {field.name: field.trap for field in PROSPECT.fields}
    for name in table.column_names:
        trap = declared.get(name, Trap.ATTRIBUTE)
        if trap in (Trap.IDENTITY, Trap.ATTRIBUTE) and name not in OWN_COLUMNS and not OF_OBJECT.match(name):
            columns.setdefault(name if name in declared else slug(name), column(table, name))
    return {name: values for name, values in columns.items() if values.null_count < len(values)}


def _note_numbers(
    export: Export, table: pa.Table, campaigns: Mapping[str, str], users: Mapping[str, str]
) -> None:
    """Notes how many prospects have a number where another table would have given a name."""
    for kind, id_, name, by_id in (
        (CAMPAIGNS, "campaign_id", "campaign", campaigns),
        (USER.name, "user_id", "owner", users),
    ):
        count = unnamed(column(table, id_), column(table, name), by_id)
        export.tally(UNNAMED.format(kind, kind), count)


def unnamed(ids: pa.Array, names: pa.Array, by_id: Mapping[str, str]) -> int:
    """How many ids (n,) have neither a name beside them nor one in the table of names."""
    known = pc.is_in(whole_ids(ids), value_set=pa.array(list(by_id), pa.string()))
    without = pc.and_(pc.is_valid(ids), pc.and_(pc.is_null(names), pc.invert(known)))
    return int(pc.sum(without).as_py() or 0)


def _named(names: pa.Array, ids: pa.Array, by_id: Mapping[str, str]) -> pa.Array:
    """Names as they stand, else those of the ids, else the ids."""
    return pc.coalesce(names, each_word(whole_ids(ids), lambda id_: by_id.get(id_, id_)))


def list_ignored(export: Export) -> None:
    """Lists the columns of prospects that hold today's value or the outcome, and the system's own ones."""
    for source in export.sources:
        if source.kind is PROSPECT:
            export.ignore(
                PROSPECT.name,
                (f.name for f in PROSPECT.fields if f.trap in LEFT_OUT and f.name in source.columns),
            )
            export.ignore(PROSPECT.name, (name for name in source.others if OF_OBJECT.match(name)))
