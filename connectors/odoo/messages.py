"""Messages, done activities and meetings of leads: interactions, and the times of tracked changes."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, Touches, slug
from connectors.odoo.crm import Crm
from connectors.odoo.relations import Text, record_id, references, texts
from connectors.reading.export import DELETED, booleans, column
from history.base.arrays import Ints, Mask

MODEL: Final = "crm.lead"
MODEL_WORDS: Final = frozenset((MODEL, "lead", "lead/opportunity", "opportunity"))
NOTE_IDS: Final = frozenset(("2",))  # of the subtype Note, the second record of every database
NOTE_WORDS: Final = frozenset(
    ("note", "notes", "notiz", "nota", "notitie", "notatka", "remarque", "备注", "メモ")
)
NOTE: Final = "note"
MESSAGE: Final = "message"  # to or from the followers of a lead
INBOUND: Final = "inbound"
OUTBOUND: Final = "outbound"
ACTIVITY_CHANNELS: Final = {"call": "phone", "email": "email", "meeting": "meeting", "phonecall": "phone"}
# A merge moves the messages of the other leads to the survivor and puts this before their subjects.
OF_MERGED: Final = re.compile(r"^(from|von|de|da|van|od|do|fra|från|来自|从)\s.+?\s?[:：]", re.IGNORECASE)


@dataclass(frozen=True)
class Contact:
    """An exchange of one kind, with its channel and direction if they are known."""

    kind: str
    channel: Text = None
    direction: Text = None


# message_type -> kind, channel, direction of what people exchange.
EXCHANGED: Final = {
    "email": Contact("email", "email", INBOUND), "incoming_email": Contact("email", "email", INBOUND),
    "email_outgoing": Contact("email", "email", OUTBOUND), "outgoing_email": Contact("email", "email", OUTBOUND),
    "sms": Contact("sms", "sms", OUTBOUND), "whatsapp_message": Contact("whatsapp", "chat", OUTBOUND),
    "whatsapp": Contact("whatsapp", "chat", OUTBOUND), "snailmail": Contact("letter", "mail", OUTBOUND),
}  # fmt: skip


@dataclass(frozen=True)
class Posted:
    """Messages of leads (m,) by their id: the lead, when, and whether they came with a lead that was merged."""

    place: dict[str, int]
    lead: Ints
    us: Ints
    of_merged: Mask


@dataclass(frozen=True)
class Touch:
    """One interaction of a lead; known_us is when it was entered, NO_TIME at once."""

    lead: int
    us: int
    known_us: int
    id: str
    contact: Contact
    minutes: float = float("nan")


def touch_table(touches: Sequence[Touch], ids: Sequence[str]) -> pa.Table:
    """The rows of `interactions`."""
    contacts = [touch.contact for touch in touches]
    return Touches(
        lead=np.array([touch.lead for touch in touches], dtype=np.int64),
        us=np.array([touch.us for touch in touches], dtype=np.int64),
        entered_us=np.array([touch.known_us for touch in touches], dtype=np.int64),
        kind=[contact.kind for contact in contacts],
        id=[touch.id for touch in touches],
        channel=[contact.channel for contact in contacts],
        direction=[contact.direction for contact in contacts],
        value=np.array([touch.minutes for touch in touches], dtype=np.float64),
    ).table(ids)


@dataclass(frozen=True)
class People:
    """Contacts (ids or names) of users, and of each lead (n,)."""

    users: frozenset[str]
    of_lead: Sequence[Text]


def read_messages(crm: Crm, touches: list[Touch], tracked: Collection[str]) -> Posted:
    """The messages of leads; those in which people met, wrote or called become interactions.

    tracked: ids of messages with tracked changes; other messages of the system are set aside.
    """
    people, seen = read_people(crm), SeenIds()
    posted: tuple[list[str], list[Ints], list[Ints], list[Mask]] = ([], [], [], [])
    for batch in crm.export.batches("mail.message"):
        table, lead = _of_leads(crm, batch)
        again = ~seen.are_new(column(table, "id").to_pylist())
        table, lead = crm.export.leave(table, "same_id_again", again), lead[~again]
        read = crm.export.times(table, "date")
        table, lead = crm.export.leave(table, "no_time", ~read.known), lead[read.known]
        ids = [record_id(text) or "" for text in column(table, "id").to_pylist()]
        contacts = _contacts(crm, table, lead, people)
        idle = np.array(
            [contact is None and id_ not in tracked for contact, id_ in zip(contacts, ids, strict=True)],
            dtype=np.bool_,
        )
        _touch(crm, touches, table, lead, contacts)
        crm.export.use(crm.export.leave(table, "no_interaction", idle))
        subjects = column(table, "subject").to_pylist()
        posted[0].extend(ids)
        posted[1].append(lead)
        posted[2].append(crm.export.times(table, "date").us)
        posted[3].append(np.array([of_merged(text) for text in subjects], dtype=np.bool_))
    nothing = np.zeros(0, dtype=np.int64)
    return Posted(
        {id_: place for place, id_ in enumerate(posted[0])},
        np.concatenate((nothing, *posted[1])),
        np.concatenate((nothing, *posted[2])),
        np.concatenate((nothing.astype(np.bool_), *posted[3])),
    )


def of_merged(subject: Text) -> bool:
    """Whether a message with this subject came with a lead that was merged into another."""
    return OF_MERGED.match(subject or "") is not None


def _of_leads(crm: Crm, table: pa.Table) -> tuple[pa.Table, Ints]:
    """The messages of leads of the export, and the place of each message's lead."""
    export = crm.export
    deleted, _ = booleans(column(table, DELETED))
    table = export.leave(table, "deleted", deleted)
    words = column(table, "model").to_pylist()
    foreign = [word is not None and word.casefold() not in MODEL_WORDS for word in words]
    table = export.leave(table, "of_another_model", np.array(foreign, dtype=np.bool_))
    owners = pc.coalesce(column(table, "res_id"), column(table, "parent.Id")).to_pylist()
    lead = crm.places([record_id(text) for text in owners])
    return export.leave(table, "of_no_lead_of_the_export", lead < 0), lead[lead >= 0]


