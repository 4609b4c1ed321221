"""Activities of Marketo as rows of persons: touches, changes of values, revenue stages, merges and deletions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.marketo.objects import ACTIVITY, ACTIVITY_TYPE, LEAD, OPPORTUNITY
from connectors.persons.events import EventNames
from connectors.persons.rows import PersonRows, Role, each_word, kind_of, slug
from connectors.persons.streams import Moments, page_kinds, usable, with_cells, without_robots
from connectors.persons.values_today import EMPTY, OldValues
from connectors.reading.export import DELETED, Export, booleans, column
from connectors.reading.ids import ids_in_cell, whole_ids
from connectors.reading.recognise import key_of
from connectors.reading.words import outcome_of
from history.base.arrays import Flags, Mask

# Source: Adobe, activity types of the Marketo REST API; the numbers are the same in every instance.
TYPES: Final[Mapping[str, str]] = {
    "1": "Visit Webpage", "2": "Fill Out Form", "3": "Click Link", "6": "Send Email", "7": "Email Delivered",
    "8": "Email Bounced", "9": "Unsubscribe Email", "10": "Open Email", "11": "Click Email", "12": "New Lead",
    "13": "Change Data Value", "19": "Sync Lead to SFDC", "21": "Convert Lead", "22": "Change Score",
    "23": "Change Owner", "24": "Add to List", "25": "Remove from List", "27": "Email Bounced Soft",
    "32": "Merge Leads", "34": "Add to Opportunity", "35": "Remove from Opportunity", "36": "Update Opportunity",
    "37": "Delete Lead", "38": "Send Alert", "39": "Send Sales Email", "40": "Open Sales Email",
    "41": "Click Sales Email", "45": "Receive Sales Email", "46": "Interesting Moment", "47": "Request Campaign",
    "100": "Change Lead Partition", "101": "Change Revenue Stage", "104": "Change Status in Progression",
    "108": "Change Segment", "110": "Call Webhook", "113": "Add to Nurture", "114": "Change Nurture Track",
    "115": "Change Nurture Cadence", "123": "Change Program Member Data", "131": "Fill Out Facebook Lead Ads Form",
    "145": "Push Lead to Marketo", "147": "Fill Out LinkedIn Lead Gen Form",
}  # fmt: skip
CHANGES: Final = ("change_data_value", "change_score")
OWNER, STAGE, PROGRAM = "change_owner", "change_revenue_stage", "change_status_in_progression"
MERGE, DELETE, NEW = "merge_leads", "delete_lead", "new_lead"
# What Marketo or a rule of it does to a record, nobody to a person; an update of an opportunity follows its closing.
OF_THE_SYSTEM: Final = (
    "sync_lead_to_sfdc", "convert_lead", "update_opportunity", "send_alert", "request_campaign",
    "change_lead_partition", "change_segment", "call_webhook", "change_program_member_data", "push_lead_to_marketo",
)  # fmt: skip
STATEMENTS: Final = (*CHANGES, OWNER, STAGE, MERGE, DELETE, NEW)
OUTBOUND: Final = r"^(send_|email_delivered|email_bounced|receive_sales_email)"
WEB: Final = r"^(visit_webpage|click_link|fill_out_)"
UNNAMED: Final = "activities have types that the export does not name: export the activity types"
# "Person" took the place of "Lead" in later versions of the interface.
_RENAMED: Final = ("person", "lead")


@dataclass
class Log:
    """What the activities tell of the people: logged values, and who was merged into another or deleted."""

    names: EventNames
    old: OldValues = field(default_factory=OldValues)
    merged: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    types: Mapping[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Before each reading: logged values are collected anew, merges stay."""
        self.old = OldValues()


def activity_types(export: Export) -> dict[str, str]:
    """id -> name of the types: the usual ones, which are the same everywhere, and those that the export lists."""
    table = export.table(ACTIVITY_TYPE.name)
    export.use(table)
    pairs = zip(whole_ids(column(table, "id")).to_pylist(), column(table, "name").to_pylist(), strict=True)
    return {id_: name for id_, name in pairs if id_ and name} | dict(TYPES)


