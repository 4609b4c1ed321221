"""The deals or contacts of an export that are leads, and what the other tables need to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.pipelines import ELSEWHERE, in_pipeline
from connectors.deals.records import (
    RecordKind,
    creations,
    names_by_id,
    newest_records,
    refuse_blank_states,
    with_creation,
    with_good_ids,
)
from connectors.hubspot.objects import CONTACT, DEAL, OWN_PROPERTY
from connectors.reading.declare import ObjectKind
from connectors.reading.export import OWN_COLUMNS, SOURCE, Export, column
from connectors.reading.ids import Ids, earliest, ids_in_cell, survivors_of, whole_ids
from connectors.reading.recognise import key_of
from history.base.arrays import Ints
from history.base.errors import InvalidInput

ID: Final = "hs_object_id"


@dataclass(frozen=True)
class LeadKind:
    """What a lead is: its object, the property of its stage, how histories and links name it, and its records."""

    object: str
    kind: ObjectKind
    stage: str
    stage_label: str
    link: str  # the column of its id in other tables
    plural: str
    records: RecordKind


DEALS: Final = LeadKind(
    "deal", DEAL, "dealstage", "Deal Stage", "deal_id", "deals",
    RecordKind("Deal", ID, "createdate", ("hs_lastmodifieddate",), ("archived",), "deal", whole_ids),
)  # fmt: skip
CONTACTS: Final = LeadKind(
    "person", CONTACT, "lifecyclestage", "Lifecycle Stage", "contact_id", "contacts",
    RecordKind("Contact", ID, "createdate", ("lastmodifieddate",), ("archived",), "contact", whole_ids),
)  # fmt: skip


@dataclass(frozen=True)
class Portal:
    """The leads (n,) of an export, one row each; owners: id -> name. erased: ids of deleted leads.

    since_us: when each, or the first record that was merged into it, was created.
    """

    export: Export
    lead: LeadKind
    table: pa.Table
    ids: Ids
    created_us: Ints
    since_us: Ints
    erased: tuple[str, ...]
    owners: dict[str, str]

    def __len__(self) -> int:
        return len(self.table)

    def owner(self, id_: str | None) -> str | None:
        """The name of an owner's id, the id itself if it is unknown."""
        return self.owners.get(id_, id_) if id_ else None

    def of_known(self, table: pa.Table, name: str) -> tuple[pa.Table, Ints]:
        """The rows of leads of the export with their places; those of deleted or missing ones are set aside."""
        ids = column(table, name)
        deleted = pc.is_in(whole_ids(ids), value_set=pa.array(self.erased, pa.string()))
        table = self.export.leave(table, f"of_a_deleted_{self.lead.object}", _mask(deleted))
        place = self.ids.places(column(table, name))
        table = self.export.leave(table, f"of_an_unknown_{self.lead.object}", place < 0)
        return table, place[place >= 0]

    def attribute_columns(self) -> list[str]:
        """Custom properties: what no field claims and HubSpot does not keep itself."""
        return [name for name in self._others() if not OWN_PROPERTY.search(name)]

    def own_columns(self) -> list[str]:
        """HubSpot's own properties beside the declared ones, which are left out."""
        return [name for name in self._others() if OWN_PROPERTY.search(name)]

    def _others(self) -> list[str]:
        fields = self.lead.kind.fields
        claimed = {key_of(name) for field in fields for name in (field.name, *field.labels)}
        names = (name for name in self.table.column_names if name not in OWN_COLUMNS)
        return [name for name in names if key_of(name) not in claimed]


