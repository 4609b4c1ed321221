"""The worklist: open leads in an order, filtered and paged by key, and what the selection is expected to bring."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, func, select

from history.base.arrays import Ints
from history.config.config import FunnelConfig
from history.config.display import leads_per_owner
from serving.store import schema as db
from serving.store.config import stored_view
from serving.store.cursors import read_cursor, write_cursor
from serving.store.errors import InvalidCursor
from serving.store.scores.saved import WEEK_US, outdated
from serving.store.scores.search.texts import SearchTexts
from serving.store.scores.worklist.entries import COLUMNS, ReadingTime, Shown, entries_of
from serving.store.scores.worklist.kept import KeptFigures, versions_now
from serving.store.scores.worklist.needed import Attended, needed
from serving.store.scores.worklist.neighbours import Listed, Neighbours, neighbours
from serving.store.scores.worklist.paging import Counts, page_keys
from serving.store.scores.worklist.searched import (
    FEW,
    NOT_MANY,
    are_among,
    count_found_before,
    searched_page,
)
from serving.store.scores.worklist.selection import (
    Filters,
    WorklistQuery,
    asleep_at,
    base_now,
    count_of,
    count_of_groups,
    group_numbers,
    groups_of,
    is_before,
    order_key,
    page_of,
    selected,
)
from serving.store.scores.worklist.summary import best_of, expected_by_code, expected_of, expected_of_groups

MOST_FOUND: Final = 4  # searches whose leads are kept: up to all leads each
Value = TypeVar("Value")


@dataclass(frozen=True)
class Page:
    """Entries of one page at now_us, the cursor of the next, None on the last, and the number of leads on all pages.

    per_owner: the leads of one owner that need attention at most.
    """

    shown: Sequence[Shown]
    next_cursor: str | None
    total: int
    now_us: int = 0
    per_owner: int = 0

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries as the API gives them."""
        return [shown.entry for shown in self.shown]


class _Selection(NamedTuple):
    """Conditions of a query's filters, and the leads that its search finds with all filters, None without a search.

    Leads that are found are their own conditions, unless they are many.
    """

    conditions: Sequence[ColumnElement[bool]]
    found: Ints | None


_WHOLE: Final = _Selection((), None)


class _Reading:
    """The state of one read: the connection, the time, the version of the stored scores."""

    def __init__(self, connection: Connection, time: ReadingTime) -> None:
        self.connection = connection
        self.time = time
        self.versions = versions_now(connection)


