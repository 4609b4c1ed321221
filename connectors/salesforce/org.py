"""The opportunities of an export, and what the other tables need to know of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals import NO_TIME
from connectors.export import DELETED, OWN_COLUMNS, SOURCE, VERSION, Export, booleans, column
from connectors.salesforce.ids import ID_LENGTH, OPPORTUNITY_PREFIX, REFERENCE, are_references, keys, long_ids
from connectors.salesforce.objects import OPPORTUNITY
from history.arrays import Ints, Mask
from history.errors import InvalidInput
from history.history import DAY_US

FOREIGN_SHARE: Final = 0.5  # of a file's ids: a few broken cells are no other object
HISTORY_SHARE: Final = 0.01  # of the opportunities: the creation date never changes
FOOTER_CELLS: Final = 3  # at most, of a total or a note below a report
GOOD_ID: Final = r"^[^\s;,]{1,200}$"
ROUNDED_ID: Final = r"^[0-9][.,]?[0-9]*[eE]\+[0-9]+$"


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

    def user(self, id_: str | None) -> str | None:
        """The name of a user's id, None if it is unknown."""
        return self.users.get((id_ or "")[:ID_LENGTH])


def read_org(export: Export, *histories: pa.Table) -> Org:
    """The opportunities of an export, whose histories help to date it; raises InvalidInput."""
    refuse_incomplete(export)
    table = _with_good_ids(export, export.table("Opportunity"))
    _refuse_foreign_ids(export, table)
    current, versions, erased = _newest(export, table)
    current = _with_creation(export, current)
    created = export.times(current, "CreatedDate").us
    ids = long_ids(column(current, "Id"))
    return Org(
        export=export,
        opportunities=current,
        versions=versions,
        erased=frozenset(erased),
        created_us=created,
        exported_us=_exported(export, created, current, versions, *histories),
        users=_users(export),
        keys=pa.array(keys(column(current, "Id")).to_pylist(), pa.string()),
        ids=ids,
    )


def without_deleted(export: Export, table: pa.Table) -> pa.Table:
    """The rows that neither Salesforce nor the loader marks as deleted."""
    return export.leave(table, "deleted", _is_deleted(table))


def _is_deleted(table: pa.Table) -> Mask:
    deleted, _ = booleans(column(table, "IsDeleted"))
    marked, _ = booleans(column(table, DELETED))
    return np.asarray(deleted | marked)


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


def _with_good_ids(export: Export, table: pa.Table) -> pa.Table:
    ids = column(table, "Id")
    rounded = ids.filter(pc.fill_null(pc.match_substring_regex(ids, ROUNDED_ID), False))
    if len(rounded):
        raise InvalidInput(
            f"Opportunity: {len(rounded):,} ids were rounded by a spreadsheet ({rounded[0].as_py()}): "
            "export again and do not open the file in a spreadsheet before the import."
        )
    good = pc.fill_null(pc.match_substring_regex(ids, GOOD_ID), False).to_numpy(zero_copy_only=False)
    footers = ~good & (_filled(table) <= FOOTER_CELLS)
    table = export.leave(table, "total_or_empty_row", footers)
    return export.leave(table, "bad_id", ~good[~footers])


def _filled(table: pa.Table) -> Ints:
    """How many cells of each row hold a value."""
    filled = np.zeros(len(table), dtype=np.int64)
    for name in table.column_names:
        if name not in OWN_COLUMNS:
            filled += pc.is_valid(table.column(name)).to_numpy()
    return filled


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


def _refuse_histories(export: Export, table: pa.Table, codes: Ints) -> None:
    """Raises InvalidInput if rows of one id were created on different days: then they are rows of a history."""
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


def _newest(export: Export, table: pa.Table) -> tuple[pa.Table, pa.Table, set[str]]:
    """The newest row of each opportunity, rows of versions, and the ids of deleted ones; the others are set aside."""
    codes = keys(column(table, "Id")).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    _refuse_histories(export, table, codes)
    order = _oldest_first(export, table)
    place = np.full(int(codes.max()) + 1 if len(codes) else 0, -1, dtype=np.int64)
    place[codes[order]] = order  # the last assignment of a place stays
    is_newest = np.zeros(len(table), dtype=np.bool_)
    is_newest[place] = True

    gone = np.isin(codes, np.unique(codes[is_newest & _is_deleted(table)]))
    erased = set(long_ids(column(table, "Id").filter(pa.array(gone))))
    is_version = pc.is_valid(column(table, VERSION)).to_numpy(zero_copy_only=False)
    versions = table.filter(pa.array(is_version & ~gone))

    export.leave(table, "deleted", gone)
    export.leave(table, "older_row_of_the_same_id", ~gone & ~is_newest & ~is_version)
    export.use(table.filter(pa.array(~gone & ~is_newest & is_version)))
    return table.filter(pa.array(~gone & is_newest)), versions, erased


def _with_creation(export: Export, current: pa.Table) -> pa.Table:
    created = export.times(current, "CreatedDate")
    if len(current) and not created.known.any():
        example = column(current, "CreatedDate").to_pylist()[0]
        raise InvalidInput(
            f"Opportunity: no CreatedDate can be read, the first is {example!r}; export it as ISO 8601."
        )
    current = export.leave(current, "bad_created_date", ~created.known)
    export.use(current)
    if not len(current):
        raise InvalidInput("the export holds no opportunity that is not deleted: export all opportunities.")
    return current


def _oldest_first(export: Export, table: pa.Table) -> Ints:
    """The order of rows by their last modification, file order among equals; versions come before the present row."""
    us = np.full(len(table), NO_TIME, dtype=np.int64)
    for name in ("LastModifiedDate", "SystemModstamp", VERSION):
        read = export.times(table, name)
        us = np.where(read.known, np.maximum(us, read.us), us)
    is_present = pc.is_null(column(table, VERSION)).to_numpy(zero_copy_only=False)
    return np.lexsort((us, is_present))


def _exported(export: Export, created_us: Ints, *tables: pa.Table) -> int:
    """When the export was made: the latest past time among the rows of opportunities and their histories."""
    latest, now_us = int(created_us.max()), export.options.now_us
    for table in tables:
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp", "LastStageChangeDate", VERSION):
            read = export.times(table, name)
            past = read.us[read.known & (read.us <= now_us)]
            latest = max(latest, int(past.max()) if len(past) else latest)
    return min(latest, now_us)


def _users(export: Export) -> dict[str, str]:
    table = export.table("User")
    export.use(table)
    rows = zip(
        *(column(table, name).to_pylist() for name in ("Id", "Name", "FirstName", "LastName")),
        strict=True,
    )
    names = {id_: name or " ".join(filter(None, (first, last))) for id_, name, first, last in rows if id_}
    return {id_[:ID_LENGTH]: name for id_, name in names.items() if name}
