"""Engagements, e-mail events and form submissions as interactions, read in batches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals import NO_TIME
from connectors.export import SOURCE, booleans, column
from connectors.hubspot.links import Links
from connectors.hubspot.portal import Portal
from connectors.ids import ids_in_cell, whole_ids
from connectors.interactions import SeenIds, Touches, are_planned, slug
from connectors.people import People
from connectors.values import read_numbers
from history.arrays import Floats, Ints, Mask

# The kind of an engagement that has no type, by a column that only its table has.
KIND_BY_COLUMN: Final = (
    ("hs_call", "call"), ("hs_email", "email"), ("hs_meeting", "meeting"), ("hs_note", "note"), ("hs_task", "task"),
    ("hs_communication", "communication"),
)  # fmt: skip
CHANNELS: Final = {
    "call": "phone", "email": "email", "incoming_email": "email", "forwarded_email": "email", "meeting": "meeting",
    "sms": "sms", "whats_app": "chat", "linkedin_message": "social",
}  # fmt: skip
DONE_TASKS: Final = frozenset(("completed", "complete", "done"))
NOT_HELD: Final = frozenset(("canceled", "cancelled", "no_show", "no show", "rescheduled"))
MINUTE_MS: Final = 60_000.0
AT_ONCE: Final = "_place"


@dataclass(frozen=True)
class Contacts:
    """Who is meant: the deals of each contact (or the contact itself), and the contact of each e-mail address."""

    people: People
    by_email: Mapping[str, str]


def interactions(portal: Portal, links: Links, contacts: Contacts, exported_us: int) -> Iterator[pa.Table]:
    """Batches of `interactions` of all activities that have taken place."""
    seen = SeenIds()
    for batch in portal.export.batches("Engagement"):
        yield _engagements(portal, batch, links, contacts, (seen, exported_us))
    seen_events, seen_forms = SeenIds(), SeenIds()
    for batch in portal.export.batches("EmailEvent"):
        yield _email_events(portal, batch, contacts, seen_events)
    for batch in portal.export.batches("FormSubmission"):
        yield _form_submissions(portal, batch, contacts, seen_forms)


def _engagements(
    portal: Portal, table: pa.Table, links: Links, contacts: Contacts, state: tuple[SeenIds, int]
) -> pa.Table:
    export, (seen, exported_us) = portal.export, state
    archived, _ = booleans(column(table, "archived"))
    marked, _ = booleans(column(table, "_deleted"))
    table = export.leave(table, "deleted", archived | marked)
    kinds = _kinds(portal, table)
    table, kinds = _kept(portal, table, kinds, "not_completed", _is_undone(table, kinds))
    us = _occurred(portal, table, kinds)
    table, kinds = _kept(portal, table, kinds, "no_time", us == NO_TIME)
    us = us[us != NO_TIME]
    created = export.times(table, "hs_createdate")
    entered = np.where(created.known, created.us, NO_TIME)
    now_us = export.options.now_us
    planned = np.where(
        _can_be_planned(table, kinds), are_planned(us, entered, exported_us, now_us), us > now_us
    )
    table, kinds = _kept(portal, table, kinds, "planned", planned)
    us, entered = us[~planned], entered[~planned]
    ids = whole_ids(column(table, "engagement_id")).to_pylist()
    again = ~seen.are_new(ids)
    table, kinds = _kept(portal, table, kinds, "same_id_again", again)
    us, entered = us[~again], entered[~again]
    rows, lead = _leads_of_engagements(portal, table, us, links, contacts)
    without = np.ones(len(table), dtype=np.bool_)
    without[rows] = False
    export.use(export.leave(table, f"of_no_{portal.lead.object}_of_the_export", without))
    directions = _directions(table, kinds)
    ids = whole_ids(column(table, "engagement_id")).to_pylist()
    picked = rows.tolist()
    return Touches(
        lead=lead,
        us=us[rows],
        entered_us=entered[rows],
        kind=[kinds[row] for row in picked],
        id=[ids[row] for row in picked],
        channel=[CHANNELS.get(kinds[row]) for row in picked],
        direction=[directions[row] for row in picked],
        value=_minutes(table, kinds)[rows],
    ).table(portal.ids.own)


def _kept(
    portal: Portal, table: pa.Table, kinds: list[str], reason: str, broken: Mask
) -> tuple[pa.Table, list[str]]:
    kept = portal.export.leave(table, reason, broken)
    return kept, [kind for kind, out in zip(kinds, broken.tolist(), strict=True) if not out]


def _kinds(portal: Portal, table: pa.Table) -> list[str]:
    """The kind of each engagement: its type, of e-mails the direction, of messages the channel."""
    if not len(table):
        return []
    names = portal.export.sources[table.column(SOURCE)[0].as_py()].columns
    default = next(
        (kind for start, kind in KIND_BY_COLUMN if any(n.startswith(start) for n in names)), "engagement"
    )
    types = [slug(text) if text else default for text in column(table, "type").to_pylist()]
    finer = {"email": "hs_email_direction", "communication": "hs_communication_channel_type"}
    for kind, name in finer.items():
        for row, text in enumerate(column(table, name).to_pylist()):
            if text and types[row] in (kind, "communications", "emails"):
                types[row] = slug(text)
    known = {f"{kind}s" for _, kind in KIND_BY_COLUMN}
    return [kind[:-1] if kind in known else kind for kind in types]


def _is_undone(table: pa.Table, kinds: list[str]) -> Mask:
    """Tasks that are open, and meetings that were not held."""
    tasks = np.array([kind in ("task", "todo") for kind in kinds], dtype=np.bool_)
    meetings = np.array([kind == "meeting" for kind in kinds], dtype=np.bool_)
    statuses = [(text or "").casefold() for text in column(table, "hs_task_status").to_pylist()]
    outcomes = [(text or "").casefold() for text in column(table, "hs_meeting_outcome").to_pylist()]
    is_open = np.array([bool(text) and text not in DONE_TASKS for text in statuses], dtype=np.bool_)
    not_held = np.array([text in NOT_HELD for text in outcomes], dtype=np.bool_)
    return np.asarray((tasks & is_open) | (meetings & not_held))


def _can_be_planned(table: pa.Table, kinds: list[str]) -> Mask:
    """Meetings, tasks, and calls that are not made yet; e-mails and notes have happened."""
    statuses = [(text or "").casefold() for text in column(table, "hs_call_status").to_pylist()]
    made = ("", "completed")
    return np.array(
        [
            kind in ("meeting", "task", "todo") or (kind == "call" and status not in made)
            for kind, status in zip(kinds, statuses, strict=True)
        ],
        dtype=np.bool_,
    )


def _occurred(portal: Portal, table: pa.Table, kinds: list[str]) -> Ints:
    """When an engagement took place; a task when it was completed."""
    planned, done = (portal.export.times(table, n) for n in ("hs_timestamp", "hs_task_completion_date"))
    us = np.where(planned.known, planned.us, NO_TIME)
    tasks = np.array([kind in ("task", "todo") for kind in kinds], dtype=np.bool_)
    return np.asarray(np.where(tasks & done.known, done.us, us))


def _leads_of_engagements(
    portal: Portal, table: pa.Table, us: Ints, links: Links, contacts: Contacts
) -> tuple[Ints, Ints]:
    """Rows and leads: of each deal that an engagement names, else of the deal of its contacts at that time."""
    ids = whole_ids(column(table, "engagement_id")).to_pylist()
    of_deals = _named(ids, column(table, "deal_ids").to_pylist(), links.engagement_deals)
    of_contacts = _named(ids, column(table, "contact_ids").to_pylist(), links.engagement_contacts)
    first = of_deals if portal.lead.object == "deal" else of_contacts
    pairs = set(_places(portal, first))
    if portal.lead.object == "deal":
        missing = {row for row, _ in of_deals}
        others = [(row, contact) for row, contact in of_contacts if row not in missing]
        rows = np.array([row for row, _ in others], dtype=np.int64)
        persons = pa.array([contact for _, contact in others], pa.string())
        place = contacts.people.deals_at(persons, us[rows])
        pairs |= {(row, lead) for row, lead in zip(rows.tolist(), place.tolist(), strict=True) if lead >= 0}
    ordered = sorted(pairs)
    return (
        np.array([row for row, _ in ordered], dtype=np.int64),
        np.array([lead for _, lead in ordered], dtype=np.int64),
    )


def _named(
    ids: list[str | None], cells: list[str | None], linked: Mapping[str, list[str]]
) -> list[tuple[int, str]]:
    pairs = []
    for row, (id_, cell) in enumerate(zip(ids, cells, strict=True)):
        pairs += [(row, other) for other in (*ids_in_cell(cell), *linked.get(id_ or "", ()))]
    return pairs


def _places(portal: Portal, named: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    places = portal.ids.places(pa.array([id_ for _, id_ in named], pa.string())).tolist()
    return ((row, place) for (row, _), place in zip(named, places, strict=True) if place >= 0)


def _directions(table: pa.Table, kinds: list[str]) -> list[str | None]:
    calls = [(text or "").casefold() for text in column(table, "hs_call_direction").to_pylist()]
    named = {"inbound": "inbound", "outbound": "outbound"}
    of_kind = {"incoming_email": "inbound", "email": "outbound"}
    return [named.get(text) or of_kind.get(kind) for text, kind in zip(calls, kinds, strict=True)]


def _minutes(table: pa.Table, kinds: list[str]) -> Floats:
    """Calls in minutes; HubSpot counts milliseconds."""
    read = read_numbers(column(table, "hs_call_duration"), ".").value / MINUTE_MS
    is_call = np.array([kind == "call" for kind in kinds], dtype=np.bool_)
    return np.asarray(np.where(is_call, read, np.nan))


def _email_events(portal: Portal, table: pa.Table, contacts: Contacts, seen: SeenIds) -> pa.Table:
    """One kind a type of event; what bots did is set aside."""
    export = portal.export
    filtered, _ = booleans(column(table, "filteredEvent"))
    table = export.leave(table, "by_a_bot", filtered)
    table = export.leave(table, "no_type", pc.is_null(column(table, "type")).to_numpy(zero_copy_only=False))
    emails = pc.utf8_lower(column(table, "recipient"))
    persons = pa.array([contacts.by_email.get(text or "") for text in emails.to_pylist()], pa.string())
    kinds = [f"email_{slug(text or '')}" for text in column(table, "type").to_pylist()]
    ids = column(table, "id").to_pylist()
    return _of_persons(portal, table, contacts, seen, _Events(persons, "created", kinds, ids, "email"))


def _form_submissions(portal: Portal, table: pa.Table, contacts: Contacts, seen: SeenIds) -> pa.Table:
    emails = pc.utf8_lower(column(table, "email"))
    by_email = pa.array([contacts.by_email.get(text or "") for text in emails.to_pylist()], pa.string())
    persons = pc.coalesce(whole_ids(column(table, "contact_id")), by_email)
    ids = column(table, "conversion_id").to_pylist()
    events = _Events(persons, "timestamp", ["form_submission"] * len(table), ids, "web")
    return _of_persons(portal, table, contacts, seen, events)


@dataclass(frozen=True)
class _Events:
    """Events (m,) of contacts: who, the column of the time, kind, id, and the channel of all."""

    persons: pa.Array
    time: str
    kinds: list[str]
    ids: list[str | None]
    channel: str


def _of_persons(
    portal: Portal, table: pa.Table, contacts: Contacts, seen: SeenIds, events: _Events
) -> pa.Table:
    export = portal.export
    read = export.times(table, events.time)
    lead = (
        contacts.people.deals_at(events.persons, read.us)
        if portal.lead.object == "deal"
        else portal.ids.places(events.persons)
    )
    again = ~seen.are_new(events.ids)
    kept = read.known & (lead >= 0) & ~again
    untimed, strange = ~read.known, read.known & (lead < 0)
    for reason, mask in (
        ("no_time", untimed),
        (f"of_no_{portal.lead.object}_of_the_export", strange),
        ("same_id_again", again & read.known & (lead >= 0)),
    ):
        export.leave(table, reason, mask)
    export.use(table.filter(pa.array(kept)))
    rows = np.flatnonzero(kept)
    count = len(rows)
    inbound = [None if kind.endswith(("_sent", "_delivered")) else "inbound" for kind in events.kinds]
    return Touches(
        lead=lead[rows],
        us=read.us[rows],
        entered_us=np.full(count, NO_TIME, dtype=np.int64),
        kind=[events.kinds[row] for row in rows.tolist()],
        id=[events.ids[row] for row in rows.tolist()],
        channel=[events.channel] * count,
        direction=[inbound[row] for row in rows.tolist()],
        value=np.full(count, np.nan),
    ).table(portal.ids.own)
