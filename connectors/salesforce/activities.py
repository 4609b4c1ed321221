"""Tasks and events as interactions, read in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME, times
from connectors.deals.interactions import SeenIds, are_planned, slug
from connectors.deals.people import People
from connectors.reading.export import Export, booleans, column
from connectors.reading.hashes import Places
from connectors.reading.values import end_of_day, read_numbers
from connectors.salesforce.ids import OPPORTUNITY_PREFIX, keys
from connectors.salesforce.org import without_deleted
from history.base.arrays import Floats, Ints, Mask

# Status of a completed task in the usual languages.
DONE: Final = frozenset((
    "completed", "erledigt", "abgeschlossen", "terminé", "terminée", "completado", "completada", "concluído",
    "concluída", "completato", "completata", "voltooid", "zakończone", "befejezett", "已完成", "完了", "done", "closed",
))  # fmt: skip
EXACT_TIMES: Final = {
    "Task": ("CompletedDateTime",),
    "Event": ("StartDateTime", "ActivityDateTime", "EndDateTime"),
}
CHANNELS: Final = {
    "call": "phone", "email": "email", "list_email": "email", "linkedin": "social", "meeting": "meeting",
}  # fmt: skip
SECONDS: Final = 60.0  # a call's value is in minutes
LEAD: Final = "_lead"


@dataclass(frozen=True)
class Targets:
    """The records whose activities are those of the leads (n,) with these ids.

    keys (m,): ids of records; place (m,): the lead of each. contacts: persons whose activities are those of a lead too.
    """

    export: Export
    exported_us: int
    ids: Sequence[str]
    keys: pa.Array
    place: Ints
    contacts: People

    def places(self, array: pa.Array) -> Ints:
        """The lead of each record's id (k,), -1 without one."""
        place: Ints = np.append(self.place, -1)[self._index.of(keys(array))]
        return place

    @cached_property
    def _index(self) -> Places:
        return Places(self.keys)


def interactions(targets: Targets) -> Iterator[pa.Table]:
    """Batches of `interactions`: of each lead's own records, and of its contacts if no other opportunity is named."""
    ids = pa.array(targets.ids, pa.string())
    for kind in ("Task", "Event"):
        several = sum(source.kind.name == kind for source in targets.export.sources) > 1
        seen = SeenIds()
        for batch in targets.export.batches(kind):
            table = without_deleted(targets.export, batch)
            place = _places(targets, table, kind)
            table = targets.export.leave(table, "of_no_lead_of_the_export", place < 0)
            table = table.append_column(LEAD, ids.take(pa.array(place[place >= 0])))
            if several:
                again = ~seen.are_new(keys(column(table, "Id")))
                table = targets.export.leave(table, "same_id_again", again)
            if kind == "Event":
                tasks = pa.array(_are_tasks(table))
                yield _happened(targets, table.filter(tasks), "Task")
                table = table.filter(pc.invert(tasks))
            yield _happened(targets, table, kind)


def _are_tasks(table: pa.Table) -> Mask:
    """Which rows of a report of both objects are tasks (n,): those without a start that have a status."""
    timed, of_task = (
        np.any([column(table, name).is_valid().to_numpy(zero_copy_only=False) for name in names], axis=0)
        for names in (EXACT_TIMES["Event"], ("Status", "IsClosed", "TaskSubtype", "CompletedDateTime"))
    )
    return np.asarray(~timed & of_task)


