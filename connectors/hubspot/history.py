"""The property history of leads, from tables of versions, histories nested in records, and tables of stages."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.property_history import PropertyHistory, in_order
from connectors.hubspot.portal import Portal, parent_kind, places_of_sources
from connectors.hubspot.property_export import read_versions
from connectors.reading.export import SOURCE, Export, column
from history.base.arrays import Ints

NAME = "_property"
LINKS = ("deal_id", "contact_id", "company_id")


def read_history(portal: Portal, names: set[str]) -> PropertyHistory:
    """The versions of these properties; those of other objects, properties and leads are set aside."""
    lead: list[Ints] = [np.empty(0, dtype=np.int64)]
    us: list[Ints] = [np.empty(0, dtype=np.int64)]
    properties: list[str] = []
    values: list[str | None] = []
    for table in _tables(portal):
        good = portal.export.leave(table, "bad_time", ~portal.export.times(table, "timestamp").known)
        wanted = pc.is_in(column(good, NAME), value_set=pa.array(sorted(names), pa.string()))
        good = portal.export.leave(good, "property_that_is_no_attribute", ~_plain(wanted))
        good, place = portal.of_known(good, portal.lead.link)
        good, place = _of_survivors(portal, good, place)
        portal.export.use(good)
        lead.append(place)
        us.append(portal.export.times(good, "timestamp").us)
        properties += column(good, NAME).to_pylist()
        values += column(good, "value").to_pylist()
    for versions in read_versions(portal, names):
        lead.append(versions.lead)
        us.append(versions.us)
        properties += [versions.property] * len(versions.lead)
        values += versions.value
    if portal.lead.object == "deal":
        stages = _stage_table(portal, np.concatenate(lead)[np.array(properties) == portal.lead.stage])
        place = portal.ids.places(column(stages, "deal_id"))
        lead.append(place)
        us.append(portal.export.times(stages, "date_entered").us)
        properties += [portal.lead.stage] * len(stages)
        values += column(stages, "value").to_pylist()
    return in_order(np.concatenate(lead), np.concatenate(us), properties, values)


def _of_survivors(portal: Portal, table: pa.Table, place: Ints) -> tuple[pa.Table, Ints]:
    """The rows of leads themselves; a merged record's own history is that of another funnel passage."""
    own = pa.array(portal.ids.own, pa.string()).take(pa.array(place))
    ids = pc.replace_substring_regex(column(table, portal.lead.link), r"\.0+$", "")
    merged = ~_plain(pc.equal(ids, own))
    return portal.export.leave(table, "of_a_merged_record", merged), place[~merged]


def _tables(portal: Portal) -> Iterator[pa.Table]:
    """The histories of the leads' object, with the columns of the lead's id and of the property's name."""
    export = portal.export
    for batch in export.batches("PropertyHistory"):
        for place in places_of_sources(batch):
            table = batch.filter(pc.equal(batch.column(SOURCE), place))
            link = _link(portal, table, place)
            if link is None:
                export.leave(table, "history_of_another_object", np.ones(len(table), dtype=np.bool_))
                continue
            own = portal.lead.link
            ids = column(table, link)
            if own in table.column_names:
                table = table.drop_columns([own])
            yield table.append_column(own, ids).append_column(NAME, _names(table))


def _link(portal: Portal, table: pa.Table, place: int) -> str | None:
    """The column of the leads' ids, None if the history is of another object."""
    named = [name for name in LINKS if column(table, name).null_count < len(table)]
    if named:
        return portal.lead.link if portal.lead.link in named else None
    parent = parent_kind(portal.export, place)
    if parent in ("Deal", "Contact", "Company"):
        return "object_id" if parent == portal.lead.kind.name else None
    # Tables of all objects have the same columns: the ids decide.
    known = portal.ids.places(column(table, "object_id")) >= 0
    return "object_id" if known.any() else None


def _names(table: pa.Table) -> pa.Array:
    nested = pc.replace_substring_regex(column(table, "parent.list"), r"^.*\.", "")
    return pc.utf8_lower(pc.coalesce(column(table, "name"), nested))


def _stage_table(portal: Portal, with_stages: Ints) -> pa.Table:
    """Rows of deal_stage of the leads that have no stages in a property history."""
    export: Export = portal.export
    table = export.table("DealStage")
    table = export.leave(table, "bad_time", ~export.times(table, "date_entered").known)
    table, place = portal.of_known(table, "deal_id")
    table, place = _of_survivors(portal, table, place)
    table = export.leave(table, "stage_that_the_history_has", np.isin(place, with_stages))
    export.use(table)
    return table


def _plain(array: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
