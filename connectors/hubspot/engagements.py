"""Engagements as interactions, read in batches: calls, e-mails, meetings, notes, tasks and messages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, Touches, are_planned, slug
from connectors.deals.people import People
from connectors.hubspot.links import Links
from connectors.hubspot.portal import Portal
from connectors.reading.export import DELETED, SOURCE, booleans, column
from connectors.reading.ids import ids_in_cell, whole_ids
from connectors.reading.values import read_numbers
from history.base.arrays import Floats, Ints, Mask

# The kind of an engagement that has no type, by a column that only its table has.
KIND_BY_COLUMN: Final = (
    ("hs_call", "call"), ("hs_email", "email"), ("hs_meeting", "meeting"), ("hs_note", "note"), ("hs_task", "task"),
    ("hs_communication", "communication"),
)  # fmt: skip
CHANNELS: Final = {
    "call": "phone", "email": "email", "incoming_email": "email", "forwarded_email": "email", "meeting": "meeting",
    "sms": "sms", "whats_app": "chat", "linkedin_message": "social",
}  # fmt: skip
TASKS: Final = ("task", "todo")
DONE_TASKS: Final = frozenset(("completed", "complete", "done"))
MADE_CALLS: Final = frozenset(("", "completed"))
NOT_HELD: Final = frozenset(("canceled", "cancelled", "no_show", "no show", "rescheduled"))
MINUTE_MS: Final = 60_000.0
# Columns that are added to a batch: the kind, when it happened, when it was entered (NO_TIME if unknown).
KIND, US, ENTERED_US = "_kind", "_us", "_entered_us"


@dataclass(frozen=True)
class Engagements:
    """What the engagements of a portal need: links to deals and contacts, deals of contacts, the export's time."""

    portal: Portal
    links: Links
    people: People
    exported_us: int
    seen: SeenIds = field(default_factory=SeenIds)

    def interactions(self) -> Iterator[pa.Table]:
        """Batches of `interactions` of all engagements that have taken place."""
        for batch in self.portal.export.batches("Engagement"):
            yield self._touches(self._happened(batch))

    def _happened(self, table: pa.Table) -> pa.Table:
        """The engagements that took place, with KIND, US and ENTERED_US."""
        export = self.portal.export
        archived, _ = booleans(column(table, "archived"))
        marked, _ = booleans(column(table, DELETED))
        table = export.leave(table, "deleted", archived | marked)
        table = table.append_column(KIND, pa.array(_kinds(self.portal, table), pa.string()))
        table = export.leave(table, "not_completed", _are_undone(table))
        us, created = _occurred(self.portal, table), export.times(table, "hs_createdate")
        table = table.append_column(US, pa.array(us))
        table = table.append_column(ENTERED_US, pa.array(np.where(created.known, created.us, NO_TIME)))
        table = export.leave(table, "no_time", us == NO_TIME)
        table = export.leave(table, "planned", self._are_planned(table))
        return export.leave(table, "same_id_again", ~self.seen.are_new(_ids(table)))

    def _are_planned(self, table: pa.Table) -> Mask:
        us, now_us = _ints(table, US), self.portal.export.options.now_us
        planned = are_planned(us, _ints(table, ENTERED_US), self.exported_us, now_us)
        return np.asarray(np.where(_can_be_planned(table), planned, us > now_us))

    def _touches(self, table: pa.Table) -> pa.Table:
        portal = self.portal
        rows, lead = self._leads(table)
        without = np.ones(len(table), dtype=np.bool_)
        without[rows] = False
        portal.export.use(portal.export.leave(table, f"of_no_{portal.lead.object}_of_the_export", without))
        table = table.take(pa.array(rows))
        kinds = column(table, KIND).to_pylist()
        return Touches(
            lead=lead,
            us=_ints(table, US),
            entered_us=_ints(table, ENTERED_US),
            kind=kinds,
            id=_ids(table),
            channel=[CHANNELS.get(kind) for kind in kinds],
            direction=_directions(table),
            value=_minutes(table),
        ).table(portal.ids.own)

    def _leads(self, table: pa.Table) -> tuple[Ints, Ints]:
        """Rows and leads: of each deal that an engagement names, else of the deal of its contacts at that time."""
        ids, is_deal = _ids(table), self.portal.lead.object == "deal"
        of_deals = _named(ids, column(table, "deal_ids").to_pylist(), self.links.engagement_deals)
        of_contacts = _named(ids, column(table, "contact_ids").to_pylist(), self.links.engagement_contacts)
        pairs = set(_places(self.portal, of_deals if is_deal else of_contacts))
        if is_deal:
            with_deals = {row for row, _ in of_deals}
            others = [(row, contact) for row, contact in of_contacts if row not in with_deals]
            rows = np.array([row for row, _ in others], dtype=np.int64)
            persons = pa.array([contact for _, contact in others], pa.string())
            place = self.people.deals_at(persons, _ints(table, US)[rows])
            pairs |= {
                (row, lead) for row, lead in zip(rows.tolist(), place.tolist(), strict=True) if lead >= 0
            }
        ordered = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        return ordered[:, 0], ordered[:, 1]


def _ids(table: pa.Table) -> list[str | None]:
    ids: list[str | None] = whole_ids(column(table, "engagement_id")).to_pylist()
    return ids


def _ints(table: pa.Table, name: str) -> Ints:
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


def _is_kind(table: pa.Table, *kinds: str) -> Mask:
    found = pc.is_in(column(table, KIND), value_set=pa.array(kinds, pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _words(table: pa.Table, name: str) -> list[str]:
    return [(text or "").casefold() for text in column(table, name).to_pylist()]


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


def _are_undone(table: pa.Table) -> Mask:
    """Tasks that are open, and meetings that were not held."""
    is_open = np.array(
        [bool(text) and text not in DONE_TASKS for text in _words(table, "hs_task_status")], dtype=np.bool_
    )
    not_held = np.array([text in NOT_HELD for text in _words(table, "hs_meeting_outcome")], dtype=np.bool_)
    return np.asarray((_is_kind(table, *TASKS) & is_open) | (_is_kind(table, "meeting") & not_held))


def _can_be_planned(table: pa.Table) -> Mask:
    """Meetings, tasks, and calls that are not made yet; e-mails and notes have happened."""
    unmade = np.array([text not in MADE_CALLS for text in _words(table, "hs_call_status")], dtype=np.bool_)
    return np.asarray(_is_kind(table, "meeting", *TASKS) | (_is_kind(table, "call") & unmade))


def _occurred(portal: Portal, table: pa.Table) -> Ints:
    """When an engagement took place; a task when it was completed."""
    planned, done = (portal.export.times(table, n) for n in ("hs_timestamp", "hs_task_completion_date"))
    us = np.where(planned.known, planned.us, NO_TIME)
    return np.asarray(np.where(_is_kind(table, *TASKS) & done.known, done.us, us))


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


def _directions(table: pa.Table) -> list[str | None]:
    named = {"inbound": "inbound", "outbound": "outbound"}
    of_kind = {"incoming_email": "inbound", "email": "outbound"}
    kinds = column(table, KIND).to_pylist()
    calls = _words(table, "hs_call_direction")
    return [named.get(text) or of_kind.get(kind) for text, kind in zip(calls, kinds, strict=True)]


def _minutes(table: pa.Table) -> Floats:
    """Calls in minutes; HubSpot counts milliseconds."""
    read = read_numbers(column(table, "hs_call_duration"), ".").value / MINUTE_MS
    return np.asarray(np.where(_is_kind(table, "call"), read, np.nan))
