"""The opportunities of an export, and what the other tables need to know of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.pipelines import ELSEWHERE, in_pipeline
from connectors.deals.records import (
    RecordKind,
    are_deleted,
    exported_at,
    latest_closing,
    names_by_id,
    newest_records,
    refuse_blank_states,
    with_creation,
    with_good_ids,
)
from connectors.reading.export import OWN_COLUMNS, SOURCE, VERSION, Export, booleans, column
from connectors.reading.values import end_of_day
from connectors.salesforce.ids import ID_LENGTH, OPPORTUNITY_PREFIX, REFERENCE, are_references, keys, long_ids
from connectors.salesforce.objects import OPPORTUNITY
from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.text.times import DAY_US

TIMES: Final = ("CreatedDate", "LastModifiedDate", "SystemModstamp", "LastStageChangeDate", VERSION)
OWNER_NAME: Final = "Owner.Name"
FOREIGN_SHARE: Final = 0.5  # of a file's ids: a few broken cells are no other object
HISTORY_SHARE: Final = 0.01  # of the opportunities: the creation date never changes
RECORDS: Final = RecordKind(
    "Opportunity",
    "Id",
    "CreatedDate",
    modified=("LastModifiedDate", "SystemModstamp"),
    deleted=("IsDeleted",),
    singular="opportunity",
    key=keys,
)


@dataclass(frozen=True)
class Org:
    """The opportunities (n,) that are leads, one row each; users maps the key of an id to a name.

    versions: rows of tables of versions, in any order. erased: ids of deleted opportunities. exported_us: when the
    export was made.
    """

    export: Export
    opportunities: pa.Table
    versions: pa.Table
    erased: frozenset[str]
    created_us: Ints
    exported_us: int
    users: dict[str, str]
    keys: pa.Array
    ids: list[str]

    def places(self, array: pa.Array) -> Ints:
        """The place of each id's opportunity, -1 without one."""
        found = pc.fill_null(pc.index_in(keys(array), value_set=self.keys), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)

    def of_known_deals(self, table: pa.Table, name: str) -> pa.Table:
        """The rows of opportunities of the export; those of deleted or missing ones are set aside."""
        erased = pa.array([text[:ID_LENGTH] for text in sorted(self.erased)], pa.string())
        deleted = pc.is_in(keys(column(table, name)), value_set=erased).to_numpy(zero_copy_only=False)
        table = self.export.leave(table, "of_a_deleted_opportunity", deleted)
        return self.export.leave(table, "of_an_unknown_opportunity", self.places(column(table, name)) < 0)

    def attribute_columns(self) -> list[str]:
        """The columns of the opportunities that no field claims, without links to other records."""
        known = {field.name for field in OPPORTUNITY.fields}
        names = [n for n in self.opportunities.column_names if n not in known and n not in OWN_COLUMNS]
        return [n for n in names if not are_references(column(self.opportunities, n))]

    @cached_property
    def labels(self) -> dict[str, str]:
        """The key of a label of opportunities -> that of its field: reports name tracked fields by their labels."""
        tables = (known for known in self.export.sources if known.kind is OPPORTUNITY)
        columns = [(name, label) for known in tables for name, label in known.columns.items()]
        return {
            field_key(label): "owner" if name == OWNER_NAME else field_key(name) for name, label in columns
        }

    def field_keys(self, fields: pa.Table) -> list[str]:
        """The key of the field of each row of a field history."""
        names = column(fields, "Field").to_pylist()
        keys = {name: field_key(name) for name in set(names)}
        return [self.labels.get(keys[name], keys[name]) for name in names]

    def user(self, id_: str | None) -> str | None:
        """The name of a user's id, None if it is unknown."""
        return self.users.get((id_ or "")[:ID_LENGTH])


def field_key(name: str | None) -> str:
    """A tracked field's name in one form: "Lead Source", "LeadSource" and "TextDocument.Field" ends."""
    return re.sub(r"[\W_]+", "", (name or "").rpartition(".")[2].casefold())


def read_org(export: Export, *histories: pa.Table) -> Org:
    """The opportunities of an export, whose histories help to date it and them; raises InvalidInput."""
    refuse_incomplete(export)
    table = with_good_ids(export, export.table("Opportunity"), RECORDS)
    _refuse_foreign_ids(export, table)
    _refuse_histories(export, table)
    records = newest_records(export, table, RECORDS)
    current = with_creation(export, _of_record_type(export, records.current), RECORDS)
    refuse_blank_states(export, current, "StageName", "Stage")
    created = _created(export, current, histories)
    ids = long_ids(column(current, "Id"))
    return Org(
        export=export,
        opportunities=current,
        versions=records.versions,
        erased=frozenset(long_ids(pa.array(records.erased, pa.string()))),
        created_us=created,
        exported_us=_exported(export, current, (current, records.versions, *histories)),
        users=read_users(export),
        keys=pa.array(keys(column(current, "Id")).to_pylist(), pa.string()),
        ids=ids,
    )