class Worklist:
    """The worklists of one process. Totals, summaries and attention are kept until the stored scores change."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._figures, self._found = KeptFigures(), KeptFigures(MOST_FOUND)
        self._texts = SearchTexts()
        self._erasures: str | None = None

    def page(self, connection: Connection, query: WorklistQuery, config: FunnelConfig | None = None) -> Page:
        """Open scored leads in the query's order, highest first.

        Ties are in order of arrival, newest first: over all pages, each lead that keeps its score occurs exactly once.
        config: the model's, for what the folder loaded last does not set.
        """
        reading = self._reading(connection, config)
        attended = self._attended(reading)
        selection = self._selection(reading, query.filters)
        total = self._total(reading, query.filters, selection)
        rows = _rows(reading, query, selection, Counts(total, self._total(reading, Filters(), _WHOLE)))
        shown = entries_of(connection, rows[: query.limit], reading.time, attended)
        about = reading.time.now_us, reading.time.per_owner
        if len(rows) <= query.limit:
            return Page(shown, None, total, *about)
        last = rows[query.limit - 1]
        cursor = write_cursor(query.cursor_order, last["key"], last["lead_no"])
        return Page(shown, cursor, total, *about)

    def count_before(
        self, connection: Connection, query: WorklistQuery, config: FunnelConfig | None = None
    ) -> int:
        """The number of leads on the pages before that of the query."""
        if query.after is None:
            return 0
        reading = self._reading(connection, config)
        selection = self._selection(reading, query.filters)
        key = order_key(query, _exact_change(reading, query))
        if selection.found is not None:
            return count_found_before(connection, query, key, selection.found)
        return _count(connection, [*selection.conditions, is_before(query, key)])

    def summary(
        self,
        connection: Connection,
        query: WorklistQuery,
        capacity: int | None = None,
        config: FunnelConfig | None = None,
    ) -> dict[str, Any]:
        """What the selected leads are expected to bring, by value, and with `capacity` what the first ones bring."""
        reading = self._reading(connection, config)
        key = ("summary", query.filters, query.cursor_order, capacity)
        record: dict[str, Any] = self._kept(reading, key, lambda: self._summary(reading, query, capacity))
        return record

    def around(
        self,
        connection: Connection,
        query: WorklistQuery,
        lead_id: str,
        config: FunnelConfig | None = None,
    ) -> Neighbours:
        """The leads before and after one in the query's order, and its place."""
        reading = self._reading(connection, config)
        selection = self._selection(reading, query.filters)
        total = self._total(reading, query.filters, selection)
        key = order_key(query, _exact_change(reading, query))
        return neighbours(connection, Listed(query, key, selection.conditions, total), lead_id)

    def shown(self, connection: Connection, lead_id: str, config: FunnelConfig | None = None) -> Shown | None:
        """The entry and next step of one open lead; None without one."""
        reading = self._reading(connection, config)
        statement = _entry_columns(reading).join(db.leads, db.leads.c.lead_no == db.scores.c.lead_no)
        is_lead = (db.leads.c.lead_id == lead_id) & (db.scores.c.is_open == 1)
        rows = list(map(dict, connection.execute(statement.where(is_lead)).mappings()))
        shown = entries_of(connection, rows, reading.time, self._attended(reading))
        return shown[0] if shown else None

    def _summary(self, reading: _Reading, query: WorklistQuery, capacity: int | None) -> dict[str, Any]:
        record: dict[str, Any] = self._kept(
            reading, ("sums", query.filters), lambda: self._sums(reading, query.filters)
        )
        if capacity is None:
            return record
        first = replace(query, after=None, limit=capacity)
        key = order_key(first, _exact_change(reading, first))
        conditions = self._selection(reading, query.filters).conditions
        columns = select(db.scores.c.probability, db.scores.c.revenue_rank).where(*conditions)
        best = best_of(reading.connection, page_of(first, key, columns), record, capacity)
        return {**record, "capacity": best}

    def _total(self, reading: _Reading, filters: Filters, selection: _Selection) -> int:
        """The number of leads that filters match; filters without values do without a selection."""
        if selection.found is not None:
            return len(selection.found)
        make = partial(_count_matching, reading, filters, selection.conditions)
        return self._kept(reading, ("total", filters), make)

    def _selection(self, reading: _Reading, filters: Filters) -> _Selection:
        codes = self._attended(reading).codes if filters.attention else {}
        conditions = _conditions(filters, codes, reading.time.now_us)
        found = self._matches(reading, filters, codes) if filters.q else None
        if found is not None and len(found) <= NOT_MANY:
            conditions = are_among(reading.connection, found.tolist())
        return _Selection(conditions, found)

    def _matches(self, reading: _Reading, filters: Filters, codes: Mapping[int, str]) -> Ints | None:
        """The leads that filters with a search match, ascending; None if the search is left to the database."""
        make = partial(_matches, self._texts, reading, filters, codes)
        return self._found.get(filters, reading.versions, reading.time.now_us, make)

    def _sums(self, reading: _Reading, filters: Filters) -> dict[str, Any]:
        codes, connection = self._attended(reading).codes, reading.connection
        conditions = self._selection(reading, filters).conditions
        snoozed = _conditions(replace(filters, snoozed=True), codes, reading.time.now_us)
        if _is_by_value(filters):
            record = expected_of_groups(connection, groups_of(filters), snoozed)
        else:
            record = expected_of(connection, conditions)
        # Snoozed leads need nobody's attention.
        needing = codes if filters == Filters() else _among(connection, conditions, codes)
        by_attention = expected_by_code(connection, needing)
        return {
            **record,
            "snoozed": _count(connection, snoozed),
            "by": {**record["by"], "attention": by_attention},
        }

    def _reading(self, connection: Connection, config: FunnelConfig | None) -> _Reading:
        used = stored_view(connection) or config or FunnelConfig()
        time = ReadingTime(self._now_us(), used.zone, leads_per_owner(used.display))
        reading = _Reading(connection, time)
        if reading.versions.erasures != self._erasures:
            self._texts.follow(connection)  # an erased text leaves the memory too
            self._erasures = reading.versions.erasures
        return reading

    def _attended(self, reading: _Reading) -> Attended:
        connection, time = reading.connection, reading.time
        return self._kept(
            reading,
            ("attention", time.per_owner),
            lambda: needed(connection, time.now_us, time.per_owner),
        )

    def _kept(self, reading: _Reading, key: Hashable, make: Callable[[], Value]) -> Value:
        return self._figures.get(key, reading.versions, reading.time.now_us, make)


