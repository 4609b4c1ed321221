"""Opportunities of persons: a closed one decides its primary person, a new one reopens a lost person."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.records import RecordKind, newest_records, with_good_ids
from connectors.persons.events import EventNames
from connectors.persons.rows import PersonRows, Role, each_word, slug
from connectors.persons.streams import first_number
from connectors.reading.export import DELETED, Export, booleans, column
from connectors.reading.ids import whole_ids
from connectors.reading.values import end_of_day
from connectors.reading.words import outcome_of
from history.base.arrays import Flags, Ints, Mask
from history.folder.values.columns import Times

NOT_PRIMARY: Final = "not_the_primary_person"
NO_OPPORTUNITY: Final = "of_no_opportunity"
NO_PERSON: Final = "opportunity_of_no_person"
NO_PRIMARY: Final = "opportunities have several persons and no {}: the first person in the file counts"
UNDATED: Final = "opportunities closed without a date: they count as closed at their last change"
NUMBER_DIGITS: Final = 18  # more do not fit into 64 bits
OPEN: Final = "open_opportunity"  # why it decides nothing


@dataclass(frozen=True)
class OpportunityKind:
    """The fields of opportunities and of their link to persons.

    won, closed: fields that hold true or false; status: a field of words such as Won. person: a field of the
    opportunity itself. first_created: of several persons the one with the lowest number, where no link is primary.
    """

    records: RecordKind
    links: str
    link_opportunity: str
    link_person: str
    link_primary: str
    closed_at: str
    stage: str
    amount: str
    currency: str
    reason: str
    won: str = ""
    closed: str = ""
    status: str = ""
    person: str = ""
    first_created: bool = False


@dataclass(frozen=True)
class Evidence:
    """What other tables tell of opportunities: links (opportunity, person), closing times, and the persons who are
    there (None: unknown). latest_us: the latest time of the export, NO_TIME if unknown.
    """

    links: Sequence[tuple[str, str]] = ()
    closed_us: Mapping[str, int] = field(default_factory=dict)
    people: Collection[str] | None = None
    latest_us: int = NO_TIME


def opportunity_rows(
    export: Export, kind: OpportunityKind, names: EventNames, evidence: Evidence
) -> Iterator[PersonRows]:
    """Decisions at the closing date of the primary person, and reopenings at the creation."""
    table = export.table(kind.records.name)
    person_of = _primary_persons(export, kind, table, evidence)
    if not len(table):
        return
    table = newest_records(export, with_good_ids(export, table, kind.records), kind.records).current
    orphaned = pc.is_null(_persons(table, kind, person_of)).to_numpy(zero_copy_only=False)
    table = export.leave(table, NO_PERSON, orphaned)
    yield _reopenings(_persons(table, kind, person_of), export.times(table, kind.records.created))

    table = export.leave(table, OPEN, _roles(table, kind, names) == Role.STATEMENT)
    count = len(table)
    yield PersonRows(
        table, _closings(export, table, kind, evidence), np.full(count, NO_TIME), _roles(table, kind, names),
        np.zeros(count, np.bool_),
        {
            "known": _persons(table, kind, person_of),
            "kind": _slugs(column(table, kind.stage)),
            "currency": column(table, kind.currency),
            "reason": column(table, kind.reason),
        },
        amount=first_number(export, table, (kind.amount,), of="an amount"),
    )  # fmt: skip


def _closings(export: Export, table: pa.Table, kind: OpportunityKind, evidence: Evidence) -> Ints:
    """When each opportunity (m,) closed: its date, else as other tables tell, else at its last change."""
    read = export.times(table, kind.closed_at)
    us = np.where(read.is_date, end_of_day(read.us, export.options.zone), read.us)
    us = np.where(read.known, us, NO_TIME)
    told = [evidence.closed_us.get(id_ or "", NO_TIME) for id_ in _ids(table, kind)]
    us = np.where(us == NO_TIME, np.array(told, dtype=np.int64), us)
    undated = us == NO_TIME
    for name in kind.records.modified:
        changed = export.times(table, name)
        us = np.where((us == NO_TIME) & changed.known, changed.us, us)
    latest = export.options.now_us if evidence.latest_us == NO_TIME else evidence.latest_us
    us = np.where(us == NO_TIME, latest, us)
    export.tally(UNDATED, int(undated.sum()))
    return np.minimum(us, export.options.now_us)


def _ids(table: pa.Table, kind: OpportunityKind) -> list[str | None]:
    ids: list[str | None] = whole_ids(column(table, kind.records.id)).to_pylist()
    return ids


def _slugs(array: pa.Array) -> pa.Array:
    return each_word(array, slug)


def _roles(table: pa.Table, kind: OpportunityKind, names: EventNames) -> Flags:
    """WON, LOST, or STATEMENT for an open opportunity: by --won and --lost, the system's marks, and the usual words."""
    stages = column(table, kind.stage)
    words = [column(table, kind.status).to_pylist(), stages.to_pylist()]
    by_word = [
        next((o for o in (outcome_of(w or "") for w in pair) if o), None) for pair in zip(*words, strict=True)
    ]
    won, not_won = booleans(column(table, kind.won))
    closed, _ = booleans(column(table, kind.closed))
    is_won = won | np.array([word == "won" for word in by_word], dtype=np.bool_)
    is_lost = (closed & not_won) | np.array([word == "lost" for word in by_word], dtype=np.bool_)
    slugs = _slugs(stages)
    chosen = names.roles(slugs)
    is_won = chosen == Role.WON if names.won else is_won
    is_lost = chosen == Role.LOST if names.lost else is_lost & ~is_won
    return np.where(is_won, Role.WON, np.where(is_lost, Role.LOST, Role.STATEMENT)).astype(np.int8)


