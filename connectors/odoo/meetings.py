"""Meetings, done activities and messages in list exports as interactions of their leads."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import numpy as np

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, are_planned
from connectors.odoo.crm import Crm
from connectors.odoo.messages import MESSAGE, Contact, Touch, contact_of, direction_of, read_people
from connectors.odoo.relations import Text, record_id, references, texts
from connectors.reading.export import DELETED, booleans, column
from connectors.reading.values import read_numbers

MEETING: Final = Contact("meeting", "meeting")
HOUR: Final = 60.0  # minutes; Odoo counts the duration of meetings in hours


def read_meetings(crm: Crm, touches: list[Touch], exported_us: int) -> None:
    """Meetings that have taken place; planned and archived ones are set aside."""
    export = crm.export
    table = export.table("calendar.event")
    deleted, _ = booleans(column(table, DELETED))
    _, inactive = booleans(column(table, "active"))
    table = export.leave(table, "deleted", deleted | inactive)
    lead = crm.places([record_id(text) for text in references(table, "opportunity_id").record_keys()])
    table, lead = export.leave(table, "of_no_lead_of_the_export", lead < 0), lead[lead >= 0]
    again = ~SeenIds().are_new(column(table, "id").to_pylist())
    table, lead = export.leave(table, "same_id_again", again), lead[~again]
    start = export.times(table, "start")
    table, lead = export.leave(table, "no_time", ~start.known), lead[start.known]
    us, created = export.times(table, "start").us, export.times(table, "create_date")
    entered = np.where(created.known, created.us, NO_TIME)
    planned = are_planned(us, entered, exported_us, export.options.now_us)
    table, lead = export.leave(table, "planned", planned), lead[~planned]
    export.use(table)
    us, created = export.times(table, "start").us, export.times(table, "create_date")
    known = np.where(created.known, created.us, NO_TIME)
    minutes = read_numbers(column(table, "duration"), ".").value * HOUR
    for row, id_ in enumerate(column(table, "id").to_pylist()):
        touches.append(
            Touch(int(lead[row]), int(us[row]), int(known[row]), f"calendar.event,{record_id(id_)}", MEETING,
                  float(minutes[row]))
        )  # fmt: skip


def read_activities(crm: Crm, touches: list[Touch]) -> None:
    """Activities of mail.activity: planned ones have not happened; done ones stand among the messages as well."""
    export = crm.export
    table = export.table("mail.activity")
    words = column(table, "res_model").to_pylist()
    foreign = np.array([word is not None and "lead" not in word.casefold() for word in words], dtype=np.bool_)
    table = export.leave(table, "of_another_model", foreign)
    owners = [record_id(text) for text in column(table, "res_id").to_pylist()]
    lead = crm.places(owners)
    table, lead = export.leave(table, "of_no_lead_of_the_export", lead < 0), lead[lead >= 0]
    again = ~SeenIds().are_new(column(table, "id").to_pylist())
    table, lead = export.leave(table, "same_id_again", again), lead[~again]
    done = export.times(table, "date_done")
    table, lead = export.leave(table, "planned", ~done.known), lead[done.known]
    if export.has("mail.message"):
        export.leave(table, "activity_that_the_messages_have", np.ones(len(table), dtype=np.bool_))
        return
    export.use(table)
    us = export.times(table, "date_done").us
    kinds = references(table, "activity_type_id").names(crm.names["mail_activity_type_id"])
    for row, (id_, name) in enumerate(zip(column(table, "id").to_pylist(), kinds, strict=True)):
        contact = contact_of(None, None, name or "activity")
        if contact is not None:
            touches.append(
                Touch(int(lead[row]), int(us[row]), NO_TIME, f"mail.activity,{record_id(id_)}", contact)
            )


def read_listed_messages(crm: Crm, touches: list[Touch], known: Collection[str]) -> None:
    """Messages in a list export of leads (`Messages/Date`); left out where the export has the messages themselves."""
    if known or not len(crm.children):
        return
    read = crm.export.times(crm.children, "message_ids.date")
    names = ("message_type", "subtype", "activity", "author")
    columns = (texts(crm.children, f"message_ids.{name}") for name in names)
    seen: dict[tuple[int, int, str], int] = {}
    people = read_people(crm)
    for row, (type_, subtype, activity, author) in enumerate(zip(*columns, strict=True)):
        contact = contact_of(type_, _word(subtype), _word(activity))
        if contact is None or not read.known[row]:
            continue
        if contact.kind == MESSAGE and author is not None:
            contact = replace(contact, direction=direction_of(author, people, int(crm.child_of[row])))
        key = (int(crm.child_of[row]), int(read.us[row]), contact.kind)
        seen[key] = seen.get(key, 0) + 1
        id_ = f"message_ids,{key[1]},{key[2]},{seen[key]}"  # list exports give messages without their ids
        touches.append(Touch(key[0], key[1], NO_TIME, id_, contact))


def _word(text: Text) -> Text:
    return text.rpartition("/")[2].strip() if text else None