def _matches(
    texts: SearchTexts, reading: _Reading, filters: Filters, codes: Mapping[int, str]
) -> Ints | None:
    connection = reading.connection
    groups = list(connection.execute(group_numbers(filters)).scalars()) if filters.has_values else None
    found = texts.find(connection, filters.q or "", groups)
    if found is None:
        return None
    asleep = np.isin(found, list(connection.execute(asleep_at(reading.time.now_us)).scalars()))
    found = found[asleep if filters.snoozed else ~asleep]
    if filters.attention:
        chosen = [lead_no for lead_no, code in codes.items() if code in filters.attention]
        found = found[np.isin(found, chosen)]
    return found


def _conditions(filters: Filters, codes: Mapping[int, str], now_us: int) -> list[ColumnElement[bool]]:
    chosen: Collection[int] | None = None
    if filters.attention:
        chosen = [lead_no for lead_no, code in codes.items() if code in filters.attention]
    return selected(filters, chosen, now_us)


def _rows(reading: _Reading, query: WorklistQuery, selection: _Selection, counts: Counts) -> list[Any]:
    """The rows of one page and one more, if there is one.

    The numbers of the leads come first: a sort then carries no records.
    """
    exact_change = _exact_change(reading, query)
    key, lead_no = order_key(query, exact_change), db.scores.c.lead_no
    if selection.found is not None and (exact_change is None or len(selection.found) <= FEW):
        keys = searched_page(reading.connection, query, key, selection.found)
    else:
        keys = page_keys(reading.connection, query, key, selection.conditions, counts)
    statement = _entry_columns(reading).where(lead_no.in_(list(keys)))
    rows = {row["lead_no"]: row for row in reading.connection.execute(statement).mappings()}
    return [{**rows[lead_no], "key": value} for lead_no, value in keys.items()]


def _is_by_value(filters: Filters) -> bool:
    """True if the kept counts of groups tell how many leads match, but for snoozed ones."""
    return not (filters.q or filters.attention or filters.snoozed)


def _count_matching(reading: _Reading, filters: Filters, conditions: Sequence[ColumnElement[bool]]) -> int:
    if not _is_by_value(filters):
        return _count(reading.connection, conditions)
    of_groups = int(reading.connection.execute(count_of_groups(filters)).scalar() or 0)
    asleep = _conditions(replace(filters, snoozed=True), {}, reading.time.now_us)
    return of_groups - _count(reading.connection, asleep)


def _entry_columns(reading: _Reading) -> Select[Any]:
    """What entries are made of."""
    now_us = reading.time.now_us
    base = base_now(now_us, now_us - WEEK_US).label("base")
    return select(*COLUMNS, base, db.score_records.c.record).join_from(
        db.scores, db.score_records, db.scores.c.lead_no == db.score_records.c.lead_no
    )


def _exact_change(reading: _Reading, query: WorklistQuery) -> ColumnElement[Any] | None:
    """The change computed for every lead, if the order needs it and time has outdated a stored one."""
    if query.order != "change":
        return None
    if reading.connection.execute(outdated(reading.time.now_us).limit(1)).first() is None:
        return None
    now_us, probability = reading.time.now_us, db.scores.c.probability
    base = base_now(now_us, now_us - WEEK_US)
    return probability - func.coalesce(base, probability)


def _count(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    return int(connection.execute(count_of(conditions)).scalar() or 0)


def _among(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], codes: Mapping[int, str]
) -> dict[int, str]:
    """The codes of the leads that meet the conditions."""
    lead_no = db.scores.c.lead_no
    query = select(lead_no).where(*conditions, lead_no.in_(sorted(codes)))
    return {number: codes[number] for number in connection.execute(query).scalars()}


def read_worklist_cursor(text: str, order: str) -> tuple[float, int]:
    """The key in a worklist's cursor. Raises InvalidCursor, also for the cursor of another order."""
    cursor_order, value, lead_no = read_cursor(text, (str, float, int))
    if cursor_order != order:
        raise InvalidCursor
    return value, lead_no


def all_pages(read: Callable[[WorklistQuery], Page], query: WorklistQuery) -> Iterator[Page]:
    """Each page of a worklist."""
    page = read(query)
    yield page
    while page.next_cursor is not None:
        after = read_worklist_cursor(page.next_cursor, query.cursor_order)
        page = read(replace(query, after=after))
        yield page
