"""E-mail events and form submissions of contacts as interactions, read in batches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, Touches, slug
from connectors.deals.people import People
from connectors.hubspot.portal import Portal
from connectors.reading.export import booleans, column
from connectors.reading.ids import whole_ids

SENT = (
    "_sent",
    "_delivered",
    "_processed",
    "_deferred",
    "_dropped",
)  # ends of kinds that the contact did not cause


@dataclass(frozen=True)
class Contacts:
    """The deals of each contact, and the contact of each e-mail address in small letters."""

    people: People
    by_email: Mapping[str, str]


@dataclass(frozen=True)
class _Events:
    """Events (m,) of contacts: who, the column of the time, kinds, ids, and the channel of all."""

    persons: pa.Array
    time: str
    kinds: list[str]
    ids: list[str | None]
    channel: str


def marketing_events(portal: Portal, contacts: Contacts) -> Iterator[pa.Table]:
    """Batches of `interactions` of e-mail events and form submissions."""
    seen = SeenIds()
    for batch in portal.export.batches("EmailEvent"):
        yield _email_events(portal, batch, contacts, seen)
    seen_forms = SeenIds()
    for batch in portal.export.batches("FormSubmission"):
        yield _form_submissions(portal, batch, contacts, seen_forms)


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
    inbound = [None if kind.endswith(SENT) else "inbound" for kind in events.kinds]
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
