"""Activities and notes as interactions, read in batches."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, Touches, slug
from connectors.deals.people import People
from connectors.pipedrive.company import Company, plain_ids
from connectors.reading.export import booleans, column
from connectors.reading.values import read_times
from history.base.arrays import Floats, Ints, Mask
from history.folder.values.columns import Times

CHANNELS: Final = {"call": "phone", "email": "email", "meeting": "meeting", "lunch": "meeting"}
DONE: Final = frozenset(
    ("done", "completed", "erledigt", "terminé", "hecho", "feito", "concluído", "fatto", "gedaan")
)


def interactions(company: Company, people: People) -> Iterator[pa.Table]:
    """Batches of `interactions` of activities that are done and of notes."""
    seen = SeenIds()
    for batch in company.export.batches("Activity"):
        yield _activities(company, batch, people, seen)
    seen_notes = SeenIds()
    for batch in company.export.batches("Note"):
        yield _notes(company, batch, people, seen_notes)


def _activities(company: Company, table: pa.Table, people: People, seen: SeenIds) -> pa.Table:
    export = company.export
    table = _without_deleted(company, table)
    table = export.leave(table, "not_done", ~_is_done(table))
    us = _occurred(company, table)
    table, us = export.leave(table, "no_time", us == NO_TIME), us[us != NO_TIME]
    planned = us > export.options.now_us  # an activity that is done has taken place, whenever it was due
    table, us = export.leave(table, "planned", planned), us[~planned]
    table, us, deal = _of_deals(company, table, us, people)
    again = ~seen.are_new(column(table, "id").to_pylist())
    table, us, deal = export.leave(table, "same_id_again", again), us[~again], deal[~again]
    export.use(table)
    kinds = [slug(text or "activity") for text in column(table, "type").to_pylist()]
    added = export.times(table, "add_time")
    return Touches(
        lead=deal,
        us=us,
        entered_us=np.where(added.known, added.us, NO_TIME),
        kind=kinds,
        id=_prefixed("activity", column(table, "id").to_pylist()),
        channel=[CHANNELS.get(kind) for kind in kinds],
        direction=[None] * len(kinds),
        value=_minutes(table),
    ).table(company.ids.own)


def _notes(company: Company, table: pa.Table, people: People, seen: SeenIds) -> pa.Table:
    export = company.export
    table = _without_deleted(company, table)
    added = export.times(table, "add_time")
    table, us = export.leave(table, "no_time", ~added.known), added.us[added.known]
    table, us, deal = _of_deals(company, table, us, people)
    again = ~seen.are_new(column(table, "id").to_pylist())
    table, us, deal = export.leave(table, "same_id_again", again), us[~again], deal[~again]
    export.use(table)
    count = len(table)
    return Touches(
        lead=deal,
        us=us,
        entered_us=us,
        kind=["note"] * count,
        id=_prefixed("note", column(table, "id").to_pylist()),
        channel=[None] * count,
        direction=[None] * count,
        value=np.full(count, np.nan),
    ).table(company.ids.own)


def _prefixed(kind: str, ids: Sequence[str | None]) -> list[str | None]:
    """Ids of activities and of notes are two sequences of numbers."""
    return [f"{kind} {id_}" if id_ else None for id_ in ids]


def _without_deleted(company: Company, table: pa.Table) -> pa.Table:
    _, inactive = booleans(column(table, "active_flag"))
    deleted, _ = booleans(column(table, "is_deleted"))
    marked, _ = booleans(column(table, "_deleted"))
    return company.export.leave(table, "deleted", inactive | deleted | marked)


def _is_done(table: pa.Table) -> Mask:
    done, _ = booleans(column(table, "done"))
    words = [(text or "").casefold() in DONE for text in column(table, "done").to_pylist()]
    return np.asarray(done | np.array(words, dtype=np.bool_))


def _occurred(company: Company, table: pa.Table) -> Ints:
    """The time of day for which an activity was planned, else when it was marked as done, else its day.

    An activity that is done before its time took place when it was marked.
    """
    marked, due = (company.export.times(table, name) for name in ("marked_as_done_time", "due_date"))
    exact = _exact_times(company, table)
    us = np.where(due.known, due.us, NO_TIME)
    us = np.where(marked.known, marked.us, us)
    early = exact.known & marked.known & (marked.us < exact.us)
    return np.asarray(np.where(exact.known & ~early, exact.us, us))


def _exact_times(company: Company, table: pa.Table) -> Times:
    """Due dates with a time of day, from two columns."""
    days, hours = column(table, "due_date").to_pylist(), column(table, "due_time").to_pylist()
    texts = [f"{day[:10]} {hour}" if day and hour else None for day, hour in zip(days, hours, strict=True)]
    return read_times(pa.array(texts, pa.string()), company.export.options.zone, company.export.order)


def _of_deals(company: Company, table: pa.Table, us: Ints, people: People) -> tuple[pa.Table, Ints, Ints]:
    """The rows of deals of the export: of the deal that is named, else of the person's deal at that time."""
    named = plain_ids(column(table, "deal_id"))
    own = company.ids.places(named)
    of_person = people.deals_at(plain_ids(column(table, "person_id")), us)
    deal = np.where(pc.is_valid(named).to_numpy(zero_copy_only=False), own, of_person)
    kept = deal >= 0
    table = company.export.leave(table, "of_no_deal_of_the_export", ~kept)
    return table, us[kept], deal[kept]


def _minutes(table: pa.Table) -> Floats:
    """Durations such as 00:30 in minutes."""
    minutes = []
    for text in column(table, "duration").to_pylist():
        hours, mark, rest = (text or "").partition(":")
        is_time = mark and hours.isdigit() and rest[:2].isdigit()
        minutes.append(int(hours) * 60.0 + int(rest[:2]) if is_time else np.nan)
    return np.array(minutes, dtype=np.float64)