def _places(targets: Targets, table: pa.Table, kind: str) -> Ints:
    """The lead of each activity (n,): of what it is about, else of whom it is with, -1 without one."""
    what, who = column(table, "WhatId"), column(table, "WhoId")
    place = targets.places(what)
    place = np.where(place >= 0, place, targets.places(who))
    of_deal = pc.fill_null(pc.starts_with(what, OPPORTUNITY_PREFIX), False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero((place < 0) & ~of_deal) if targets.contacts.any else np.zeros(0, dtype=np.int64)
    if len(rows):
        some = table.take(pa.array(rows))
        us = _occurred(targets.export, some, kind)
        place[rows] = targets.contacts.deals_at(keys(column(some, "WhoId")), us)
    return place


def _happened(targets: Targets, table: pa.Table, kind: str) -> pa.Table:
    """The rows that took place; what is not done, has no time or is planned is set aside."""
    export = targets.export
    if kind == "Task":
        table = export.leave(table, "not_completed", ~_is_done(export, table))
    occurred = _occurred(export, table, kind)
    table = export.leave(table, "no_time", occurred == NO_TIME)
    occurred = occurred[occurred != NO_TIME]
    entered = _entered(export, table, occurred)
    now_us = export.options.now_us
    ahead = are_planned(occurred, entered, targets.exported_us, now_us)
    planned = ahead if kind == "Event" else occurred > now_us  # a completed task has happened
    table, occurred, entered = export.leave(table, "planned", planned), occurred[~planned], entered[~planned]
    export.use(table)

    recorded = np.where(entered > occurred, entered, NO_TIME)
    kinds = _kinds(table, kind)
    channels = pa.array([CHANNELS.get(text) for text in kinds.dictionary.to_pylist()], pa.string())
    minutes = _minutes(table, kind)
    return pa.table(
        {
            "lead_id": column(table, LEAD),
            "occurred_at": times(occurred),
            "kind": kinds.dictionary_decode(),
            "interaction_id": column(table, "Id"),
            "recorded_at": times(recorded),
            "channel": channels.take(kinds.indices),
            "direction": _direction(table),
            "value": pa.array(minutes, mask=~np.isfinite(minutes)),
        }
    )


def _entered(export: Export, table: pa.Table, occurred: Ints) -> Ints:
    """When each activity was entered, NO_TIME if unknown: of a bare date after the activity its end."""
    created = export.times(table, "CreatedDate")
    late = created.is_date & (created.us > occurred)
    us = np.where(late, end_of_day(created.us, export.options.zone), created.us)
    return np.asarray(np.where(created.known, us, NO_TIME))


def _direction(table: pa.Table) -> pa.Array:
    call = pc.utf8_lower(column(table, "CallType"))
    known = pc.is_in(call, value_set=pa.array(["inbound", "outbound"]))
    return pc.if_else(known, call, pa.scalar(None, pa.string()))


def _minutes(table: pa.Table, kind: str) -> Floats:
    if kind == "Event":
        return read_numbers(column(table, "DurationInMinutes"), ".").value
    return np.asarray(read_numbers(column(table, "CallDurationInSeconds"), ".").value / SECONDS)


def _is_done(export: Export, table: pa.Table) -> Mask:
    """Completed tasks, by IsClosed or the usual words of Status; without both all are."""
    closed, is_open = booleans(column(table, "IsClosed"))
    unknown = ~closed & ~is_open
    if not unknown.any():
        return closed
    status = pc.utf8_lower(column(table, "Status"))
    done = pc.fill_null(pc.is_in(status, value_set=pa.array(sorted(DONE))), False)
    without = pc.is_null(status).to_numpy(zero_copy_only=False)
    completed = export.times(table, "CompletedDateTime").known
    return np.asarray(closed | (unknown & (done.to_numpy(zero_copy_only=False) | completed | without)))


def _occurred(export: Export, table: pa.Table, kind: str) -> Ints:
    """When an activity happened; a bare date of the day on which it was entered is the time of the entry."""
    us = np.full(len(table), NO_TIME, dtype=np.int64)
    for name in EXACT_TIMES[kind]:
        missing = us == NO_TIME
        if missing.any():
            read = export.times(table, name)
            us = np.where(missing & read.known, read.us, us)
    missing = us == NO_TIME
    if not missing.any():
        return us
    day, created = export.times(table, "ActivityDate"), export.times(table, "CreatedDate")
    end = end_of_day(day.us, export.options.zone)
    same_day = created.known & (created.us >= day.us) & (created.us <= end)
    us = np.where(missing & day.known, np.where(same_day, created.us, day.us), us)
    return np.asarray(np.where((us == NO_TIME) & created.known, created.us, us))


def _kinds(table: pa.Table, kind: str) -> pa.DictionaryArray:
    """The kind of each activity: its type, else its subtype, else the object's own word."""
    subtype = column(table, "TaskSubtype" if kind == "Task" else "EventSubtype")
    word = "task" if kind == "Task" else "meeting"
    raw = pc.fill_null(pc.coalesce(column(table, "Type"), subtype), word)
    encoded = (raw.combine_chunks() if isinstance(raw, pa.ChunkedArray) else raw).dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        encoded.indices, pa.array(list(map(slug, encoded.dictionary.to_pylist())), pa.string())
    )
