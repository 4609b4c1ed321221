"""Opportunities of persons: a closed one decides its primary person, a new one reopens a lost person."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals import NO_TIME
from connectors.export import Export, booleans, column
from connectors.ids import whole_ids
from connectors.persons.events import EventNames
from connectors.persons.rows import PersonRows, Role, each_word, slug
from connectors.persons.streams import first_number
from connectors.records import RecordKind, newest_records, with_good_ids
from connectors.values import end_of_day
from connectors.words import outcome_of
from history.arrays import Flags
from history.folder.columns import Times

NOT_PRIMARY: Final = "not_the_primary_person"
NO_OPPORTUNITY: Final = "of_no_opportunity"
NO_PERSON: Final = "opportunity_of_no_person"
NO_TIME_OF_CLOSING: Final = "closed_without_a_date"
OPEN: Final = "open_opportunity"  # why it decides nothing


@dataclass(frozen=True)
class OpportunityKind:
    """The fields of opportunities and of their link to persons.

    won, closed: fields that hold true or false; status: a field of words such as Won.
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


def opportunity_rows(export: Export, kind: OpportunityKind, names: EventNames) -> Iterator[PersonRows]:
    """Decisions at the closing date of the primary person, and reopenings at the creation."""
    table = export.table(kind.records.name)
    person_of = _primary_persons(export, kind, set(column(table, kind.records.id).to_pylist()))
    if not len(table):
        return
    table = newest_records(export, with_good_ids(export, table, kind.records), kind.records).current
    orphaned = pc.is_null(_persons(table, kind, person_of)).to_numpy(zero_copy_only=False)
    table = export.leave(table, NO_PERSON, orphaned)
    yield _reopenings(_persons(table, kind, person_of), export.times(table, kind.records.created))

    table = export.leave(table, OPEN, _roles(table, kind, names) == Role.STATEMENT)
    table = export.leave(table, NO_TIME_OF_CLOSING, ~export.times(table, kind.closed_at).known)
    closed_at = export.times(table, kind.closed_at)
    us = np.where(closed_at.is_date, end_of_day(closed_at.us, export.options.zone), closed_at.us)
    count = len(table)
    yield PersonRows(
        table, np.minimum(us, export.options.now_us), np.full(count, NO_TIME), _roles(table, kind, names),
        np.zeros(count, np.bool_),
        {
            "known": _persons(table, kind, person_of),
            "kind": _slugs(column(table, kind.stage)),
            "currency": column(table, kind.currency),
            "reason": column(table, kind.reason),
        },
        amount=first_number(export, table, (kind.amount,)),
    )  # fmt: skip


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
    ids = column(table, kind.records.id).to_pylist()
    return pa.array([person_of.get(id_ or "") for id_ in ids], pa.string())


def _reopenings(persons: pa.Array, created: Times) -> PersonRows:
    """A stage entry without a name: it opens a person who is lost, and says nothing of others."""
    kept = created.known
    count = int(kept.sum())
    return PersonRows(
        None, created.us[kept], np.full(count, NO_TIME), np.full(count, Role.STAGE, np.int8),
        np.zeros(count, np.bool_), {"known": persons.filter(pa.array(kept))},
    )  # fmt: skip


def _primary_persons(export: Export, kind: OpportunityKind, opportunities: set[str | None]) -> dict[str, str]:
    """opportunity -> its primary person, else the first linked one; other links are set aside."""
    table = export.table(kind.links)
    opportunity = column(table, kind.link_opportunity).to_pylist()
    person = whole_ids(column(table, kind.link_person)).to_pylist()
    primary, _ = booleans(column(table, kind.link_primary))
    chosen: dict[str, int] = {}
    for row in np.lexsort((np.arange(len(table)), ~primary)).tolist():
        id_ = opportunity[row]
        if id_ in opportunities and id_ is not None and person[row] is not None:
            chosen.setdefault(id_, row)
    known = np.array([id_ in chosen for id_ in opportunity], dtype=np.bool_)
    is_used = np.zeros(len(table), dtype=np.bool_)
    is_used[list(chosen.values())] = True
    repeated = np.array(
        [id_ in chosen and person[chosen[id_]] == who for id_, who in zip(opportunity, person, strict=True)],
        dtype=np.bool_,
    )
    export.use(table.filter(pa.array(is_used)))
    for reason, rows in (
        (NO_OPPORTUNITY, ~known),
        ("double", known & ~is_used & repeated),
        (NOT_PRIMARY, known & ~is_used & ~repeated),
    ):
        export.leave(table, reason, rows)
    return {id_: person[row] or "" for id_, row in chosen.items()}