def activity_rows(export: Export, log: Log) -> Iterator[PersonRows]:
    """All activities by batches."""
    for table in export.batches(ACTIVITY.name):
        yield from _batch_rows(export, log, table)


def _batch_rows(export: Export, log: Log, table: pa.Table) -> Iterator[PersonRows]:
    table = export.leave(table, "deleted", booleans(column(table, DELETED))[0])
    table = with_cells(export, without_null_words(table), ("attributes",))
    result = pc.fill_null(pc.utf8_lower(column(table, "actionResult")), "")
    undone = pc.is_in(result, value_set=pa.array(["failed", "skipped"])).to_numpy(zero_copy_only=False)
    table = export.leave(table, "failed_or_skipped", undone)
    table = _telling(export, table, log)
    kinds = _kinds(table, log.types)
    ours = pc.is_in(kinds, value_set=pa.array(OF_THE_SYSTEM)).to_numpy(zero_copy_only=False)
    chosen = log.names.roles(kinds) != Role.TOUCH
    table = export.leave(table, "of_the_system", ours & ~chosen)
    read = export.times(table, "activityDate")
    unknown = np.full(len(table), NO_TIME, dtype=np.int64)
    moments = Moments(np.where(read.known, read.us, NO_TIME), unknown, unknown > NO_TIME)
    table, moments = usable(export, table, moments)
    people = without_robots(export, table, ("attributes.User Agent",))
    table, moments = table.filter(pa.array(people)), moments.where(people)
    if len(table):
        past = moments.us[moments.us <= export.options.now_us]
        log.old.latest_us = max(log.old.latest_us, int(past.max(initial=NO_TIME)))
        gone = _only(whole_ids(column(table, "leadId")), _are(_kinds(table, log.types), DELETE))
        log.deleted.update(pc.unique(gone).drop_null().to_pylist())
        yield _rows(export, log, table, moments)
        yield from _merges(log, table, moments)


def _telling(export: Export, table: pa.Table, log: Log) -> pa.Table:
    """The rows of a known type that tell what they should: a change its value, a revenue stage which one."""
    ids = whole_ids(column(table, "activityTypeId"))
    by_name = each_word(column(table, "activityTypeName"), kind_of)
    unnamed = pc.is_null(pc.coalesce(each_word(ids, log.types.get), by_name))
    is_number = pc.fill_null(pc.match_substring_regex(ids, r"^[0-9]+$"), False)
    export.tally(UNNAMED, int(pc.sum(pc.and_(unnamed, is_number)).as_py() or 0))
    untyped = pc.and_(unnamed, pc.invert(is_number)).to_numpy(zero_copy_only=False)
    table = export.leave(table, "no_type", untyped)
    for kinds, names, reason in (
        (CHANGES, ("attributes.New Value", "attributes.Old Value"), "change_without_values"),
        (
            (OWNER,),
            ("attributes.New Owner", "attributes.Old Owner", "primaryAttributeValue"),
            "change_without_values",
        ),
        ((STAGE,), ("attributes.New Stage", "attributes.New Stage ID"), "no_stage"),
    ):
        told = pc.coalesce(*(column(table, name) for name in names))
        missing = pc.is_null(told).to_numpy(zero_copy_only=False) & _are(_kinds(table, log.types), *kinds)
        table = export.leave(table, reason, missing)
    return table


def without_null_words(table: pa.Table) -> pa.Table:
    """The table without the literal `null` that bulk extracts write into empty cells."""
    for place, name in enumerate(table.column_names):
        if pa.types.is_string(table.column(name).type):
            is_null = pc.equal(table.column(name), "null")
            if pc.any(is_null).as_py():
                values = pc.if_else(is_null, pa.scalar(None, pa.string()), table.column(name))
                table = table.set_column(place, name, values)
    return table


