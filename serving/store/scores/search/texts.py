"""The texts of all open scored leads in memory, as one of the store's processes searches them.

A million texts of 85 bytes take 110 MB and are searched in 4 to 26 ms; in the database the same took 350 to 720. Texts
follow the store by the changes that it notes (serving/store/scores/search/changes.py), and stay while it changes.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, func, select

from history.base.arrays import Bytes, Ints
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery, in_parts
from serving.store.scores.search.changes import Mark, changed_since, mark_now
from serving.store.scores.search.kernel import rows_with

MOST_LEADS: Final = 3_000_000  # in memory: about 330 MB
LEADS_PER_PAGE: Final = 10_000
LEADS_PER_QUERY: Final = 500
# Texts that were added or removed since all were read, as a share of them, after which all are read again.
MOST_CHANGED: Final = 0.25
LEAST_CHANGED: Final = 10_000
NO_GROUP: Final = 0  # of rows whose lead is gone; groups count from 1

_COLUMNS = select(db.scores.c.lead_no, db.scores.c.group_no, db.scores.c.search)
_IS_OPEN = db.scores.c.group_no.is_not(None)
_ALL = PreparedQuery(
    _COLUMNS.where(_IS_OPEN, db.scores.c.lead_no > bindparam("after"))
    .order_by(db.scores.c.lead_no)
    .limit(bindparam("count"))
    .offset(bindparam("skipped"))
)
_SOME = PreparedQuery(_COLUMNS.where(_IS_OPEN), among=db.scores.c.lead_no)
_OPEN_LEADS = PreparedQuery(select(func.sum(db.worklist_groups.c.leads)))

Number = TypeVar("Number", bound=np.generic)
Text = tuple[int, bytes]  # group_no and searched text of a lead


@dataclass
class _Held:
    """The rows of all leads: row i is text[starts[i]:starts[i + 1]] of the lead number[i] in the group group[i].

    Arrays have room for further rows. The first `ordered` rows ascend by lead; `later` has the places of the others.
    """

    mark: Mark
    text: Bytes
    starts: Ints
    number: Ints
    group: Ints
    rows: int
    ordered: int
    rarity: Ints  # (256,): how often each byte occurs
    later: dict[int, int] = field(default_factory=dict)
    changed: int = 0

    @property
    def end(self) -> int:
        return int(self.starts[self.rows])

    def row_of(self, lead_no: int) -> int | None:
        """The row of a lead that is not gone."""
        row = self.later.get(lead_no)
        if row is None:
            row = int(np.searchsorted(self.number[: self.ordered], lead_no))
            if row == self.ordered or self.number[row] != lead_no or self.group[row] == NO_GROUP:
                return None
        return row

    def update(self, numbers: Collection[int], texts: Mapping[int, Text]) -> None:
        """Takes over the texts of leads that changed; those without one are gone."""
        for lead_no in numbers:
            row, new = self.row_of(lead_no), texts.get(lead_no)
            if row is not None and new is not None and self._text(row) == new[1]:
                self.group[row] = new[0]
                continue
            if row is not None:
                self._remove(row)
            if new is not None:
                self._add(lead_no, *new)

    def _text(self, row: int) -> bytes:
        return self.text[self.starts[row] : self.starts[row + 1]].tobytes()

    def _remove(self, row: int) -> None:
        """The place stays, its bytes do not: the lead may have been erased."""
        self.text[self.starts[row] : self.starts[row + 1]] = 0
        self.group[row] = NO_GROUP
        self.later.pop(int(self.number[row]), None)
        self.changed += 1

    def _add(self, lead_no: int, group_no: int, text: bytes) -> None:
        row, end = self.rows, self.end + len(text)
        if row == len(self.number):
            self.number, self.group, self.starts = map(_longer, (self.number, self.group, self.starts))
        while end > len(self.text):
            self.text = _longer(self.text)
        self.text[end - len(text) : end] = np.frombuffer(text, dtype=np.uint8)
        self.number[row], self.group[row], self.starts[row + 1] = lead_no, group_no, end
        self.later[lead_no] = row
        self.rows += 1
        self.changed += 1

    def with_text(self, needle: bytes, groups: Collection[int] | None) -> Ints:
        """The leads of these groups, None for all, whose text has the needle, ascending."""
        wanted = np.zeros(int(self.group[: self.rows].max(initial=NO_GROUP)) + 1, dtype=np.bool_)
        if groups is None:
            wanted[NO_GROUP + 1 :] = True
        else:
            wanted[[group_no for group_no in groups if group_no < len(wanted)]] = True
        found = np.empty(self.rows, dtype=np.int64)
        searched = np.frombuffer(needle, dtype=np.uint8)
        rarest = np.argsort(self.rarity[searched], kind="stable")
        rare = int(rarest[0]), int(rarest[min(1, len(needle) - 1)])
        rows = self.text[: self.end], self.starts[: self.rows + 1], self.group[: self.rows]
        count = rows_with(*rows, wanted, searched, rare, found)
        numbers = self.number[found[:count]]
        return np.sort(numbers) if self.later else numbers


class SearchTexts:
    """The texts in this process, read at the first search. Threads take turns."""

    def __init__(self) -> None:
        self._held: _Held | None = None
        self._lock = threading.Lock()

    def find(self, connection: Connection, q: str, groups: Collection[int] | None) -> Ints | None:
        """lead_no of the open leads of these groups, None for all, whose text has q, ascending.

        Returns None in a store of more than MOST_LEADS open leads, which is searched without this.
        """
        with self._lock:
            held = self._current(connection)
            if held is None:
                return None
            return held.with_text(q.casefold().encode(), groups)

    def follow(self, connection: Connection) -> None:
        """Takes over what changed, such as an erasure, if texts are held."""
        with self._lock:
            if self._held is not None:
                self._current(connection)

    def _current(self, connection: Connection) -> _Held | None:
        """The rows as the connection sees them, or as another one saw them later."""
        now = mark_now(connection)
        changed = None if self._held is None else changed_since(connection, self._held.mark, now)
        if self._held is not None and changed is not None:
            if not changed:
                return self._held
            if self._held.changed + len(changed) <= max(LEAST_CHANGED, MOST_CHANGED * self._held.rows):
                self._held.update(changed, _texts_of(connection, list(changed)))
                self._held.mark = now
                return self._held
        self._held = None  # before the new rows need their memory
        if int(_OPEN_LEADS.rows(connection)[0][0] or 0) <= MOST_LEADS:
            self._held = _read_all(connection, now)
        return self._held


def _longer(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    return np.concatenate([array, np.zeros(max(1_000, len(array) // 8), dtype=array.dtype)])


def _texts_of(connection: Connection, numbers: Sequence[int]) -> dict[int, Text]:
    texts = {}
    for part in in_parts(numbers, LEADS_PER_QUERY):
        for lead_no, group_no, text in _SOME.rows(connection, some=part):
            texts[lead_no] = (group_no, text.encode())
    return texts


def _read_all(connection: Connection, mark: Mark) -> _Held:
    text, numbers, groups, lengths = bytearray(), [], [], []
    for page in _pages(connection):
        of_page = [text.encode() for _, _, text in page]
        text += b"".join(of_page)
        lengths.append(np.fromiter(map(len, of_page), dtype=np.int64, count=len(page)))
        numbers.append(np.array([lead_no for lead_no, _, _ in page], dtype=np.int64))
        groups.append(np.array([group_no for _, group_no, _ in page], dtype=np.int64))
    nothing = np.zeros(0, dtype=np.int64)
    number, group = np.concatenate([nothing, *numbers]), np.concatenate([nothing, *groups])
    starts = np.concatenate([[0], np.cumsum(np.concatenate([nothing, *lengths]))]).astype(np.int64)
    held = np.frombuffer(text, dtype=np.uint8)
    rarity = np.bincount(held[: LEADS_PER_PAGE * 100], minlength=256)
    return _Held(mark, held, starts, number, group, len(number), len(number), rarity)


def _pages(connection: Connection) -> Iterator[Sequence[tuple[int, int, str]]]:
    after = 0
    while page := _ALL.rows(connection, after=after, count=LEADS_PER_PAGE, skipped=0):
        yield page
        after = page[-1][0]
