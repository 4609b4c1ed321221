"""Marketo Engage: people, activities and opportunities -> the tables of a data folder."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.records import RecordKind, newest_records, with_good_ids
from connectors.folder.tables import Result, Sink
from connectors.marketo.activities import Log, activity_rows, activity_types, own_name, without_null_words
from connectors.marketo.objects import ALL_KINDS, LEAD, OPPORTUNITY, ROLE
from connectors.persons.convert import convert_persons
from connectors.persons.earlier import merged_earlier
from connectors.persons.events import EventNames, event_names
from connectors.persons.opportunities import Evidence, OpportunityKind, opportunity_rows
from connectors.persons.rows import PersonRows, Rules, erasures, slug
from connectors.persons.values_today import Persons, person_rows
from connectors.reading.declare import Trap
from connectors.reading.export import OWN_COLUMNS, Export, booleans, column
from connectors.reading.ids import whole_ids
from history.base.arrays import Mask

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("person",)
LEAD_RULE: Final = "a known person of the database is a lead from its creation"
RECORDS: Final = RecordKind(LEAD.name, "id", "createdAt", ("updatedAt",), singular="person")
OPPORTUNITIES: Final = OpportunityKind(
    RecordKind(OPPORTUNITY.name, "externalOpportunityId", "externalCreatedDate", ("updatedAt",)),
    links=ROLE.name, link_opportunity="externalOpportunityId", link_person="leadId", link_primary="isPrimary",
    closed_at="closeDate", stage="stage", amount="amount", currency="currencyIsoCode", reason="lossReason",
    won="isWon", closed="isClosed",
)  # fmt: skip
IDENTITY: Final = tuple(own_name(field.name) for field in LEAD.trapped(Trap.IDENTITY))


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    names = event_names(export.options, EventNames((), (), (), ()))
    lead_rule = f"a person is a lead from the first {' or '.join(names.lead)}" if names.lead else LEAD_RULE
    rules = Rules(
        lead_rule, stages=names.stages, won=names.won or ("a won opportunity",), identity=IDENTITY,
        check_kinds=names.refuse_unseen,
    )  # fmt: skip
    result = convert_persons(export, partial(_read, log=Log(names)), rules, sink)
    _list_ignored(export)
    return result


def _read(export: Export, log: Log) -> Iterator[PersonRows]:
    """Activities come first: they tell the old values of the people."""
    log.begin()
    log.types = activity_types(export)
    yield from activity_rows(export, log)
    # A merge deletes the merged record: that erases nobody.
    merged = log.merged | merged_earlier(export.earlier)
    yield erasures(None, pa.array(sorted(log.deleted - merged), pa.string()))
    yield from _people(export, log)
    evidence = Evidence(latest_us=log.old.latest_us)
    yield from opportunity_rows(export, OPPORTUNITIES, log.names, evidence)


def _people(export: Export, log: Log) -> Iterator[PersonRows]:
    table = without_null_words(export.table(LEAD.name))
    if not len(table):
        return
    records = newest_records(export, with_good_ids(export, table, RECORDS), RECORDS)
    erased = set(whole_ids(pa.array(records.erased, pa.string())).to_pylist())
    yield erasures(None, pa.array(sorted(erased - log.merged - merged_earlier(export.earlier)), pa.string()))
    created = export.times(records.current, RECORDS.created)
    current = export.leave(records.current, "bad_created_date", ~created.known)
    current = export.leave(current, "anonymous", _are_anonymous(current))
    created, modified = export.times(current, "createdAt"), export.times(current, "updatedAt")
    ids = whole_ids(column(current, "id"))
    merged = pc.is_in(ids, value_set=pa.array(sorted(log.merged), pa.string())).to_numpy(zero_copy_only=False)
    count = len(current)
    yield from person_rows(
        export,
        Persons(
            current, ids, created.us, np.where(modified.known, modified.us, NO_TIME), _attributes(current),
            frozenset(own_name(field.name) for field in LEAD.trapped(Trap.TODAY)),
            np.full(count, not export.options.lead), merged,
        ),
        log.old,
    )  # fmt: skip


def _are_anonymous(table: pa.Table) -> Mask:
    """Whom Marketo marks as anonymous; without a mark, who has no name, company, address or phone."""
    marked, named_ones = booleans(column(table, "isAnonymous"))
    named = np.zeros(len(table), dtype=np.bool_)
    for field in LEAD.trapped(Trap.IDENTITY):
        named |= np.asarray(pc.is_valid(column(table, field.name)).to_numpy(zero_copy_only=False))
    # An export without any such column tells nothing.
    return marked | (~named_ones & ~named & bool(named.any()))


def _attributes(table: pa.Table) -> dict[str, pa.Array]:
    """Today's values by the names of the columns of `leads`; custom fields count as attributes."""
    first, last = (pc.fill_null(column(table, f"leadOwner{part}Name"), "") for part in ("First", "Last"))
    full = pc.utf8_trim_whitespace(pc.binary_join_element_wise(first, last, " "))
    owner = pc.coalesce(column(table, "ownerName"), full)
    account = column(table, "externalCompanyId")
    columns = {
        "source": column(table, "leadSource"),
        "owner": pc.if_else(pc.equal(owner, ""), pa.scalar(None, pa.string()), owner),
        "account_id": column(table, "company") if account.null_count == len(account) else account,
    }
    declared = {field.name: field.trap for field in LEAD.fields}
    kept = (Trap.IDENTITY, Trap.ATTRIBUTE, Trap.TODAY)
    for name in table.column_names:
        if name not in OWN_COLUMNS and declared.get(name, Trap.ATTRIBUTE) in kept:
            columns.setdefault(own_name(name) if name in declared else slug(name), column(table, name))
    return {name: values for name, values in columns.items() if values.null_count < len(values)}


def _list_ignored(export: Export) -> None:
    """Lists the columns of people that hold today's value or the outcome, and Marketo's own ones."""
    for source in export.sources:
        if source.kind is LEAD:
            traps = (Trap.TODAY, Trap.OUTCOME, Trap.IGNORE)
            export.ignore(
                LEAD.name, (f.name for f in LEAD.fields if f.trap in traps and f.name in source.columns)
            )