def _kinds(table: pa.Table, types: Mapping[str, str]) -> pa.Array:
    """The kind of each activity (m,) by the name of its type, whatever the export calls it."""

    def of_id(id_: str) -> str:
        return _kind(types[id_]) if id_ in types else f"activity_{slug(id_)}"

    by_id = each_word(whole_ids(column(table, "activityTypeId")), of_id)
    return pc.coalesce(by_id, each_word(column(table, "activityTypeName"), _kind))


def _kind(name: str) -> str:
    renamed = "_".join(_RENAMED[1] if word == _RENAMED[0] else word for word in slug(name).split("_"))
    return {"unsubscribe": "unsubscribe_email", "add_lead": NEW, "merge_lead": MERGE}.get(renamed, renamed)


def _rows(export: Export, log: Log, table: pa.Table, moments: Moments) -> PersonRows:
    kinds = _kinds(table, log.types)
    people = whole_ids(column(table, "leadId"))
    stages = pc.coalesce(column(table, "attributes.New Stage"), column(table, "attributes.New Stage ID"))
    is_stage = _are(kinds, STAGE)
    stages = _only(stages, is_stage)
    shown = pc.coalesce(each_word(stages, slug), _shown_kinds(table, kinds))
    roles = _roles(export, log, kinds, stages, shown)
    shown = _only(shown, roles != Role.STATEMENT)
    makes_lead = log.names.make_leads(shown) | log.names.make_leads(kinds)
    if not export.options.lead:
        makes_lead = _are(kinds, NEW) & (not export.has(LEAD.name))
    return PersonRows(
        table, moments.us, moments.recorded_us, roles, makes_lead,
        {
            "known": people,
            "event_id": column(table, "marketoGUID"),
            "kind": shown,
            "channel": _channels(shown),
            "direction": _directions(shown),
            "stage": _only(pc.coalesce(log.names.stage_names(shown), stages), roles == Role.STAGE),
            "reason": column(table, "attributes.Reason"),
        },
        traits=_traits(log, table, kinds, people, moments),
    )  # fmt: skip


def _shown_kinds(table: pa.Table, kinds: pa.Array) -> pa.Array:
    """Kinds of interactions: pages by what they are about, statuses of programs by their name."""
    page = pc.coalesce(column(table, "primaryAttributeValue"), column(table, "attributes.Webpage URL"))
    shown = pc.if_else(pc.equal(kinds, "visit_webpage"), page_kinds("visit_webpage", page), kinds)
    status = each_word(column(table, "attributes.New Status"), lambda word: f"program_{slug(word)}")
    return pc.if_else(pc.equal(kinds, PROGRAM), pc.coalesce(status, kinds), shown)


def _roles(export: Export, log: Log, kinds: pa.Array, stages: pa.Array, shown: pa.Array) -> Flags:
    """What each activity (m,) is for; a closing word among revenue stages decides, a win only without opportunities."""
    roles = np.full(len(kinds), Role.TOUCH, dtype=np.int8)
    roles[_are(kinds, *STATEMENTS)] = Role.STATEMENT
    words = each_word(stages, outcome_of)
    is_stage = pc.is_valid(stages).to_numpy(zero_copy_only=False)
    roles[is_stage] = Role.STAGE
    if not log.names.lost:
        roles[_are(words, "lost")] = Role.LOST
    if not log.names.won:
        roles[_are(words, "won")] = Role.STATEMENT if export.has(OPPORTUNITY.name) else Role.WON
    for named in (log.names.roles(shown), log.names.roles(kinds)):
        roles = np.where(named == Role.TOUCH, roles, named).astype(np.int8)
    return roles


