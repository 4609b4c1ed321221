"""--object lead: each Lead is a lead, its status the stage, its conversion the win."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.attributes import Changes, Text, spelt_as_columns
from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals, Moves, deal_tables, times
from connectors.deals.paths import Labels, Life, Turn, path_moves
from connectors.deals.people import People
from connectors.deals.records import RecordKind, creations, exported_at, read_records
from connectors.deals.stage_table import StageRow, StageTable, stage_table
from connectors.folder.tables import Result, Sink
from connectors.reading.export import OWN_COLUMNS, Export, booleans, column
from connectors.reading.ids import earliest, survivors_of
from connectors.reading.lacks import stage_lack
from connectors.reading.values import end_of_day, read_numbers
from connectors.salesforce.activities import Targets, interactions
from connectors.salesforce.contacts import campaign_interactions
from connectors.salesforce.ids import are_references, keys, long_ids
from connectors.salesforce.objects import LEAD
from connectors.salesforce.org import field_key, read_users, without_deleted
from history.base.arrays import Flags, Ints
from history.folder.values.id_forms import long_id
from history.text.folding import folded

RECORDS: Final = RecordKind(
    "Lead",
    "Id",
    "CreatedDate",
    ("LastModifiedDate", "SystemModstamp"),
    ("IsDeleted",),
    singular="lead",
    key=keys,
)
TIMES: Final = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
CLOSING: Final = {WON: "Converted"}
# Usual statuses of leads that are given up; others by --lost.
GIVEN_UP: Final = frozenset((
    "unqualified", "disqualified", "not qualified", "closed - not converted", "closed not converted", "dead", "junk",
    "junk lead", "lost", "lost lead", "not interested", "rejected", "nicht qualifiziert", "disqualifiziert",
    "abgelehnt", "non qualifié", "no cualificado", "não qualificado", "non qualificato",
))  # fmt: skip
STATUS, CONVERTED_FIELD = "status", "leadconverted"
OWNER_FIELDS: Final = ("owner", "ownerid")
LABELS: Final = {"leadstatus": STATUS, "leadowner": "owner"}  # by which reports name the fields
SOURCE_FIELDS: Final = ("leadsource",)
IDENTITY: Final = {
    "name": "Name", "first_name": "FirstName", "last_name": "LastName", "company": "Company", "email": "Email",
    "phone": "Phone", "mobile": "MobilePhone", "website": "Website", "title": "Title", "description": "Description",
}  # fmt: skip
OTHER_TABLES: Final = ("Opportunity", "OpportunityHistory", "OpportunityFieldHistory", "OpportunityContactRole",
                       "OpportunityStage", "CurrencyType", "RecordType")  # fmt: skip


@dataclass(frozen=True)
class _Leads:
    """The Leads (n,), one row each, with their ids and the names of users by the key of an id.

    since_us: when each, or the first Lead that was merged into it, was created.
    """

    export: Export
    table: pa.Table
    ids: list[str]
    keys: pa.Array
    created_us: Ints
    since_us: Ints
    users: Mapping[str, str]

    def places(self, array: pa.Array) -> Ints:
        found = pc.fill_null(pc.index_in(keys(array), value_set=self.keys), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)

    def attribute_columns(self) -> list[str]:
        known = {field.name for field in LEAD.fields} | set(OWN_COLUMNS)
        names = [name for name in self.table.column_names if name not in known]
        return [name for name in names if not are_references(column(self.table, name))]


def convert_leads(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    raw = export.table("Lead")
    survivors = _survivors(raw)
    records = read_records(export, raw, RECORDS)
    ids = long_ids(column(records.current, "Id"))
    created_us = export.times(records.current, "CreatedDate").us
    created = {long_id(id_): us for id_, us in creations(export, raw, RECORDS).items()}
    leads = _Leads(
        export, records.current, ids, pa.array(keys(column(records.current, "Id")).to_pylist(), pa.string()),
        created_us, earliest(created_us, ids, survivors, created), read_users(export),
    )  # fmt: skip
    history = _history(leads)
    exported_us = exported_at(export, ((records.current, TIMES), (history, ("CreatedDate",))))
    changes = _changes(leads, history)
    stages = _stages(leads, changes)
    deals = _deals(leads, stages)
    tables = deal_tables(deals, _moves(leads, stages, changes), exported_us)
    export.lack(stage_lack(export.system, tables.stages))
    attributes = _attribute_changes(leads, changes)
    table = _lead_table(leads, attributes)
    for kind in OTHER_TABLES:
        for batch in export.batches(kind):
            export.leave(batch, "of_another_object", np.ones(len(batch), dtype=np.bool_))

    erased = [long_id(id_) for id_ in records.erased]
    sink.erase([id_ for id_ in erased if id_ not in survivors])
    sink.merge(survivors)
    sink.leads(table, exported_us, set(attributes.attribute))
    sink.add("stages", tables.stages)
    sink.add("outcomes", tables.outcomes)
    sink.add("attribute_changes", attributes.table(ids))
    targets = Targets(export, exported_us, ids, leads.keys, np.arange(len(ids)), People((), leads.created_us))
    for batch in (*interactions(targets), *campaign_interactions(targets)):
        sink.add("interactions", batch)
    identity = tuple(name for name in IDENTITY if name in table.column_names)
    return Result("lead", None, stages.order, identity, exported_us)


def _survivors(table: pa.Table) -> dict[str, str]:
    """Merged Lead -> its survivor, by the master that deleted rows name."""
    rows = zip(column(table, "Id").to_pylist(), column(table, "MasterRecordId").to_pylist(), strict=True)
    return survivors_of((long_id(id_), long_id(master)) for id_, master in rows if id_ and master)


@dataclass(frozen=True)
class _Change:
    lead: int
    us: int
    field: str
    old: Text
    new: Text


def _history(leads: _Leads) -> pa.Table:
    """LeadHistory of the Leads of the export."""
    export = leads.export
    table = without_deleted(export, export.table("LeadHistory"))
    table = export.leave(table, "of_no_lead_of_the_export", leads.places(column(table, "LeadId")) < 0)
    return export.leave(table, "no_time", ~export.times(table, "CreatedDate").known)


def _changes(leads: _Leads, table: pa.Table) -> list[_Change]:
    """The changes of status, conversion, owner and attributes, in order of lead and time; others are set aside."""
    export = leads.export
    attributes = {field_key(name) for name in leads.attribute_columns()}
    known = {STATUS, CONVERTED_FIELD, *OWNER_FIELDS, *SOURCE_FIELDS, *attributes}
    fields = map(field_key, column(table, "Field").to_pylist())
    names = [LABELS.get(name, name) for name in fields]
    other = np.array([name not in known for name in names], dtype=np.bool_)
    table = export.leave(table, "field_that_is_no_attribute", other)
    export.use(table)
    names = [name for name in names if name in known]
    lead, us = leads.places(column(table, "LeadId")), export.times(table, "CreatedDate").us
    columns = {field_key(name): column(leads.table, name) for name in leads.attribute_columns()}
    old, new = (
        spelt_as_columns(names, column(table, name).to_pylist(), columns) for name in ("OldValue", "NewValue")
    )
    order = np.lexsort((us, lead)).tolist()
    return [_Change(int(lead[row]), int(us[row]), names[row], old[row], new[row]) for row in order]


def _stages(leads: _Leads, changes: Sequence[_Change]) -> StageTable:
    """The statuses: one that only converted Leads have is a win; given up by --lost and the usual words."""
    export = leads.export
    present = column(leads.table, "Status").to_pylist()
    converted, _ = booleans(column(leads.table, "IsConverted"))
    open_ones = {label for label, done in zip(present, converted.tolist(), strict=True) if not done}
    won = {label for label in present if label and label not in open_ones}
    audited = [value for c in changes if c.field == STATUS for value in (c.old, c.new)]
    labels = list(dict.fromkeys(label for label in (*present, *audited, CLOSING[WON]) if label))
    order = _order(export)
    rows = [
        StageRow(label, label, None, order.get(label, np.nan), _state(label, won | {CLOSING[WON]}))
        for label in labels
    ]
    return stage_table(rows, labels, export.options)


def _state(label: str, won: set[str]) -> int:
    if label in won:
        return WON
    return LOST if folded(label) in GIVEN_UP else OPEN


def _order(export: Export) -> dict[str, float]:
    table = export.table("LeadStatus")
    export.use(table)
    places = read_numbers(column(table, "SortOrder"), ".").value.tolist()
    return {
        label: place
        for label, place in zip(column(table, "MasterLabel").to_pylist(), places, strict=True)
        if label
    }


def _deals(leads: _Leads, stages: StageTable) -> Deals:
    export, table = leads.export, leads.table
    present = column(table, "Status").to_pylist()
    codes = stages.codes(present)
    converted, _ = booleans(column(table, "IsConverted"))
    state: Flags = np.where(converted, WON, stages.states_of(codes)).astype(np.int8)
    day = export.times(table, "ConvertedDate")
    ends = np.where(day.is_date, end_of_day(day.us, export.options.zone), day.us)
    return Deals(
        leads.ids, leads.created_us, state, codes, np.full(len(leads.ids), NO_TIME),
        np.where(day.known & converted, ends, NO_TIME), np.full(len(leads.ids), np.nan), present,
    )  # fmt: skip


def _moves(leads: _Leads, stages: StageTable, changes: Sequence[_Change]) -> Moves:
    return path_moves(_lives(leads, changes), Labels(stages.labels, stages.states, CLOSING))


def _lives(leads: _Leads, changes: Sequence[_Change]) -> Iterator[Life]:
    """The life of each Lead with a history of its status; others have their present status only."""
    present = column(leads.table, "Status").to_pylist()
    of_lead = {lead: list(rows) for lead, rows in groupby(changes, key=lambda change: change.lead)}
    tracked = any(change.field == STATUS for change in changes)
    for lead, created in enumerate(leads.created_us.tolist()):
        rows = of_lead.get(lead, [])
        moved = [change for change in rows if change.field == STATUS]
        turns = [Turn(c.us, stage=c.new) if c.field == STATUS else Turn(c.us, state=WON)
                 for c in rows if c.field in (STATUS, CONVERTED_FIELD)]  # fmt: skip
        if moved:
            yield Life(lead, created, moved[0].old, turns)
        elif turns or tracked:
            yield Life(lead, created, present[lead], turns)


def _attribute_changes(leads: _Leads, changes: Sequence[_Change]) -> Changes:
    names = {field_key(name): name for name in leads.attribute_columns()}
    result = Changes()
    seen: set[tuple[int, int, str]] = set()
    for change in sorted(
        changes, key=lambda c: (c.lead, c.us, leads.users.get((c.new or "")[:15]) is not None)
    ):
        attribute = _attribute(change.field, names)
        if attribute is None or (change.lead, change.us, attribute) in seen:
            continue  # a change of the owner comes twice, by id and by name
        seen.add((change.lead, change.us, attribute))
        old, new = (leads.users.get((text or "")[:15], text) for text in (change.old, change.new))
        result.add(change.lead, change.us, attribute, old, new)
    return result


def _attribute(field: str, names: Mapping[str, str]) -> str | None:
    if field in OWNER_FIELDS:
        return "owner"
    return "source" if field in SOURCE_FIELDS else names.get(field)


def _lead_table(leads: _Leads, changes: Changes) -> pa.Table:
    """What was known of each Lead at its creation, as far as the export tells."""
    table = leads.table
    owners = zip(column(table, "OwnerId").to_pylist(), column(table, "Owner.Name").to_pylist(), strict=True)
    columns: dict[str, list[Text]] = {
        "owner": [leads.users.get((id_ or "")[:15]) or name or id_ for id_, name in owners],
        "source": column(table, "LeadSource").to_pylist(),
        **{label: column(table, name).to_pylist() for label, name in IDENTITY.items()},
        **{name: column(table, name).to_pylist() for name in leads.attribute_columns()},
    }
    for name, by_lead in changes.at_creation().items():
        for place, value in by_lead.items():
            columns[name][place] = value
    rows = {"lead_id": pa.array(leads.ids, pa.string()), "created_at": times(leads.since_us)}
    return pa.table(rows | {name: pa.array(v, pa.string()) for name, v in columns.items() if any(v)})