def read_portal(export: Export, lead: LeadKind, table: pa.Table, pipelines: Mapping[str, str]) -> Portal:
    """The leads of an export without deleted, merged and other pipelines' ones; raises InvalidInput.

    pipelines: id -> label.
    """
    survivors, created = _survivors(export, lead, table), creations(export, table, lead.records)
    table = with_good_ids(export, _without_merged(export, table, survivors), lead.records)
    records = newest_records(export, table, lead.records)
    current = records.current
    if lead.object == "deal":
        kept = in_pipeline(export, column(current, "pipeline").to_pylist(), pipelines)
        current = export.leave(current, ELSEWHERE, ~kept)
    current = with_creation(export, current, lead.records)
    if lead.object == "deal":
        refuse_blank_states(export, current, "dealstage", "Deal Stage")
    ids, created_us = whole_ids(column(current, ID)).to_pylist(), export.times(current, "createdate").us
    return Portal(
        export=export,
        lead=lead,
        table=current,
        ids=Ids(ids, survivors),
        created_us=created_us,
        since_us=earliest(created_us, ids, survivors, created),
        erased=tuple(id_ for id_ in records.erased if id_ not in survivors),
        owners=_owners(export),
    )


def refuse_incomplete(export: Export, lead: LeadKind) -> None:
    """Raises InvalidInput without a table of leads, or for one without ids, creation dates or stages."""
    problems = []
    for known in export.sources:
        if known.kind.name == lead.kind.name:
            for name, label in (
                (ID, "Record ID"),
                ("createdate", "Create Date"),
                (lead.stage, lead.stage_label),
            ):
                if name not in known.columns and known.source.columns:
                    problems.append(
                        f"{known.source.file} holds {lead.plural} without {name} (in exports {label!r}): add it."
                    )
    if not export.has(lead.kind.name):
        found = ", ".join(f"{known.source.file} ({known.kind.name})" for known in export.sources[:10])
        other = " --object person makes contacts the leads." if export.has("Contact") else ""
        problems.append(f"the export has no table of {lead.plural}: export them beside {found}.{other}")
    if problems:
        raise InvalidInput(problems)


def _survivors(export: Export, lead: LeadKind, table: pa.Table) -> dict[str, str]:
    """Merged id -> survivor, of the leads' own columns and of tables of merges."""
    pairs: list[tuple[str, str]] = []
    ids = whole_ids(column(table, ID)).to_pylist()
    for name in ("hs_merged_object_ids", "hs_calculated_merged_vids"):
        cells = column(table, name).to_pylist()
        pairs += [
            (old, id_)
            for id_, cell in zip(ids, cells, strict=True)
            if id_ and cell
            for old in ids_in_cell(cell)
        ]
    for kind, new, old in (
        ("MergedDeal", "deal_id", "merged_deal_id"),
        ("MergedContact", "canonical_vid", "vid_to_merge"),
    ):
        merges = export.table(kind)
        export.use(merges)
        if kind == f"Merged{lead.kind.name}":
            new_ids, old_ids = (whole_ids(column(merges, name)).to_pylist() for name in (new, old))
            pairs += [(a, b) for a, b in zip(old_ids, new_ids, strict=True) if a and b]
    return survivors_of(pairs)


def _without_merged(export: Export, table: pa.Table, survivors: dict[str, str]) -> pa.Table:
    present = set(whole_ids(column(table, ID)).to_pylist())
    gone = pa.array([old for old, new in survivors.items() if new in present], pa.string())
    merged = _mask(pc.is_in(whole_ids(column(table, ID)), value_set=gone))
    return export.leave(table, "merged_into_another", merged)


def _owners(export: Export) -> dict[str, str]:
    table = export.table("Owner")
    export.use(table)
    names = names_by_id(table, "owner_id", ("full_name", "firstName", "lastName"))
    emails = dict(zip(column(table, "owner_id").to_pylist(), column(table, "email").to_pylist(), strict=True))
    return {id_: name for id_, name in ({**emails, **names}).items() if id_ and name}


def parent_kind(export: Export, place: int) -> str:
    """The kind of the records in whose lists the rows of a source stand; "" for a source of its own."""
    file = export.sources[place].source.file.partition(", ")[0]
    return next((s.kind.name for s in export.sources if s.source.file == file), "")


def places_of_sources(table: pa.Table) -> list[int]:
    """The places of the sources of a table's rows."""
    return sorted(set(table.column(SOURCE).to_pylist())) if len(table) else []


def _mask(array: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