def _created(export: Export, current: pa.Table, histories: Sequence[pa.Table]) -> Ints:
    """When each opportunity was created (n,); of a bare date, as reports have it, the first change of that day."""
    read = export.times(current, "CreatedDate")
    us = read.us.copy()
    if not read.is_date.any():
        return us
    ends = end_of_day(us, export.options.zone)
    first = np.full(len(us), np.iinfo(np.int64).max)
    deals = pa.array(keys(column(current, "Id")).to_pylist(), pa.string())
    for table in histories:
        id_ = pc.coalesce(column(table, "OpportunityId"), column(table, "parent.Id"))
        place = pc.fill_null(pc.index_in(keys(id_), value_set=deals), -1).to_numpy(zero_copy_only=False)
        changed = export.times(table, "CreatedDate")
        kept = (place >= 0) & changed.known
        np.minimum.at(first, place[kept], changed.us[kept])
    return np.asarray(np.where(read.is_date & (first >= us) & (first <= ends), first, us))


def _of_record_type(export: Export, current: pa.Table) -> pa.Table:
    """The opportunities of the record type of --pipeline; all without it, since record types share stages."""
    table = export.table("RecordType")
    export.use(table)
    labels = names_by_id(table, "Id", ("Name",))
    by_name, by_id = column(current, "RecordType.Name"), column(current, "RecordTypeId")
    labels |= {id_[:ID_LENGTH]: name for id_, name in labels.items()}
    types = [
        name or (labels.get(id_, labels.get(id_[:ID_LENGTH], id_)) if id_ else None)
        for name, id_ in zip(by_name.to_pylist(), by_id.to_pylist(), strict=True)
    ]
    return export.leave(current, ELSEWHERE, ~in_pipeline(export, types, {}, shared_stages=True))


def _exported(export: Export, current: pa.Table, tables: Sequence[pa.Table]) -> int:
    """When the export was made: the latest past time of its rows; a report may have no later one than a closing."""
    closed, _ = booleans(column(current, "IsClosed"))
    closing = latest_closing(export, current.filter(pa.array(closed)), "CloseDate")
    return max(exported_at(export, ((table, TIMES) for table in tables)), closing)


def without_deleted(export: Export, table: pa.Table) -> pa.Table:
    """The rows that neither Salesforce nor the loader marks as deleted."""
    return export.leave(table, "deleted", are_deleted(table, RECORDS))


def refuse_incomplete(export: Export) -> None:
    """Raises InvalidInput without a table of opportunities, or for one without ids or creation dates."""
    problems = []
    for known in export.sources:
        if known.kind is OPPORTUNITY:
            for name, label in (("Id", "Opportunity ID"), ("CreatedDate", "Created Date")):
                if name not in known.columns:
                    problems.append(
                        f"{known.source.file} holds opportunities without {name} (in reports {label!r}): add it."
                    )
    if not export.has("Opportunity"):
        found = ", ".join(f"{known.source.file} ({known.kind.name})" for known in export.sources)
        problems.append(f"the export has no table of opportunities: export Opportunity beside {found}.")
    if problems:
        raise InvalidInput(problems)


def _refuse_foreign_ids(export: Export, table: pa.Table) -> None:
    """Raises InvalidInput if a file's ids are those of another object, as in a history without OpportunityId."""
    ids = column(table, "Id")
    foreign = pc.and_(
        pc.match_substring_regex(ids, REFERENCE.pattern), pc.invert(pc.starts_with(ids, OPPORTUNITY_PREFIX))
    ).to_numpy(zero_copy_only=False)
    places, counts = np.unique(table.column(SOURCE).to_numpy()[foreign], return_counts=True)
    totals = np.bincount(table.column(SOURCE).to_numpy(), minlength=len(export.sources))
    problems = [
        f"{export.sources[place].source.file} has stages, but its ids are not those of opportunities "
        f"(they do not begin with {OPPORTUNITY_PREFIX}): add the column OpportunityId if it is a history."
        for place, count in zip(places.tolist(), counts.tolist(), strict=True)
        if count > totals[place] * FOREIGN_SHARE
    ]
    if problems:
        raise InvalidInput(problems)


def _refuse_histories(export: Export, table: pa.Table) -> None:
    """Raises InvalidInput if rows of one id were created on different days: then they are rows of a history."""
    codes = keys(column(table, "Id")).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    created = export.times(table, "CreatedDate")
    known, us = codes[created.known], created.us[created.known]
    count = int(codes.max()) + 1 if len(codes) else 0
    low, high = np.full(count, np.iinfo(np.int64).max), np.full(count, NO_TIME)
    np.minimum.at(low, known, us)
    np.maximum.at(high, known, us)
    given = high != NO_TIME
    differ = int((high[given] - low[given] > DAY_US).sum())
    if differ > max(2, count * HISTORY_SHARE):
        files = {export.sources[place].source.file for place in table.column(SOURCE).to_pylist()}
        raise InvalidInput(
            f"{differ:,} opportunities have several creation dates in {', '.join(sorted(files))}: one file is a "
            "history. Export its columns Id and OpportunityId too, so that it is read as one."
        )


def read_users(export: Export) -> dict[str, str]:
    """The names of users by the key of their id."""
    table = export.table("User")
    export.use(table)
    names = names_by_id(table, "Id", ("Name", "FirstName", "LastName"))
    return {id_[:ID_LENGTH]: name for id_, name in names.items()}
