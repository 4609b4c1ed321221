"""Names of stored events: the caller's event_id, or one of ours for rows that came without one.

Rows of a loaded folder and changes by PUT have no event_id; events that an older version stored have only its digest.
They are named by their place in the store, which never changes.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, Table, bindparam, select, union_all

from serving.store import schema as db
from serving.store.database.statements import PreparedQuery
from serving.store.leads.lead_rows import LeadRows
from serving.store.schema import LEAD_NO

PREFIX = "leadcast:"
_FORM = re.compile(rf"{PREFIX}(\d{{1,18}})-(\d{{1,18}})", re.ASCII)

FEW_ROWS: Final = 200  # of a lead: all of its names take less time than those of the rows of a page


def _names_in(table: Table) -> Select[Any]:
    """row_no and the sender's event_id of one lead's rows that have one."""
    return (
        select(table.c.row_no, db.event_ids.c.event_id)
        .join_from(table, db.event_ids, table.c.event_key == db.event_ids.c.event_key)
        .where(table.c.lead_no == bindparam("lead_no"), db.event_ids.c.event_id.is_not(None))
    )


# One statement for all tables: on a server each is a round trip.
_NAMES = PreparedQuery.of_lists({table.name: (_names_in(table), table.c.row_no) for table in db.FACTS})
_ALL_NAMES = PreparedQuery(union_all(*map(_names_in, db.FACTS)))
_INTERACTIONS = db.interactions.c
# Without a condition on the id: SQLite would search the index of ids, through all of the lead's, 3 ms of 10,000.
_INTERACTION_IDS = PreparedQuery(
    select(_INTERACTIONS.row_no, _INTERACTIONS.interaction_id).where(
        _INTERACTIONS.lead_no == bindparam("lead_no")
    ),
    among=_INTERACTIONS.row_no,
)
_CHANGES = db.attribute_changes.c
_CHANGE_KEYS = PreparedQuery(
    select(_CHANGES.row_no, _CHANGES.event_key).where(
        _CHANGES.lead_no == bindparam("lead_no"), _CHANGES.event_key.is_not(None)
    )
)


class RowPlace(NamedTuple):
    """A fact row by its primary key."""

    lead_no: int
    row_no: int

    @property
    def name(self) -> str:
        """The event_id of the row, if its sender gave none."""
        return f"{PREFIX}{self.lead_no}-{self.row_no}"


def named_row(event_id: str) -> RowPlace | None:
    """The row that an event_id of ours names; None for any other id."""
    match = _FORM.fullmatch(event_id)
    return None if match is None else RowPlace(int(match[1]), int(match[2]))


@dataclass(frozen=True)
class EventNames:
    """The events of one lead's rows.

    change_keys: row_no of an attribute change -> the key of its event. given: row numbers by table -> the senders' ids
    of those rows that have one. interaction_ids: row_no -> id of an interaction that has one. are_known: `given` has
    the ids of all rows, whatever their numbers.
    """

    lead_no: int
    change_keys: Mapping[int, bytes]
    given: Callable[[Mapping[str, Sequence[int]]], Mapping[int, str]]
    interaction_ids: Callable[[Sequence[int]], Mapping[int, str]] = lambda numbers: {}
    are_known: bool = False

    def of_tables(self, numbers: Mapping[str, Sequence[int]]) -> dict[int, str]:
        """row_no -> event_id of these rows, by table; no two rows of the store have one number."""
        return self._named(self.given(numbers), chain.from_iterable(numbers.values()))

    def of_rows(self, numbers: Sequence[int]) -> dict[int, str]:
        """row_no -> event_id of these rows, if the names of all are known."""
        return self._named(self.given({}), numbers)

    def _named(self, given: Mapping[int, str], numbers: Iterable[int]) -> dict[int, str]:
        own = f"{PREFIX}{self.lead_no}-"  # as RowPlace.name
        return {number: given.get(number) or f"{own}{number}" for number in numbers}


def event_names(
    connection: Connection, lead_no: int, has_changes: bool = True, is_small: bool = False
) -> EventNames:
    """The events of a lead's rows, read on demand; has_changes: of attributes; is_small: it has FEW_ROWS at most."""
    keys: dict[int, bytes] = dict(_CHANGE_KEYS.rows(connection, lead_no=lead_no)) if has_changes else {}
    read = _all_names if is_small else _given_names
    given, ids = (partial(one, connection, lead_no) for one in (read, _interaction_ids))
    return EventNames(lead_no, keys, given, ids, is_small)


def read_names(connection: Connection, rows: LeadRows) -> EventNames:
    """The events of the one lead in `rows`, read on demand."""
    has_changes = bool(len(rows.tables[db.attribute_changes.name][LEAD_NO]))
    is_small = sum(len(rows.tables[table.name][LEAD_NO]) for table in db.FACTS) <= FEW_ROWS
    return event_names(connection, rows.leads[0].lead_no, has_changes, is_small)


def names_of(lead_no: int, change_keys: Mapping[int, bytes], given: Mapping[int, str]) -> EventNames:
    """The events of a lead's rows that were read with the rows; given: row_no -> the sender's id."""
    return EventNames(lead_no, change_keys, lambda _numbers: given, are_known=True)


def _all_names(connection: Connection, lead_no: int, _numbers: Mapping[str, Sequence[int]]) -> dict[int, str]:
    return dict(_ALL_NAMES.rows(connection, lead_no=lead_no))


def _given_names(
    connection: Connection, lead_no: int, numbers: Mapping[str, Sequence[int]]
) -> dict[int, str]:
    if not any(numbers.values()):
        return {}
    lists = {table.name: numbers.get(table.name, ()) for table in db.FACTS}
    return dict(_NAMES.rows(connection, lead_no=lead_no, **lists))


def _interaction_ids(connection: Connection, lead_no: int, numbers: Sequence[int]) -> Mapping[int, str]:
    rows = _INTERACTION_IDS.rows(connection, lead_no=lead_no, some=list(numbers))
    return {row_no: interaction_id for row_no, interaction_id in rows if interaction_id is not None}