def read_people(crm: Crm) -> People:
    return People(frozenset(crm.names["user_contact"]), references(crm.leads, "partner_id").record_keys())


def _contacts(crm: Crm, table: pa.Table, lead: Ints, people: People) -> list[Contact | None]:
    """The exchange in each message; None for a message of the system itself."""
    activities = references(table, "mail_activity_type_id").names(crm.names["mail_activity_type_id"])
    subtypes = references(table, "subtype_id")
    internal, _ = booleans(column(table, "is_internal"))
    rows = zip(
        texts(table, "message_type"), activities, subtypes.names(crm.names["subtype_id"]), subtypes.ids(),
        internal.tolist(), references(table, "author_id").record_keys(), lead.tolist(), strict=True,
    )  # fmt: skip
    contacts: list[Contact | None] = []
    for type_, activity, subtype, subtype_id, is_internal, author, owner in rows:
        if is_internal or subtype_id in NOTE_IDS:
            subtype = NOTE
        contact = contact_of(type_, subtype, activity)
        if contact is not None and contact.kind == MESSAGE:
            contact = Contact(MESSAGE, contact.channel, direction_of(author, people, owner))
        contacts.append(contact)
    return contacts


def contact_of(type_: Text, subtype: Text, activity: Text) -> Contact | None:
    """The exchange in a message of this type and subtype, or in a done activity; None for one of the system itself."""
    if activity:
        kind = slug(activity)
        return Contact(kind, next((c for word, c in ACTIVITY_CHANNELS.items() if word in kind), None))
    word = (type_ or "").casefold().replace(" ", "_")
    if word != "comment":
        return EXCHANGED.get(word)
    return Contact(NOTE) if (subtype or "").casefold() in NOTE_WORDS else Contact(MESSAGE, "email")


def direction_of(author: Text, people: People, lead: int) -> Text:
    """Outbound by a user, inbound by anyone else; without the table of users, inbound by the lead's contact."""
    if people.users and author:
        return OUTBOUND if author in people.users else INBOUND
    return INBOUND if author is not None and author == people.of_lead[lead] else OUTBOUND


def _touch(
    crm: Crm, touches: list[Touch], table: pa.Table, lead: Ints, contacts: Sequence[Contact | None]
) -> None:
    occurred, created = crm.export.times(table, "date"), crm.export.times(table, "create_date")
    known = np.where(created.known, created.us, NO_TIME)
    ids = column(table, "id").to_pylist()
    for row, contact in enumerate(contacts):
        if contact is not None:
            us, known_us = int(occurred.us[row]), int(known[row])
            touches.append(
                Touch(int(lead[row]), us, known_us, f"mail.message,{record_id(ids[row])}", contact)
            )