def _persons(table: pa.Table, kind: OpportunityKind, person_of: dict[str, str]) -> pa.Array:
    return pa.array([person_of.get(id_ or "") for id_ in _ids(table, kind)], pa.string())


def _reopenings(persons: pa.Array, created: Times) -> PersonRows:
    """A stage entry without a name: it opens a person who is lost, and says nothing of others."""
    kept = created.known
    count = int(kept.sum())
    return PersonRows(
        None, created.us[kept], np.full(count, NO_TIME), np.full(count, Role.STAGE, np.int8),
        np.zeros(count, np.bool_), {"known": persons.filter(pa.array(kept))},
    )  # fmt: skip


@dataclass(frozen=True)
class _Links:
    """Links (n,) of opportunities and persons; the first rows are those of the table of links."""

    opportunity: list[str | None]
    person: list[str | None]
    primary: Mask

    def order(self, evidence: Evidence, first_created: bool) -> list[int]:
        """The links in the order in which they count: of persons who are there, primary ones, then by number or row."""
        people = evidence.people
        absent = np.array([people is not None and who not in people for who in self.person], dtype=np.bool_)
        number = [
            int(who) if first_created and who and who.isdecimal() and len(who) < NUMBER_DIGITS else 0
            for who in self.person
        ]
        places = np.arange(len(self.person))
        order: list[int] = np.lexsort(
            (places, np.array(number, dtype=np.int64), ~self.primary, absent)
        ).tolist()
        return order


def _links(table: pa.Table, opportunities: pa.Table, kind: OpportunityKind, evidence: Evidence) -> _Links:
    opportunity = whole_ids(column(table, kind.link_opportunity)).to_pylist()
    person = whole_ids(column(table, kind.link_person)).to_pylist()
    further = [*evidence.links]
    if kind.person:
        own = whole_ids(column(opportunities, kind.person)).to_pylist()
        further += [(a, b) for a, b in zip(_ids(opportunities, kind), own, strict=True) if a and b]
    primary = np.concatenate(
        (booleans(column(table, kind.link_primary))[0], np.zeros(len(further), np.bool_))
    )
    return _Links(opportunity + [a for a, _ in further], person + [b for _, b in further], primary)


def _primary_persons(
    export: Export, kind: OpportunityKind, opportunities: pa.Table, evidence: Evidence
) -> dict[str, str]:
    """opportunity -> its primary person, else the first linked one; other links are set aside."""
    table = export.table(kind.links)
    table = export.leave(table, "deleted", booleans(column(table, DELETED))[0])
    links = _links(table, opportunities, kind, evidence)
    listed = set(_ids(opportunities, kind))
    chosen: dict[str, int] = {}
    for row in links.order(evidence, kind.first_created):
        id_ = links.opportunity[row]
        if id_ in listed and id_ is not None and links.person[row] is not None:
            chosen.setdefault(id_, row)
    persons = {id_: links.person[row] or "" for id_, row in chosen.items()}
    if kind.link_primary and not export.has_field(kind.links, kind.link_primary):
        export.tally(NO_PRIMARY.format(kind.link_primary), _several(links, chosen))

    rows = list(zip(links.opportunity, links.person, strict=True))[: len(table)]
    known = np.array([id_ in chosen for id_, _ in rows], dtype=np.bool_)
    is_used = np.zeros(len(table), dtype=np.bool_)
    is_used[[row for row in chosen.values() if row < len(table)]] = True
    repeated = np.array([persons.get(id_ or "") == who for id_, who in rows], dtype=np.bool_)
    export.use(table.filter(pa.array(is_used)))
    for reason, mask in (
        (NO_OPPORTUNITY, ~known),
        ("double", known & ~is_used & repeated),
        (NOT_PRIMARY, known & ~is_used & ~repeated),
    ):
        export.leave(table, reason, mask)
    return persons


def _several(links: _Links, chosen: Mapping[str, int]) -> int:
    """How many opportunities have more than one person."""
    persons: dict[str, set[str]] = {}
    for id_, who in zip(links.opportunity, links.person, strict=True):
        if id_ in chosen and id_ is not None and who is not None:
            persons.setdefault(id_, set()).add(who)
    return sum(len(people) > 1 for people in persons.values())