def _traits(
    log: Log, table: pa.Table, kinds: pa.Array, people: pa.Array, moments: Moments
) -> dict[str, pa.Array]:
    """attribute -> the new values of its changes; remembers the old ones. Those of merged people count for nobody."""
    survives = pc.invert(pc.is_in(people, value_set=pa.array(sorted(log.merged), pa.string())))
    is_owner = pa.array(_are(kinds, OWNER))
    primary = column(table, "primaryAttributeValue")
    fields = _only(pc.coalesce(column(table, "attributes.Attribute Name"), primary), _are(kinds, *CHANGES))
    fields = pc.if_else(is_owner, "owner", each_word(fields, attribute_of))
    owner = pc.coalesce(column(table, "attributes.New Owner"), primary)
    new = pc.if_else(is_owner, owner, column(table, "attributes.New Value"))
    old = pc.if_else(is_owner, column(table, "attributes.Old Owner"), column(table, "attributes.Old Value"))
    traits: dict[str, pa.Array] = {}
    for name in sorted(word for word in pc.unique(fields).to_pylist() if word):
        rows = np.asarray(
            pc.fill_null(pc.and_(pc.equal(fields, name), survives), False).to_numpy(zero_copy_only=False)
        )
        traits[name] = _only(pc.fill_null(new, EMPTY), rows)
        mask = pa.array(rows)
        log.old.add(name, people.filter(mask), moments.us[rows], old.filter(mask))
    return traits


def attribute_of(name: str) -> str | None:
    """The attribute that a field of a person fills, by its name in the interface; None for one that is not used."""
    key = key_of(name)
    for declared in LEAD.fields:
        if key in map(key_of, (declared.name, *declared.labels)):
            return None if declared.name in UNLOGGED else own_name(declared.name)
    return slug(name)


# Fields of the record itself, whose logged changes say nothing of the person.
UNLOGGED: Final = (
    "id",
    "isAnonymous",
    "createdAt",
    "updatedAt",
    "lastActivityDate",
    "lastInterestingMomentDate",
)
_OWN_NAMES: Final = {"leadSource": "source", "ownerName": "owner", "externalCompanyId": "account_id"}


def own_name(name: str) -> str:
    """The column of `leads` that a field fills."""
    return _OWN_NAMES.get(name, slug(name))


def _merges(log: Log, table: pa.Table, moments: Moments) -> Iterator[PersonRows]:
    """Each merged id as a further one of its survivor."""
    rows = np.flatnonzero(_are(_kinds(table, log.types), MERGE))
    chosen = table.take(pa.array(rows))
    cells = pc.coalesce(
        column(chosen, "attributes.Merge IDs"), column(chosen, "primaryAttributeValue")
    ).to_pylist()
    people = whole_ids(column(chosen, "leadId")).to_pylist()
    links = [
        (place, person, old)
        for place, person, cell in zip(rows.tolist(), people, cells, strict=True)
        for old in ids_in_cell(cell)
        if old.isdecimal() and old != person
    ]
    if not links:
        return
    places, survivors, merged = (list(part) for part in zip(*links, strict=True))
    log.merged.update(merged)
    count = len(links)
    yield PersonRows(
        None, moments.us[places], np.full(count, NO_TIME), np.full(count, Role.STATEMENT, np.int8),
        np.zeros(count, np.bool_), {"known": pa.array(survivors), "other": pa.array(merged)},
    )  # fmt: skip


def _are(array: pa.Array, *names: str) -> Mask:
    return np.asarray(
        pc.fill_null(pc.is_in(array, value_set=pa.array(names)), False).to_numpy(zero_copy_only=False)
    )


def _only(array: pa.Array, rows: Mask) -> pa.Array:
    return pc.if_else(pa.array(rows), array, pa.scalar(None, pa.string()))


def _directions(kinds: pa.Array) -> pa.Array:
    sent = pc.match_substring_regex(kinds, OUTBOUND)
    return pc.if_else(sent, "outbound", "inbound")


def _channels(kinds: pa.Array) -> pa.Array:
    is_email = pc.match_substring_regex(kinds, "email")
    is_web = pc.match_substring_regex(kinds, WEB)
    nothing = pa.scalar(None, pa.string())
    return pc.if_else(is_email, "email", pc.if_else(is_web, "web", nothing))
